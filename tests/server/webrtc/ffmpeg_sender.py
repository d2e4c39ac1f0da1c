"""Publishes with FFmpeg's own WHIP muxer, which is no code of ours: `URL CERTIFICATE KEY SECONDS`.

FFmpeg built with GnuTLS makes itself a key on P-224, which neither OpenSSL nor browsers take, so
it is given a certificate.
"""

import sys
import time
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

FPS, RATE_HZ, TONE_HZ = 15, 48000, 700


def picture(index: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(np.full((180, 320, 3), index * 7 % 250, np.uint8), "rgb24")
    frame.pts, frame.time_base = index, Fraction(1, FPS)
    return frame


def sound(start: int) -> AudioFrame:
    wave = 0.3 * np.sin(2 * np.pi * TONE_HZ * (np.arange(960) + start) / RATE_HZ)
    samples = np.repeat((wave * 32767).astype(np.int16), 2)[None]
    frame = AudioFrame.from_ndarray(samples, "s16", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
    return frame


def main(url: str, certificate: str, key: str, seconds: float) -> None:
    options = {"cert_file": certificate, "key_file": key}
    with av.open(url, "w", format="whip", options=options) as container:
        video = container.add_stream(
            "libx264", rate=FPS,
            options={"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast"},
        )  # fmt: skip
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.codec_context.gop_size = FPS
        audio = container.add_stream("libopus", rate=RATE_HZ, layout="stereo")
        start, samples = time.time(), 0
        for index in range(round(seconds * FPS)):
            container.mux(video.encode(picture(index)))
            while samples < (index + 1) * RATE_HZ // FPS:
                container.mux(audio.encode(sound(samples)))
                samples += 960
            time.sleep(max(0.0, start + index / FPS - time.time()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
