"""What the engine says over whole streams, counted by hand."""

import numpy as np
import pytest

from omnilive.live.engine import EngineConfig
from omnilive_lab.live.dialogue import Sample, Turn
from omnilive_lab.live.played import Answer, Line, Played, delays, play, played_figures
from tests.live.scripted import TOKENS, WIDTH, ScriptedModel

FPS = 2.0


def stream(
    wanted: list[tuple[float, str]], said: list[tuple[float, str]], *answers: Answer,
    is_quiet: bool = False,
) -> Played:  # fmt: skip
    lines = tuple(Line(t, text) for t, text in wanted), tuple(Line(t, text) for t, text in said)
    return Played(10.0, *lines, answers, is_quiet)


def test_remarks_are_paired_one_to_one_within_the_tolerance() -> None:
    found = played_figures(
        [
            # 2.0 with 2.0, 4.0 with 4.5; 2.5 has nothing left to pair with, nobody remarks on 8.0
            stream([(2.0, "a"), (4.0, "b"), (8.0, "c")], [(2.0, "a"), (2.5, "a"), (4.5, "wrong")]),
        ],
        within_s=0.5,
    )
    assert found["f1"] == pytest.approx(2 * 2 / 6)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["f1_text"] == pytest.approx(2 * 1 / 6)
    # 0, 0.5, and from 8.0 to the end of the stream
    assert found["delay_s"] == pytest.approx((0 + 0.5 + 2.0) / 3)
    assert found["missed_share"] == pytest.approx(1 / 3)


def test_late_remarks_are_not_capped_and_missing_ones_count() -> None:
    late = stream([(2.0, "a"), (7.0, "b")], [(6.0, "a")])
    assert list(delays(late, within_s=0.5)) == [(4.0, False), (3.0, True)]
    early = stream([(2.0, "a"), (7.0, "b")], [(1.5, "a"), (6.5, "b")])
    assert list(delays(early, within_s=0.5)) == [(0.5, False), (0.5, False)]
    never = stream([(2.0, "a"), (7.0, "b")], [])
    assert list(delays(never, within_s=0.5)) == [(5.0, True), (3.0, True)]


def test_quiet_streams_and_answers_are_counted() -> None:
    found = played_figures(
        [
            stream([], [], is_quiet=True),
            stream([], [(3.0, "oh")], is_quiet=True),
            stream([], [], Answer("past", "red", "red"), Answer("present", "two", "three")),
            stream([(1.0, "a")], [(1.0, "a")], Answer("past", "blue", " blue")),
        ],
        within_s=0.5,
    )
    assert found["quiet_share"] == pytest.approx(1 / 2)
    assert found["mute_share"] == pytest.approx(2 / 3)
    assert found["answers_right"] == pytest.approx(2 / 3)
    assert found["answers_right_past"] == 1.0
    assert found["answers_right_present"] == 0.0


def test_nothing_to_measure_is_none() -> None:
    found = played_figures([], within_s=0.5)
    assert set(found.values()) == {None}


def sample(name: str, *turns: Turn, frames: int = 8) -> Sample:
    return Sample(id=name, source="test", licence="CC0-1.0", video="a.mp4", wait=False,
                  duration_s=frames / FPS, turns=turns)  # fmt: skip


def turn(role: str, t: float, text: str, kind: str = "") -> Turn:
    return Turn(role=role, t=t, text=text, kind=kind)  # type: ignore[arg-type]


def features(*frames: tuple[float, int]) -> np.ndarray:
    """One (probability of silence, number of the remark) a frame."""
    found = np.zeros((len(frames), TOKENS, WIDTH), np.float32)
    for i, (p_silent, remark) in enumerate(frames):
        found[i, :, 0], found[i, :, 1] = p_silent, remark
    return found


SAMPLES = [
    sample("talks", turn("user", 0.0, "go"), turn("assistant", 1.3, "it jumps"),
           turn("user", 2.1, "what?", "past"), turn("assistant", 2.1, "a jump")),
    sample("still", turn("user", 0.0, "go"), frames=6),
    sample("asks", turn("user", 1.2, "what?", "past"), turn("assistant", 1.2, "nothing"),
           turn("assistant", 1.9, "it jumps")),
]  # fmt: skip
CALM, JUMPS, SPINS = (0.9, 0), (0.1, 0), (0.1, 1)
FEATURES = [
    features(CALM, CALM, CALM, JUMPS, CALM, CALM, SPINS, CALM),
    features(*[CALM] * 6),
    features(*[CALM] * 4, JUMPS, *[CALM] * 3),
]


@pytest.mark.parametrize("streams", [1, 3])
def test_the_engine_plays_whole_streams(streams: int) -> None:
    model = ScriptedModel(["it jumps", "it spins"], {"what?": "a jump"})
    config = EngineConfig.model_validate(
        {"streams": streams, "policy": {"pause_s": 0.0, "repeat_s": 0.0}, "max_frames": 2}
    )
    played, took_s = play(model, SAMPLES, FEATURES, config, FPS)  # type: ignore[arg-type]
    assert took_s > 0
    talks, still, asks = played
    assert talks.wanted == (Line(1.5, "it jumps"),)  # 1.3 s is up to the frame at 1.5
    assert talks.said == (Line(1.5, "it jumps"), Line(3.0, "it spins"))
    assert talks.answers == (Answer("past", "a jump", "a jump"),)
    assert (still.wanted, still.said, still.end_s) == ((), (), 2.5)
    assert asks.answers == (Answer("past", "nothing", "a jump"),)
    assert asks.wanted == asks.said == (Line(2.0, "it jumps"),)
