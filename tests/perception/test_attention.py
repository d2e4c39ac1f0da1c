"""Pauses are transcribed with care at once, and that transcript is kept when nothing follows."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from omnilive.core.channel import Channel
from omnilive.core.events import AudioChunk, Percept
from omnilive.core.trace import SpanTotals, Tracer
from omnilive.core.worker import Worker
from omnilive.perception.audio.base import Transcript
from omnilive.perception.audio.ear import Ear
from omnilive.perception.audio.voice import Voice
from omnilive.perception.config import EarConfig
from omnilive.perception.continuation import Continuation
from omnilive.perception.stages import Attention, EndUtterance, Progress, listen, transcribe
from tests.fakes import RATE_HZ, ScriptedVAD
from tests.made import percept


@dataclass
class Counting:
    """A recogniser that says how long the sound was that it heard."""

    rate_hz = RATE_HZ
    calls: list[bool] = field(default_factory=list)

    def transcribe(self, pcm: np.ndarray, *, quick: bool = False) -> Transcript:
        self.calls.append(quick)
        return Transcript(text=f"call {len(self.calls)}", language="en", confidence=0.9)


@dataclass
class Heard:
    asr: Counting
    voices: list[Voice]
    told: list[Percept]
    stored: list[Percept]


def perceive(script: str, follow: bool = True) -> Heard:
    return asyncio.run(_perceive(script, follow))


async def _perceive(script: str, follow: bool) -> Heard:
    """Run the two stages over windows (#: speech, .: silence, !: end by hand)."""
    sound: Channel[Any] = Channel("sound", 1000)
    speech: Channel[Any] = Channel("speech", 16)
    percepts: Channel[Any] = Channel("percepts", 1000)
    ear, worker, asr = Ear(EarConfig(), ScriptedVAD(), None), Worker("test"), Counting()
    attention, heard = Attention(), Heard(asr, [], [], [])
    if follow:
        attention.on_voice.append(heard.voices.append)
        attention.on_speech.append(heard.told.append)
    tracer = Tracer(SpanTotals())

    async def feed() -> None:
        t = 0.0
        for char in script:
            if char == "!":
                sound.force(EndUtterance(t=t))
                continue
            pcm = np.full(512, 0.9 if char == "#" else 0.0, np.float32)
            await sound.put(AudioChunk(t=t, pcm=pcm, rate_hz=RATE_HZ))
            t += 512 / RATE_HZ
            await asyncio.sleep(0.002)  # the stages keep up, as when live
            await worker.call(lambda: None)
        await sound.close()

    async with asyncio.TaskGroup() as group:
        group.create_task(feed())
        group.create_task(
            listen(sound, speech, percepts, ear, worker, 0.0, Continuation(), attention)
        )
        group.create_task(
            transcribe(speech, percepts, asr, ear, worker, Progress(), tracer, attention)
        )
    found, _ = await percepts.drain(0)
    heard.stored = [p for p in found if isinstance(p, Percept)]
    worker.close()
    return heard


def test_one_transcription_serves_the_pause_and_the_end():
    heard = perceive("#" * 20 + "." * 30)
    assert heard.asr.calls == [False]
    assert [(p.text, p.final) for p in heard.told] == [("call 1", False), ("call 1", True)]
    assert heard.told[0].data["until_s"] == 20 * 512 / RATE_HZ
    assert "until_s" not in heard.told[1].data


def test_speech_after_the_pause_is_transcribed_again():
    heard = perceive("#" * 20 + "." * 8 + "#" * 10 + "." * 30)
    assert [v.state for v in heard.voices] == ["began", "paused", "resumed", "paused", "ended"]
    assert [(p.text, p.final) for p in heard.told] == [
        ("call 1", False), ("call 2", False), ("call 2", True),
    ]  # fmt: skip


def test_without_followers_a_pause_costs_nothing():
    heard = perceive("#" * 20 + "." * 8 + "#" * 10 + "." * 30, follow=False)
    assert heard.asr.calls == [False]
    assert [(p.text, p.final) for p in heard.stored] == [("call 1", True)]


def test_an_end_by_hand_is_transcribed_at_once():
    heard = perceive("#" * 20 + "!")
    assert [(v.state, v.asked) for v in heard.voices] == [("began", False), ("ended", True)]
    assert [(p.text, p.final) for p in heard.stored] == [("call 1", True)]


def test_an_end_by_hand_after_a_pause_uses_what_was_heard_at_it():
    heard = perceive("#" * 20 + "." * 8 + "!")
    assert heard.asr.calls == [False]
    assert [p.final for p in heard.told] == [False, True]


def test_a_follower_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture):
    attention, heard = Attention(), list[str]()
    attention.on_speech += [lambda _: {}["gone"], lambda _: heard.append("told")]
    attention.speech(percept("speech", "hello", 1.0))
    assert heard == ["told"] and "a follower of the voice failed" in caplog.text


@dataclass
class Slow(Counting):
    """A recogniser that takes its time, until it is told to go on."""

    go_on: threading.Event = field(default_factory=threading.Event)

    def transcribe(self, pcm: np.ndarray, *, quick: bool = False) -> Transcript:
        assert self.go_on.wait(10)
        return super().transcribe(pcm, quick=quick)


async def _interrupt(asr: Slow) -> list[str]:
    """Say two things, the second while the first is still being transcribed."""
    sound: Channel[Any] = Channel("sound", 1000)
    speech: Channel[Any] = Channel("speech", 16)
    percepts: Channel[Any] = Channel("percepts", 1000)
    ear, workers = Ear(EarConfig(), ScriptedVAD(), None), (Worker("ear"), Worker("asr"))
    attention, states = Attention(), list[str]()
    attention.on_voice.append(lambda voice: states.append(voice.state))
    for i, char in enumerate("#" * 20 + "." * 90 + "#" * 20):
        pcm = np.full(512, 0.9 if char == "#" else 0.0, np.float32)
        await sound.put(AudioChunk(t=i * 512 / RATE_HZ, pcm=pcm, rate_hz=RATE_HZ))
    async with asyncio.TaskGroup() as group:
        group.create_task(
            listen(sound, speech, percepts, ear, workers[0], 0.0, Continuation(), attention)
        )
        group.create_task(
            transcribe(
                speech, percepts, asr, ear, workers[1], Progress(), Tracer(SpanTotals()), attention
            )
        )
        for _ in range(200):
            await asyncio.sleep(0.01)
            if states.count("began") == 2:
                break
        heard = list(states)
        await sound.close()
        asr.go_on.set()
    for worker in workers:
        worker.close()
    return heard


def test_a_voice_is_heard_while_another_is_still_being_transcribed():
    assert asyncio.run(_interrupt(Slow())) == ["began", "paused", "ended", "began"]
