"""Samples of what goes wrong with a stream: none at all, noise, a blank picture, nobody asking.

VideoLLM-online has five by hand, with feature vectors of noise or zeros; these have real video
files, so that any encoder sees them, and several wordings.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from omnilive_lab.live.dialogue import Sample, Turn

LICENCE = "CC0-1.0"
SIZE = (192, 144)  # width, height
VIDEO_FPS, LENGTH_S = 4, 5
NO_VIDEO = (
    ("Please help me by narrating the video.", "Gladly! I get no video yet: please start it."),
    ("Tell me briefly what you have seen.", "I have not seen anything yet: no video arrives here."),
    ("What is on the picture?", "There is no picture yet. Please turn the video on."),
)  # fmt: skip
GREETING = (
    ("...", "Hi! How can I help you?"),
    ("Hello?", "Hello! How can I help you?"),
    ("Hey", "Hey! What can I do for you?"),
)
NOISE = (
    ("What is happening now?", "I see nothing but noise. Could you check the camera?"),
    ("What am I doing?", "The picture is only noise, so I cannot tell. Please check the video."),
)
BLANK = (
    ("What is the next step?", "I cannot see anything: the picture is blank. Could you check it?"),
    ("What do you see?", "The picture is blank, there is nothing to see."),
)
Paint = Callable[[random.Random], np.ndarray]  # (H, W, 3) uint8


def robustness_samples(out: Path, seed: int = 0, rounds: int = 1) -> Iterator[Sample]:
    """Yield five samples a round, and write the videos that they need beside `out`.

    The folder is named after the file of samples: train.jsonl gets train-robustness/.
    """
    rng = random.Random(f"{seed}/robustness")
    folder = out.parent / f"{out.stem}-robustness"
    for i in range(rounds):
        for name, asked in (("none", NO_VIDEO), ("none-again", NO_VIDEO), ("greeting", GREETING)):
            yield _sample(f"robustness/{i}/{name}", "", 0.0, rng.choice(asked), 0.0, seed)
        for name, asked, paint in (("noise", NOISE, noise), ("blank", BLANK, blank)):
            path = folder / f"{name}-{i}.mp4"
            write_video(path, paint, rng)
            t = rng.randint(0, 2 * LENGTH_S - 2) / 2
            video = f"{folder.name}/{path.name}"
            yield _sample(
                f"robustness/{i}/{name}", video, float(LENGTH_S), rng.choice(asked), t, seed
            )


def noise(rng: random.Random) -> np.ndarray:
    """Return a picture of independent random dots."""
    width, height = SIZE
    dots = np.random.default_rng(rng.getrandbits(32))
    return dots.integers(0, 256, (height, width, 3), dtype=np.uint8)


def blank(rng: random.Random) -> np.ndarray:
    """Return a picture that is all black."""
    width, height = SIZE
    return np.zeros((height, width, 3), np.uint8)


def write_video(path: Path, paint: Paint, rng: random.Random) -> None:
    """Write LENGTH_S seconds of pictures, H.264 where FFmpeg has it."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=VIDEO_FPS)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for _ in range(VIDEO_FPS * LENGTH_S):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(paint(rng), format="rgb24")))
        container.mux(stream.encode())


def _sample(
    id: str, video: str, duration_s: float, said: tuple[str, str], t: float, seed: int
) -> Sample:
    question, answer = said
    kind = "robustness"
    return Sample(
        id=id, source="omnilive robustness", licence=LICENCE, video=video, duration_s=duration_s,
        # Silence at noise is as right as at anything else, but nothing is learned of such frames.
        wait=False,
        turns=(
            Turn(role="user", t=t, text=question, kind=kind),
            Turn(role="assistant", t=t, text=answer, kind=kind, wait=False),
        ),
        made={"converter": "robustness", "mode": "template", "seed": seed},
    )  # fmt: skip
