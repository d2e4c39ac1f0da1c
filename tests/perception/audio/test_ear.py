from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from omnilive.core.events import AudioChunk, Percept
from omnilive.perception.audio.ear import Ear, EarConfig, EarState, NoVAD
from omnilive.perception.audio.segment import SegmenterConfig, Utterance
from omnilive.perception.continuation import Continuation
from tests.fakes import RATE_HZ, FakeSounds, FakeVAD, ScriptedVAD
from tests.story import Line, speak

CONFIG = EarConfig(segmenter=SegmenterConfig(max_utterance_s=5.0))


def chunks(
    pcm: np.ndarray, sizes: Sequence[int] = (1600,), start_s: float = 0.0
) -> Iterator[AudioChunk]:
    """Cut (S,) samples into pieces of these sizes; the sizes repeat."""
    at = turn = 0
    while at < len(pcm):
        size = sizes[turn % len(sizes)]
        yield AudioChunk(t=start_s + at / RATE_HZ, pcm=pcm[at : at + size], rate_hz=RATE_HZ)
        at, turn = at + size, turn + 1


def hear(
    ear: Ear, pieces: Iterator[AudioChunk], state: EarState | None = None
) -> list[Utterance | Percept]:
    state = state or ear.init_state()
    out: list[Utterance | Percept] = []
    for piece in pieces:
        out += ear.step(piece, state)
        ear.open_utterance(state)
    return out + ear.end(state)


def utterances(found: list[Utterance | Percept]) -> list[Utterance]:
    return [item for item in found if isinstance(item, Utterance)]


def sounds(found: list[Utterance | Percept]) -> list[Percept]:
    return [item for item in found if isinstance(item, Percept)]


def some_speech(seconds: float = 30.0) -> np.ndarray:
    """Probabilities as samples: speech, pauses, clicks and more than five seconds on end."""
    rng = np.random.default_rng(1)
    spans = [(1.0, 2.5), (2.9, 3.1), (5.0, 5.1), (7.0, 19.0), (21.0, 21.9), (29.0, 30.0)]
    pcm = rng.uniform(0, 0.2, round(seconds * RATE_HZ))
    for start_s, end_s in spans:
        a, b = round(start_s * RATE_HZ), round(end_s * RATE_HZ)
        steps = np.repeat(rng.uniform(0.5, 1.0, (b - a) // 256 + 1), 256)[: b - a]
        pcm[a:b] = steps
    return pcm.astype(np.float32)


@pytest.mark.parametrize("sizes", [(1600,), (512,), (160, 3000, 1), (7777,), (40000, 300)])
def test_chunked_equals_whole(sizes: tuple[int, ...]) -> None:
    pcm, ear = some_speech(), Ear(CONFIG, ScriptedVAD(), None)
    whole = utterances(hear(ear, chunks(pcm, (len(pcm),))))
    assert len(whole) >= 5
    pieces = utterances(hear(ear, chunks(pcm, sizes)))
    for a, b in zip(pieces, whole, strict=True):
        assert (a.number, a.start_s, a.end_s) == pytest.approx((b.number, b.start_s, b.end_s))
        np.testing.assert_array_equal(a.pcm, b.pcm)


@pytest.mark.parametrize("sizes", [(800,), (4800,), (12000,)])
def test_sounds_are_the_same_on_any_grid_that_fits(sizes: tuple[int, ...]) -> None:
    pcm, ear = loud_music(6.0, 14.0, 30.0), Ear(CONFIG, FakeVAD(), FakeSounds())
    expected = [p.as_json() for p in sounds(hear(ear, chunks(pcm)))]
    assert [p.as_json() for p in sounds(hear(ear, chunks(pcm, sizes)))] == expected


def test_utterances_hold_the_sound_of_their_time() -> None:
    pcm, start_s = speak([Line(1.0, "alpha bravo"), Line(3.0, "charlie")], 5.0), 100.0
    ear = Ear(CONFIG, FakeVAD(), None)
    for said in utterances(hear(ear, chunks(pcm, start_s=start_s))):
        first = round((said.start_s - start_s) * RATE_HZ)
        np.testing.assert_array_equal(said.pcm, pcm[first : first + len(said.pcm)])


def test_a_hole_in_time_ends_the_utterance() -> None:
    pcm, ear = np.full(2 * RATE_HZ, 0.9, np.float32), Ear(CONFIG, ScriptedVAD(), None)
    state = ear.init_state()
    before = [u for c in chunks(pcm) for u in ear.step(c, state)]
    assert before == [] and ear.open_utterance(state) is not None
    later = AudioChunk(t=50.0, pcm=pcm[:1600], rate_hz=RATE_HZ)
    (ended,) = utterances(ear.step(later, state))
    assert (ended.start_s, ended.end_s) == pytest.approx((0.0, 1.984))
    open_one = ear.open_utterance(state)
    assert open_one is not None and open_one.start_s == 50.0 and open_one.number == 1


def test_jitter_is_no_hole() -> None:
    pcm, ear = np.full(2 * RATE_HZ, 0.9, np.float32), Ear(CONFIG, ScriptedVAD(), None)
    jittery = [
        AudioChunk(t=c.t + 0.01 * (i % 3), pcm=c.pcm, rate_hz=RATE_HZ)
        for i, c in enumerate(chunks(pcm))
    ]
    assert len(utterances(hear(ear, iter(jittery)))) == 1


@pytest.mark.parametrize("shift", [0, 90, 170, 333, 480])
def test_settled_time_never_runs_ahead_of_an_utterance(shift: int) -> None:
    pcm, ear = some_speech()[shift:], Ear(CONFIG, ScriptedVAD(), None)
    state, settled_t = ear.init_state(), -1e9
    for chunk in chunks(pcm):
        for said in utterances(ear.step(chunk, state)):
            assert said.start_s >= settled_t - 1e-9
        settled_t = max(settled_t, ear.settled_t(state))
        assert settled_t <= chunk.end_t
    assert settled_t > 25


def loud_music(start_s: float, end_s: float, seconds: float) -> np.ndarray:
    pcm = np.zeros(round(seconds * RATE_HZ), np.float32)
    pcm[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] = 0.9
    return pcm


def test_a_sound_begins_and_ends_once_and_where_it_was() -> None:
    ear = Ear(CONFIG, None, FakeSounds())
    found = sounds(hear(ear, chunks(loud_music(6.0, 14.0, 30.0))))
    assert [(p.text, p.final, p.data["event"]) for p in found] == [
        ("music", False, "began"),
        ("music", True, "ended"),
    ]
    assert found[0].data["id"] == found[1].data["id"]
    assert found[0].start_s == pytest.approx(6.0, abs=0.6)
    assert found[1].start_s == found[0].start_s
    assert found[1].end_s == pytest.approx(14.0, abs=0.6)


def test_a_sound_that_is_on_at_the_end_ends_with_it() -> None:
    ear = Ear(CONFIG, None, FakeSounds())
    found = sounds(hear(ear, chunks(loud_music(3.0, 9.0, 9.0))))
    assert [p.final for p in found] == [False, True]
    assert found[1].end_s == pytest.approx(9.0, abs=0.1)


def test_speech_that_music_drowns_is_not_worth_hearing() -> None:
    ear = Ear(CONFIG, FakeVAD(), FakeSounds())
    loud, soft = np.full(RATE_HZ, 0.9, np.float32), np.full(RATE_HZ, 0.1, np.float32)

    def said(pcm: np.ndarray) -> Utterance:
        return Utterance(number=0, start_s=0, end_s=1, pcm=pcm, speech_probability=0.9)

    assert ear.is_worth_hearing(said(soft)) and not ear.is_worth_hearing(said(loud))
    assert Ear(CONFIG, FakeVAD(), None).is_worth_hearing(said(loud))


def test_without_a_vad_there_is_no_speech_but_time_goes_on() -> None:
    ear = Ear(CONFIG, None, None)
    state = ear.init_state()
    for chunk in chunks(np.full(3 * RATE_HZ, 0.9, np.float32)):
        assert ear.step(chunk, state) == []
    assert ear.open_utterance(state) is None
    assert ear.settled_t(state) == pytest.approx(3.0 - CONFIG.segmenter.pad_s, abs=0.02)
    assert ear.end(state) == []
    assert len(state.tail) == 0 and len(NoVAD().step(np.zeros(512), None)) == 0


def test_numbers_go_on_after_a_break() -> None:
    ear = Ear(CONFIG, FakeVAD(), FakeSounds())
    state = ear.init_state(Continuation(next_number=40))
    pcm = loud_music(3.0, 9.0, 15.0)
    found = hear(ear, chunks(pcm), state)
    assert {u.number for u in utterances(found)} <= {40, 41}
    assert {p.data["id"] for p in sounds(found)} == {"sound40"}
