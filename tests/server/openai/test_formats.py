from typing import Any

import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.codec.context import CodecContext

from omnilive.server.openai.formats import FORMATS, PCM, format_of
from omnilive.server.openai.problems import Problem

SPEECHY = (np.sin(np.arange(4000) / 9) * np.linspace(0, 0.99, 4000)).astype(np.float32)


def by_ffmpeg(name: str, pcm: np.ndarray) -> bytes:
    encoder: Any = CodecContext.create(
        {"audio/pcmu": "pcm_mulaw", "audio/pcma": "pcm_alaw"}[name], "w"
    )
    encoder.sample_rate, encoder.layout, encoder.format = 8000, "mono", "s16"
    frame = AudioFrame.from_ndarray((pcm * 32767).astype(np.int16)[None], "s16", "mono")
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


@pytest.mark.parametrize("name", ["audio/pcmu", "audio/pcma"])
def test_telephone_sound_is_what_ffmpeg_makes_of_it(name: str):
    theirs = FORMATS[name].decode(by_ffmpeg(name, SPEECHY))
    ours = FORMATS[name].decode(FORMATS[name].encode(SPEECHY))
    assert np.abs(theirs - SPEECHY).max() < 0.03  # half of the coarsest step of G.711
    assert np.abs(ours - SPEECHY).max() <= np.abs(theirs - SPEECHY).max() + 1e-3


def test_every_telephone_code_survives_a_round_trip():
    every = bytes(range(256))
    for name in ("audio/pcmu", "audio/pcma"):
        levels = FORMATS[name].decode(every)
        assert np.array_equal(FORMATS[name].decode(FORMATS[name].encode(levels)), levels)


def test_pcm_is_little_endian_and_clipped():
    assert PCM.encode(np.array([0.0, 0.5, 2.0, -2.0], np.float32)) == bytes.fromhex(
        "00000040ff7f0080"
    )
    assert PCM.decode(bytes.fromhex("0040")).tolist() == [0.5]
    assert PCM.seconds(48000) == 1.0


def test_half_a_sample_is_refused():
    with pytest.raises(Problem, match="whole number of samples"):
        PCM.decode(b"abc")


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ({"type": "audio/pcm", "rate": 16000}, "f.rate"),
        ({"type": "audio/opus"}, "f.type"),
        ({}, "f.type"),
        ("pcm16", "f.type"),
        ({"type": ["x"]}, "f.type"),
        ({"type": "audio/pcmu", "rate": 24000}, "f.rate"),
    ],
)
def test_unknown_formats_and_rates_are_refused(value: Any, param: str):
    with pytest.raises(Problem) as caught:
        format_of(value, "f")
    assert caught.value.param == param
