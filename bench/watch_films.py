"""Films with exact ground truth for bench/watches.py: pictures, text, sound and speech on a script.

Objects are photographs that come with scikit-image, pasted into a noisy room; speech is hibari,
music is synthesised, text is drawn. Each film also holds distractors: near-miss words and signs,
stays that are too short, the wrong order. Levels: "easy", "medium", "hard".
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data
import skimage.io
from hibari import SAMPLE_RATE, Hibari
from PIL import Image, ImageDraw, ImageFont

from omnilive.dialogue.watches import rule as r

WIDTH, HEIGHT, FPS, RATE_HZ = 960, 540, 15, 24_000
END_S = 104.0


@dataclass(frozen=True)
class Level:
    """How hard a film is: object height and letters in pixels, noise of picture and sound."""

    height_px: int
    letters_px: int
    grain: float
    snr_db: float
    blur: float = 0.0


LEVELS = {
    "easy": Level(400, 60, 2.0, 60.0),
    "medium": Level(330, 40, 5.0, 20.0),
    "hard": Level(240, 28, 8.0, 10.0, 0.8),
}


@dataclass(frozen=True)
class Truth:
    """Something that must be told once: between `lo` and `hi`, best at `t`."""

    t: float
    lo: float
    hi: float


@dataclass(frozen=True)
class Case:
    """One watch with its kind and all that it must tell."""

    kind: str
    name: str
    rule: r.Rule
    truth: tuple[Truth, ...]


@dataclass
class Script:
    """What is to be seen and heard, and when."""

    objects: list[tuple[str, float, float, float]] = field(default_factory=list)  # name, a, b, x
    texts: list[tuple[str, float, float]] = field(default_factory=list)
    speech: list[tuple[str, float]] = field(default_factory=list)
    music: list[tuple[float, float]] = field(default_factory=list)
    said: dict[str, list[float]] = field(default_factory=dict)  # word -> when it has been said


def script_of(seed: int) -> Script:
    """One film; times are jittered, so that nothing falls on the rhythm of the looks."""
    rng = np.random.default_rng(seed)

    def at(t: float) -> float:
        return round(t + float(rng.uniform(0, 1.0)), 2)

    left, right = (0.08, 0.52) if rng.random() < 0.5 else (0.52, 0.08)
    s = Script()
    s.objects += [("cat", at(5), at(17), left), ("person", at(20), at(26), right)]
    s.objects += [("cup", at(30), at(38), left), ("motorcycle", at(34), at(42), right)]
    s.objects += [("cat", at(56), at(62), left), ("cat", at(58), at(62), right)]
    s.objects += [("person", at(65), at(70), left), ("person", at(73), at(78), right)]
    s.objects += [("motorcycle", at(82), at(88), left), ("cup", at(85), at(91), right)]
    s.texts += [("EXIT ON THE LEFT", at(43), at(48)), ("EXHIBITION HALL", at(49), at(53))]
    s.texts += [("ROOM 42 IS OPEN", at(92), at(96)), ("ROOM 43 IS OPEN", at(98), at(102))]
    s.speech += [
        ("The committee talked about the budget for the new kitchen.", at(9)),
        ("The delivery has arrived at the front gate.", at(21.5)),
        ("This gadget is on my bucket list for the summer.", at(34)),
        ("We must keep within the budget this year.", at(62.5)),
        ("Another delivery is expected tomorrow morning.", at(80.5)),
        ("Dinner will be ready in ten minutes.", at(97)),
    ]
    s.music += [(at(44), at(54))]
    return s


def cases_of(s: Script) -> list[Case]:
    """Return the watches for a film, with what each must tell."""

    def starts(name: str) -> list[float]:
        return [a for label, a, _, _ in s.objects if label == name]

    def near(times: Sequence[float], late_s: float = 3.5) -> tuple[Truth, ...]:
        return tuple(Truth(t, t - 1.0, t + late_s) for t in times)

    def thing(name: str, event: str = "appears") -> r.Object:
        return r.Object(labels=(name,), event=event)  # type: ignore[arg-type]

    cats = [(a, b) for label, a, b, _ in s.objects if label == "cat"]
    people = sorted((a, b) for label, a, b, _ in s.objects if label == "person")
    long_cats = [a + 8 for a, b in cats if b - a > 8]
    two_cats = [max(a for a, _ in cats[1:])]
    alone = [0.0, *(b for _, b in people)]
    nexts = [*(a for a, _ in people), END_S]
    absent = [t + 12 for t, n in zip(alone, nexts, strict=True) if n - t > 12]
    cup, bike = starts("cup")[0], starts("motorcycle")[0]
    text = {words: a for words, a, _ in s.texts}
    made: list[tuple[str, str, object, tuple[Truth, ...]]] = [
        ("object", "cat", thing("cat"), near(starts("cat"))),
        ("object", "person", thing("person"), near(starts("person"))),
        ("object", "cup", thing("cup"), near(starts("cup"))),
        ("object", "motorcycle", thing("motorcycle"), near(starts("motorcycle"))),
        ("leaving", "person", thing("person", "leaves"), near([b for _, b in people])),
        ("text", "exit", r.Text(contains=("exit",)), near([text["EXIT ON THE LEFT"]])),
        ("text", "room 42", r.Text(contains=("room 42",)), near([text["ROOM 42 IS OPEN"]])),
        ("sound", "music", r.Sound(names=("music",)), near([a for a, _ in s.music], 4.5)),
        ("speech", "budget", r.Speech(any_of=("budget",)), near(s.said["budget"])),
        ("speech", "delivery", r.Speech(any_of=("delivery",)), near(s.said["delivery"])),
        ("duration", "cat 8 s", r.Lasts(of=thing("cat", "present"), for_s=8.0), near(long_cats)),
        ("absence", "person 12 s", r.Absent(of=thing("person"), for_s=12.0), near(absent)),
        ("count", "2 cats at once", r.Count(of=thing("cat"), n=2), near(two_cats)),
        (
            "count", "third person",
            r.Count(of=thing("person"), n=3, scope="total"), near([people[2][0]]),
        ),
        (
            "order", "cup then motorcycle",
            r.Sequence(first=thing("cup"), then=thing("motorcycle"), within_s=20.0), near([bike]),
        ),
        (
            "combination", "delivery while a person is there",
            r.All(of=(thing("person", "present"), r.Speech(any_of=("delivery",)))),
            near(s.said["delivery"][:1]),
        ),
    ]  # fmt: skip
    assert cup < bike
    return [Case(kind, name, r.Rule(what=what), truth) for kind, name, what, truth in made]  # type: ignore[arg-type]


def write_film(path: Path, s: Script, level: Level, seed: int) -> None:
    """Write the film (H.264, AAC) and note in the script when each word has been said."""
    rng = np.random.default_rng(seed)
    sound = soundtrack(s, level, rng)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = out.add_stream("aac", rate=RATE_HZ, layout="mono")
        room = background(rng)
        photos = {name: photo(name, level) for name in {o[0] for o in s.objects}}
        for i in range(round(END_S * FPS)):
            rgb = picture(s, i / FPS, room, photos, level, rng)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            out.mux(video.encode(frame))
        block = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        block.sample_rate, block.pts = RATE_HZ, 0
        fifo = av.AudioFifo()
        fifo.write(block)
        while (piece := fifo.read(1024, partial=True)) is not None:
            out.mux(audio.encode(piece))
        for stream in (video, audio):
            out.mux(stream.encode(None))


def picture(
    s: Script, t: float, room: np.ndarray, photos: dict[str, np.ndarray], level: Level,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Draw what is to be seen at `t`. Shapes: (H, W, 3) uint8."""
    rgb = room.copy()
    for name, a, b, x in s.objects:
        if a <= t < b:
            item = photos[name]
            y = HEIGHT - item.shape[0] - 20 + round(6 * np.sin(t * 1.7 + x * 9))
            left = round(x * WIDTH + 8 * np.sin(t * 1.1))
            width = min(item.shape[1], WIDTH - left)
            rgb[y : y + item.shape[0], left : left + width] = item[:, :width]
    if level.blur:
        rgb = cv2.GaussianBlur(rgb, (0, 0), level.blur)
    for words, a, b in s.texts:
        if a <= t < b:
            rgb = sign(rgb, words, level.letters_px)
    grain = rng.normal(0, level.grain, (HEIGHT // 2, WIDTH // 2, 1))
    grain = cv2.resize(grain, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)[:, :, None]
    return (rgb + grain).clip(0, 255).astype(np.uint8)


def background(rng: np.random.Generator) -> np.ndarray:
    """A wall and a floor with a soft pattern. Shapes: (H, W, 3) uint8."""
    shade = rng.uniform(110, 150, 3)
    wall = np.ones((HEIGHT, WIDTH, 3)) * shade
    wall[round(HEIGHT * 0.8) :] *= 0.75
    soft = cv2.resize(rng.normal(0, 10, (6, 10)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return (wall + soft[:, :, None]).clip(0, 255).astype(np.uint8)


def photo(name: str, level: Level) -> np.ndarray:
    """Return a photograph of a thing, as high as the level says. Shapes: (H, W, 3) uint8."""
    if name == "cat":
        rgb = skimage.data.chelsea()
    elif name == "person":
        rgb = skimage.data.astronaut()[:400, 60:460]
    elif name == "cup":
        rgb = skimage.data.coffee()[40:380, 130:520]
    else:
        rgb = skimage.io.imread(os.path.join(skimage.data.data_dir, "motorcycle_left.png"))
    scale = min(level.height_px / rgb.shape[0], 0.44 * WIDTH / rgb.shape[1])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)


def sign(rgb: np.ndarray, words: str, letters_px: int) -> np.ndarray:
    """Draw a dark sign with light letters at the top."""
    image = Image.fromarray(rgb)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=letters_px)
    box = draw.textbbox((WIDTH // 2, 60), words, font=font, anchor="mm")
    draw.rectangle((box[0] - 16, box[1] - 12, box[2] + 16, box[3] + 12), fill=(20, 40, 70))
    draw.text((WIDTH // 2, 60), words, font=font, anchor="mm", fill=(245, 240, 230))
    return np.array(image)


def soundtrack(s: Script, level: Level, rng: np.random.Generator) -> np.ndarray:
    """Return the (S,) float32 sound; notes in the script when each word has been said."""
    track = np.zeros(round(END_S * RATE_HZ))
    tts = Hibari()
    for text, start_s in s.speech:
        pcm = np.asarray(tts(text, speed=0.95, seed=0), float)
        (loud,) = np.nonzero(np.abs(pcm) > 0.01)
        pcm = pcm[loud[0] : loud[-1] + 1]
        pcm = _resampled(0.6 * pcm / np.abs(pcm).max(), SAMPLE_RATE)
        _mix(track, start_s, pcm)
        for word in ("budget", "delivery"):
            if word in text:  # by its share of the letters: good to about 0.3 s
                share = (text.index(word) + len(word)) / len(text)
                s.said.setdefault(word, []).append(round(start_s + share * len(pcm) / RATE_HZ, 2))
    for a, b in s.music:
        _mix(track, a, music(b - a))
    noise = rng.normal(size=len(track))
    noise = np.convolve(noise, np.ones(6) / 6, "same")
    noise *= 0.1 / np.sqrt(np.mean(noise**2)) * 10 ** (-level.snr_db / 20)
    return (track + noise).clip(-1, 1).astype(np.float32)


def music(duration_s: float) -> np.ndarray:
    """C, A minor, F, G on struck strings, again and again."""
    chords = [(48, 60, 64, 67), (45, 57, 60, 64), (41, 57, 60, 65), (43, 59, 62, 67)]
    pcm = np.zeros(round(duration_s * RATE_HZ))
    for bar in range(int(duration_s)):
        bass, *chord = chords[bar % 4]
        _mix(pcm, bar, _note(bass, 1.0, 0.22))
        for step, pitch in enumerate([*chord, chord[1]]):
            _mix(pcm, bar, _note(pitch, 1.0, 0.07))
            _mix(pcm, bar + step / 4, _note(pitch + 12, 0.25, 0.16))
    return pcm


def _note(midi: int, duration_s: float, gain: float) -> np.ndarray:
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    hz = 440 * 2 ** ((midi - 69) / 12)
    tone = sum(np.exp(-(1.2 + n) * t) * np.sin(2 * np.pi * n * hz * t) / n for n in range(1, 7))
    return gain * np.minimum(1, np.minimum(t / 0.005, (duration_s - t) / 0.08)) * tone


def _resampled(pcm: np.ndarray, rate_hz: int) -> np.ndarray:
    if rate_hz == RATE_HZ:
        return pcm
    places = np.arange(round(len(pcm) * RATE_HZ / rate_hz)) * rate_hz / RATE_HZ
    return np.interp(places, np.arange(len(pcm)), pcm)


def _mix(track: np.ndarray, start_s: float, pcm: np.ndarray) -> None:
    room = track[round(start_s * RATE_HZ) :][: len(pcm)]
    room += pcm[: len(room)]
