import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from omnilive.dialogue.base import DialogueEvent, Forgot, ResponseDone, SpeechStarted, Transcript
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from omnilive.server.errors import Refusal
from omnilive.server.line import Line, Tee, is_spoken
from omnilive.server.openai.speaker import Speaker
from tests.fakes import RATE_HZ, fake_senses
from tests.made import put, said
from tests.server.client import Api, served, until
from tests.server.webrtc.conftest import SILENT, SPOKEN_S, give_voice
from tests.story import Line as Words
from tests.story import Shot, draw, speak

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


class Recorder(Speaker):
    """An output by the clock that also keeps what was played."""

    def __init__(self, rate_hz: int = 16000) -> None:
        super().__init__(rate_hz)
        self.pcm: list[np.ndarray] = []
        self.calls: list[str] = []

    def play(self, pcm: np.ndarray) -> None:
        self.pcm.append(pcm)
        super().play(pcm)

    def begin(self) -> None:
        self.calls.append("begin")
        super().begin()

    def pause(self) -> None:
        self.calls.append("pause")
        super().pause()

    def resume(self) -> None:
        self.calls.append("resume")
        super().resume()

    def clear(self) -> float:
        self.calls.append("clear")
        return super().clear()

    @property
    def total_s(self) -> float:
        return sum(map(len, self.pcm)) / self.rate_hz


@pytest.fixture
async def api(library: Library) -> AsyncIterator[Api]:
    config = SILENT.model_copy(
        update={"perception": SILENT.perception.model_copy(update={"vad": "silero"})}
    )
    async with served(library, config) as api:
        api.hub.shared._senses = fake_senses()
        give_voice(api)
        await api.session()
        yield api


async def opened(api: Api, label: str = "test", **more: Any) -> tuple[Line, Recorder, list[Any]]:
    told: list[DialogueEvent] = []
    output = Recorder()
    asked: dict[str, Any] = {"has_video": True, "has_audio": True, **more}
    line = await Line.open(api.hub, "s", label=label, output=output, tell=told.append, **asked)
    return line, output, told


async def say(line: Line, words: str) -> None:
    """Speak as a microphone does, with a second of silence after it."""
    pcm = speak([Words(0.2, words)], Words(0.2, words).end_s + 1.2)
    for piece in np.array_split(pcm, max(1, len(pcm) // 1600)):
        line.source.push_audio(piece, RATE_HZ)
        await asyncio.sleep(len(piece) / RATE_HZ)


async def test_what_a_caller_says_and_shows_is_remembered_and_answered(api: Api) -> None:
    line, output, told = await opened(api)
    line.source.push_picture(draw(Shot(0.0, 60, (("red", 0.1),))))
    await say(line, "alpha bravo charlie")
    await until(lambda: any(isinstance(e, Transcript) for e in told))
    assert any(isinstance(e, SpeechStarted) for e in told)
    await until(lambda: any(isinstance(e, ResponseDone) for e in told))
    done = next(e for e in told if isinstance(e, ResponseDone))
    assert (done.status, done.reason) == ("completed", "turn") and done.text
    assert output.total_s >= SPOKEN_S - 0.1
    await line.close()
    await api.at_rest("/s")
    timeline = await api.json("/s/timeline")
    text = str(timeline["moments"])
    assert "alpha bravo charlie" in text and "car" in text
    turns = [entry.body for entry in await api.hub.read("s", Store.log_of, "turn")]
    assert [turn["role"] for turn in turns] == ["user", "assistant"]
    assert {turn["line"] for turn in turns} == {"test"} and turns[0]["spoken"]


async def test_closing_frees_everything_and_may_be_done_twice(api: Api) -> None:
    line, _, _ = await opened(api)
    assert api.hub.lines.at("s", line.source_id) is line
    pipeline = line.pipeline
    await asyncio.gather(line.close(), line.close())
    assert line.ended.is_set() and not api.hub.lines.open
    assert not pipeline.voice_listeners and not pipeline.speech_listeners
    assert api.hub.listener_count == 0
    await api.at_rest("/s")


async def test_a_call_in_progress_forgets_too(api: Api) -> None:
    line, output, told = await opened(api)
    line.source.push_picture(draw(Shot(0.0, 60, (("red", 0.1),))))
    await until(lambda: line.pipeline.newest is not None)
    line.conversation.respond("What was said?")
    await until(lambda: output.pending_s > 0)
    await until(lambda: line.pipeline.now_t > 1.0)
    response = await api.delete("/s/memory?start_s=0&end_s=1000")
    assert response.status_code == 200
    await until(lambda: any(isinstance(e, Forgot) for e in told))
    assert output.pending_s == 0 and line.pipeline.newest is None
    await line.close()
    turns = [entry.body for entry in await api.hub.read("s", Store.log_of, "turn")]
    assert [turn["role"] for turn in turns if turn["role"] == "assistant"] == []


async def test_who_only_types_is_at_the_present_of_the_session(api: Api) -> None:
    await api.hub.read("s", lambda store: put(store, said("long ago", 3600)))
    line, _, told = await opened(api)
    assert line.pipeline.now_t == pytest.approx(line.source.now_t, abs=0.5)
    line.conversation.respond("What was said?")
    await until(lambda: any(isinstance(e, ResponseDone) for e in told))
    await line.close()
    turns = [entry.body for entry in await api.hub.read("s", Store.log_of, "turn")]
    assert turns and all(turn["start_s"] >= 3600 for turn in turns)


async def test_two_lines_have_a_conversation_each(api: Api) -> None:
    (one, heard, _), (two, other, _) = await opened(api, "one"), await opened(api, "two")
    one.conversation.respond("What was said?")
    await until(lambda: heard.total_s > 0)
    assert other.total_s == 0
    await one.close()
    assert api.hub.lines.at("s", two.source_id) is two
    await two.close()
    await api.at_rest("/s")


async def test_stopping_the_source_ends_the_line(api: Api) -> None:
    line, _, _ = await opened(api)
    assert (await api.delete(f"/s/sources/{line.source_id}")).status_code == 204
    assert line.ended.is_set()
    await line.close()


async def test_a_line_on_no_session_is_refused(api: Api) -> None:
    with pytest.raises(Refusal) as caught:
        await Line.open(
            api.hub, "nobody", label="x", has_video=True, has_audio=True, output=Recorder(),
            tell=lambda event: None,
        )  # fmt: skip
    assert caught.value.status == 404 and not api.hub.lines.open


async def test_without_voice_and_turn_model_a_line_works(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omnilive.core.errors import BackendError
    from omnilive.server import shared

    def fails(config: Any) -> None:
        raise BackendError("not here")

    monkeypatch.setattr(shared, "_load_voice", fails)
    monkeypatch.setattr(shared, "_load_end_of_turn", fails)
    api.hub.shared._has_voice = api.hub.shared._has_end_of_turn = False
    api.hub.shared._voice = None
    line, output, told = await opened(api)
    line.conversation.respond("What was said?")
    await until(lambda: any(isinstance(e, ResponseDone) for e in told))
    assert output.total_s == 0
    await line.close()


ALERT = {"seq": 1, "t": 1.0, "type": "alert", "watch": "w", "text": "A dog came in.",
         "urgency": "normal", "to": ["voice", "page"]}  # fmt: skip


async def test_an_alert_is_said_aloud_on_every_line(api: Api) -> None:
    (one, first, told), (two, second, _) = await opened(api, "one"), await opened(api, "two")
    for listener in list(api.hub._listeners["s"]):
        listener(ALERT)
    await until(lambda: first.total_s > 0 and second.total_s > 0)
    await until(lambda: any(isinstance(e, ResponseDone) for e in told))
    done = next(e for e in told if isinstance(e, ResponseDone))
    assert (done.text, done.watch, done.reason) == ("A dog came in.", "w", "proactive")
    await one.close()
    await two.close()


@pytest.mark.parametrize(
    ("change", "spoken"),
    [
        ({}, True),
        ({"urgency": "high"}, True),
        ({"urgency": "low"}, False),
        ({"to": ["page"]}, False),
        ({"to": []}, False),
    ],
)
def test_which_alerts_are_said_aloud(change: dict[str, Any], spoken: bool) -> None:
    assert is_spoken({**ALERT, **change}) is spoken


def test_those_who_listen_in_hear_the_same_at_their_own_rate() -> None:
    main, other = Recorder(16000), Recorder(48000)
    others: list[Any] = [other]
    tee = Tee(main, lambda: others)
    tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    tee.begin()
    tee.play(tone)
    tee.pause()
    tee.resume()
    assert tee.pending_s == pytest.approx(1.0, abs=0.2)
    assert tee.played_s == pytest.approx(main.played_s, abs=0.1)
    tee.clear()
    assert main.calls == other.calls == ["begin", "pause", "resume", "clear"]
    heard = np.concatenate(other.pcm)
    assert len(heard) == 48000
    assert int(np.abs(np.fft.rfft(heard)).argmax()) == 440
