"""Make what the browser's fake camera and microphone play: a real clip, and real speech.

python e2e/make-senses.py FOLDER: writes camera.y4m, microphone.wav and spoken.json there.
"""

import json
import sys
import wave
from pathlib import Path

import av
import numpy as np
from hibari import SAMPLE_RATE, Hibari

CLIP = Path(__file__).parents[2] / "examples" / "sample.mp4"
WIDTH, HEIGHT, RATE_HZ, SECONDS = 640, 360, 5, 12
FIRST_S = 14.0  # of the clip: what the camera shows begins here

# What is said, and how long it is quiet before it.
SPEECH = [
    (20.0, "The red folder is in the second drawer."),
    (6.0, "Where is the red folder?"),
]
QUIET_S = 60.0  # at the end


def make_camera(path: Path) -> None:
    """Write some seconds of the sample clip as pictures without compression."""
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE_HZ}:1 Ip A1:1 C420\n"
    done = 0
    with av.open(CLIP) as clip, path.open("wb") as file:
        file.write(head.encode())
        for frame in clip.decode(video=0):
            while frame.time >= FIRST_S + done / RATE_HZ and done < SECONDS * RATE_HZ:
                planes = frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray()
                file.write(b"FRAME\n" + planes.tobytes())
                done += 1


def make_microphone(path: Path) -> list[dict[str, float | str]]:
    """Write the speech, with quiet between; return when each sentence begins and ends."""
    tts = Hibari()
    rng = np.random.default_rng(0)
    parts, told, at = [], [], 0
    for quiet_s, text in [*SPEECH, (QUIET_S, "")]:
        parts.append(np.zeros(round(quiet_s * SAMPLE_RATE), np.float32))
        at += len(parts[-1])
        if text:
            pcm = np.asarray(tts(text, speed=0.95, seed=0), np.float32)
            told.append({"text": text, "start_s": at / SAMPLE_RATE})
            parts.append(pcm)
            at += len(pcm)
            told[-1]["end_s"] = at / SAMPLE_RATE
    pcm = np.concatenate(parts)
    pcm += 0.0005 * rng.standard_normal(len(pcm)).astype(np.float32)  # a room, not a void
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())
    return told


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    make_camera(folder / "camera.y4m")
    (folder / "spoken.json").write_text(json.dumps(make_microphone(folder / "microphone.wav")))
