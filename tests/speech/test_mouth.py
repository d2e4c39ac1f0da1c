"""Voices: what they give, what they refuse, and how they fail."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from omnilive.core.errors import BackendError, ConfigError
from omnilive.speech.config import OpenAIVoiceConfig, SpeechConfig
from omnilive.speech.hibari import HibariVoice
from omnilive.speech.mouth import WorkingMouth, load_mouth
from omnilive.speech.openai import OpenAIVoice


@pytest.fixture(scope="module")
def hibari() -> HibariVoice:
    return HibariVoice()


def say(voice: HibariVoice, text: str) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.float32), *voice.stream(text)])


def test_hibari_speaks_at_once_and_as_long_as_the_text(hibari: HibariVoice) -> None:
    pcm = say(hibari, "The red car appeared at 0:15 (15.7 s).")
    loud = np.flatnonzero(np.abs(pcm) > 0.02) / hibari.rate_hz
    assert pcm.dtype == np.float32 and 1.5 < len(pcm) / hibari.rate_hz < 4
    assert loud[0] < 0.1  # no silence before it
    assert 0.2 < len(pcm) / hibari.rate_hz - loud[-1] < 0.4  # a pause between sentences
    longer = say(hibari, "The red car appeared at 0:15, and the blue bus came a moment later.")
    assert len(longer) > len(pcm)


@pytest.mark.parametrize("text", ["", "…", "“”", "[1]"])
def test_nothing_to_say_is_no_sound(hibari: HibariVoice, text: str) -> None:
    assert len(say(hibari, text)) == 0


def test_hibari_leaves_other_scripts_alone(hibari: HibariVoice) -> None:
    assert hibari.can_say("Hello") and not hibari.can_say("你好")


def test_faster_speech_is_shorter() -> None:
    text = "A sentence of some length to measure."
    slow, fast = (HibariVoice(SpeechConfig(speed=speed)) for speed in (0.8, 1.5))
    assert len(say(fast, text)) < 0.75 * len(say(slow, text))


def test_unknown_names_are_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="choose from .*heart"):
        HibariVoice(SpeechConfig(speaker="nobody"))
    with pytest.raises(ConfigError, match="choose from hibari, openai"):
        load_mouth(SpeechConfig(voice="parrot"))
    with pytest.raises(BackendError, match="not on this machine"):
        HibariVoice(SpeechConfig(speaker="emma"))
    assert load_mouth(SpeechConfig(voice="off")) is None


class Endpoint(BaseHTTPRequestHandler):
    """An OpenAI-compatible speech endpoint: a ramp of samples, in odd pieces; or trouble."""

    asked: list[dict] = []
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Endpoint.asked.append({"path": self.path, "auth": self.headers["authorization"], **body})
        self.send_response(Endpoint.status)
        self.end_headers()
        if Endpoint.status != 200:
            self.wfile.write(b'{"error": "no such voice"}')
            return
        ramp = np.arange(6000, dtype="<i2").tobytes()
        for at in range(0, len(ramp), 777):
            self.wfile.write(ramp[at : at + 777])

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def endpoint(status: int = 200) -> Iterator[str]:
    Endpoint.asked, Endpoint.status = [], status
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def remote(url: str, **more: object) -> OpenAIVoice:
    settings = OpenAIVoiceConfig.model_validate({"base_url": url, "api_key": "k", **more})
    return OpenAIVoice(SpeechConfig(voice="openai", speed=1.2, openai=settings))


def test_the_endpoint_is_asked_for_raw_samples_and_its_pieces_are_joined() -> None:
    with endpoint() as url:
        voice = remote(url)
        pcm = np.concatenate(list(voice.stream("It was at 0:15 (15.7 s).")))
        voice.close()
    assert np.array_equal(np.round(pcm * 32768), np.arange(6000))
    assert Endpoint.asked == [
        {
            "path": "/v1/audio/speech", "auth": "Bearer k", "model": "tts-1", "voice": "alloy",
            "input": "It was at 15 seconds.", "response_format": "pcm", "speed": 1.2,
        }
    ]  # fmt: skip


def test_trouble_at_the_endpoint_names_cause_and_remedy() -> None:
    with endpoint(404) as url:
        voice = remote(url)
        with pytest.raises(BackendError, match="404.*no such voice.*speech.openai"):
            list(voice.stream("hello"))
        voice.close()
    gone = remote("http://127.0.0.1:9/v1")
    with pytest.raises(BackendError, match="is the server running"):
        list(gone.stream("hello"))
    gone.close()
    with pytest.raises(ConfigError, match="no http"):
        remote("ftp://x")


def test_the_endpoint_says_which_scripts_it_can() -> None:
    voice = remote("http://127.0.0.1:9", languages=("zh",))
    assert voice.can_say("你好") and not voice.can_say("hello")
    voice.close()


class Breaking:
    name, languages, rate_hz = "breaking", ("en",), 16000

    def can_say(self, text: str) -> bool:
        return True

    def stream(self, text: str) -> Iterator[np.ndarray]:
        yield np.ones(10, np.float32)
        yield np.zeros(0, np.float32)
        raise BackendError("out of breath")


def test_a_mouth_hands_on_sound_and_trouble() -> None:
    async def hear() -> int:
        mouth, heard = WorkingMouth(Breaking()), 0
        try:
            async for pcm in mouth.say("hello"):
                heard += len(pcm)
        except BackendError:
            return heard
        finally:
            mouth.close()
        return -1

    assert asyncio.run(hear()) == 10
