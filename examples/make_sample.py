"""Make examples/sample.mp4 and its ground truth, sample.json, out of photographs, speech and notes.

    pip install 'omnilive[sample]'
    python examples/make_sample.py [--out examples/sample.mp4]

Photographs come with scikit-image, the voice is hibari-tts, the typeface comes with Pillow;
SAMPLE.md names their licences. Nothing is downloaded, and the same packages make the same clip.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data
from hibari import SAMPLE_RATE, Hibari
from PIL import Image, ImageDraw, ImageFont
from scipy.signal import lfilter, resample_poly

WIDTH_PX, HEIGHT_PX, FPS, RATE_HZ = 960, 540, 25, 48_000
MUSIC_S, SILENCE_S = (25.5, 33.5), (34.0, 40.0)

Crop = tuple[float, float, float]  # left, top, width in pixels of the photograph; 16:9
Picture = Callable[[float], np.ndarray]  # progress 0..1 -> (H, W, 3) uint8


@dataclass(frozen=True, slots=True)
class Scene:
    start_s: int
    end_s: int
    photo: str = ""  # a function of skimage.data
    crops: tuple[Crop, Crop] = ((0, 0, 0), (0, 0, 0))  # first and last view
    card: tuple[str, ...] = ()  # lines of text, instead of a photograph
    labels: tuple[str, ...] = ()  # what a viewer would say is there
    speech: tuple[tuple[float, str], ...] = ()  # when each line begins, and the line


SCENES = [
    Scene(
        0,
        6,
        card=("WELCOME TO THE", "HARBOUR WORKSHOP"),
        speech=((1.0, "Good morning. My name is Laura Bennett, and I am your guide today."),),
    ),
    Scene(
        6,
        15,
        photo="astronaut",
        crops=((0, 72, 512), (0, 4, 500)),
        labels=("person", "astronaut"),
        speech=(
            (7.0, "This is Eileen Collins. She was the first woman to pilot the space shuttle."),
        ),
    ),
    Scene(
        15,
        25,
        photo="coffee",
        crops=((0, 25, 560), (60, 12, 490)),
        labels=("cup", "spoon"),
        speech=(
            (16.0, "A cup of coffee costs three euros and fifty cents."),
            (20.5, "Please leave the money in the yellow box."),
        ),
    ),
    Scene(25, 34, photo="rocket", crops=((0, 67, 640), (70, 110, 500)), labels=("rocket",)),
    Scene(34, 40, card=("ROOM 42", "OPENS AT 9:30")),
    Scene(
        40,
        51,
        photo="chelsea",
        crops=((0, 40, 451), (28, 52, 400)),
        labels=("cat",),
        speech=(
            (41.5, "This cat is called Chelsea."),
            (45.0, "The package for Doctor Martin is on the second shelf, behind the blue door."),
        ),
    ),
    Scene(
        51,
        62,
        photo="camera",
        crops=((0, 20, 512), (16, 58, 480)),
        labels=("person", "camera"),
        speech=(
            (52.5, "The next tour is on Tuesday at nine. Please bring a warm coat."),
            (58.0, "Thank you, and goodbye."),
        ),
    ),
]
END_S = SCENES[-1].end_s


# Pictures.


def view(photo: np.ndarray, first: Crop, last: Crop, progress: float) -> np.ndarray:
    """Crop between `first` and `last` with sub-pixel steps, scaled to the frame."""
    eased = progress * progress * (3 - 2 * progress)
    left, top, width = (a + (b - a) * eased for a, b in zip(first, last, strict=True))
    scale = width / WIDTH_PX
    to_photo = np.array([[scale, 0, left], [0, scale, top]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        photo, to_photo, (WIDTH_PX, HEIGHT_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def draw_card(lines: tuple[str, ...]) -> np.ndarray:
    """Set the lines centred in white on dark blue, over a short orange rule."""
    shade = np.linspace(1.15, 0.75, HEIGHT_PX)[:, None, None] * np.array([22, 44, 68])
    card = Image.fromarray(np.broadcast_to(shade, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8))
    draw, font = ImageDraw.Draw(card), ImageFont.load_default(size=76)
    middle, step = WIDTH_PX / 2, 112
    top = HEIGHT_PX / 2 - 20 - step * (len(lines) - 1) / 2
    for row, line in enumerate(lines):
        draw.text((middle, top + row * step), line, "#f6f2e8", font, anchor="mm", stroke_width=1)
    rule = top + len(lines) * step - 22
    draw.rectangle((middle - 60, rule, middle + 60, rule + 6), fill="#f08a3c")
    return np.asarray(card)


def picture_of(scene: Scene) -> Picture:
    if scene.card:
        card = draw_card(scene.card)
        return lambda progress: card
    photo = getattr(skimage.data, scene.photo)()
    if photo.ndim == 2:
        photo = cv2.cvtColor(photo, cv2.COLOR_GRAY2RGB)
    return lambda progress: view(photo, *scene.crops, progress)


def frames() -> Iterator[np.ndarray]:
    for scene in SCENES:
        picture = picture_of(scene)
        count = (scene.end_s - scene.start_s) * FPS
        for i in range(count):
            yield picture(i / (count - 1))


# Sound.


def note(midi: int, duration_s: float, gain: float) -> np.ndarray:
    """A struck string: harmonics that fade the faster the higher they are."""
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    pitch_hz = 440 * 2 ** ((midi - 69) / 12)
    tone = sum(
        np.exp(-(1.2 + n) * t) * np.sin(2 * np.pi * n * pitch_hz * t) / n for n in range(1, 7)
    )
    edges = np.minimum(1, np.minimum(t / 0.005, (duration_s - t) / 0.08))
    return gain * edges * tone


def compose(duration_s: float) -> np.ndarray:
    """C, A minor, F, G twice over: a bass note, a chord, and the chord's notes one by one."""
    chords = [(48, 60, 64, 67), (45, 57, 60, 64), (41, 57, 60, 65), (43, 59, 62, 67)] * 2
    pcm, bar_s = np.zeros(round(duration_s * RATE_HZ)), duration_s / len(chords)
    for bar, (bass, *chord) in enumerate(chords):
        start_s = bar * bar_s
        mix(pcm, start_s, note(bass, bar_s, 0.22))
        for pitch in chord:
            mix(pcm, start_s, note(pitch, bar_s, 0.07))
        for step, pitch in enumerate([chord[0], chord[1], chord[2], chord[1]]):
            mix(pcm, start_s + step * bar_s / 4, note(pitch + 12, bar_s / 4, 0.16))
    return pcm


def speak(tts: Hibari, text: str) -> np.ndarray:
    """Say `text` at RATE_HZ, without the quiet at either end."""
    pcm = resample_poly(tts(text, speed=0.95, seed=0), RATE_HZ // SAMPLE_RATE, 1)
    (loud,) = np.nonzero(np.abs(pcm) > 0.01)
    return 0.8 * pcm[loud[0] : loud[-1] + 1] / np.abs(pcm).max()


def room_tone(samples: int) -> np.ndarray:
    """A faint hum of air, so that digital silence differs from a pause in the speech."""
    noise = np.random.default_rng(0).normal(size=samples)
    return 0.001 * lfilter([0.1], [1, -0.9], noise)


def mix(track: np.ndarray, start_s: float, pcm: np.ndarray) -> None:
    start = round(start_s * RATE_HZ)
    room = track[start : start + len(pcm)]
    room += pcm[: len(room)]


def soundtrack() -> tuple[np.ndarray, list[dict]]:
    """Return the (S,) float32 samples, and what is said when."""
    tts, track, transcript = Hibari(), room_tone(END_S * RATE_HZ), []
    track[round(SILENCE_S[0] * RATE_HZ) : round(SILENCE_S[1] * RATE_HZ)] = 0
    mix(track, MUSIC_S[0], compose(MUSIC_S[1] - MUSIC_S[0]))
    for start_s, text in (line for scene in SCENES for line in scene.speech):
        pcm = speak(tts, text)
        mix(track, start_s, pcm)
        end_s = round(start_s + len(pcm) / RATE_HZ, 2)
        transcript.append({"start_s": start_s, "end_s": end_s, "text": text, "lang": "en"})
    return track.astype(np.float32), transcript


# The file.


def encode(path: Path, track: np.ndarray) -> None:
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        # One thread: x264's choices, and so the file, depend on how many there are.
        video.thread_count = 1
        video.options = {"crf": "27", "preset": "slow", "g": "50"}
        sound = out.add_stream("aac", rate=RATE_HZ, layout="mono", bit_rate=64_000)

        for i, rgb in enumerate(frames()):
            out.mux(video.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
            span = slice(i * RATE_HZ // FPS, (i + 1) * RATE_HZ // FPS)
            out.mux(sound.encode(audio_frame(track[span], span.start)))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))


def audio_frame(pcm: np.ndarray, pts: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(pcm[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = RATE_HZ, pts
    return frame


# The ground truth.


def near(lo_s: int, hi_s: int) -> list[str]:
    """The ways to write each second from `lo_s` to `hi_s`."""
    ways = ("{m}:{s:02}", "{m:02}:{s:02}", "{t}s", "{t} s", "{t} second", "{t} seconds")
    times = range(lo_s, hi_s + 1)
    return [way.format(m=t // 60, s=t % 60, t=t) for t in times for way in ways]


def ask(
    kind: str, question: str, answer: str, accept: list[str], evidence_s: Sequence[float], **more
) -> dict:
    about = {"ask_at_s": END_S, "question": question, "answer": answer, "accept": accept}
    return about | {"evidence_s": list(evidence_s), "kind": kind} | more


def questions(transcript: list[dict]) -> list[dict]:
    def said(word: str) -> tuple[float, float]:
        return next((u["start_s"], u["end_s"]) for u in transcript if word in u["text"])

    def shown(what: str) -> tuple[int, int]:
        return next((s.start_s, s.end_s) for s in SCENES if what in (*s.labels, *s.card))

    price = ["three euro", "three euros", "3 euros", "3.50", "3,50", "€3"]
    half_past = ["9:30", "nine thirty", "half past nine"]
    shelf = ["second shelf", "2nd shelf", "blue door"]
    no = ["no", "not", "none", "never"]
    cat_t, cup_t = shown("cat")[0], shown("cup")[0]
    at_cat = {"answer_s": [cat_t, cat_t], "tolerance_s": 2.0}
    at_music = {"answer_s": list(MUSIC_S), "tolerance_s": 2.0}
    demo = {"demo": True}
    # fmt: off
    return [
        ask("said", "What does a cup of coffee cost?", "Three euros and fifty cents", price,
            said("coffee"), **demo),
        ask("when", "When did the cat appear?", f"At about {cat_t} seconds",
            near(cat_t - 2, cat_t + 2), shown("cat"), **at_cat, **demo),
        ask("text", "What did the card say about room 42?", "Room 42 opens at 9:30", half_past,
            shown("ROOM 42"), **demo),
        ask("said", "What is the name of the guide?", "Laura Bennett", ["laura", "bennett"],
            said("guide"), ask_at_s=14),
        ask("text", "What is the name of the workshop?", "The Harbour Workshop",
            ["harbour", "harbor"], shown("WELCOME TO THE"), ask_at_s=24),
        ask("said", "Where is the package for Doctor Martin?",
            "On the second shelf, behind the blue door", shelf, said("package")),
        ask("before_after", "Which appeared first, the cat or the cup?", "The cup",
            ["cup"], (cup_t, cat_t + 1)),
        ask("when", "When was music playing?", "From about 25 to 34 seconds", near(23, 36),
            MUSIC_S, **at_music),
        ask("exists_no", "Was there a dog?", "No, the only animal was a cat", no, (0, END_S)),
    ]
    # fmt: on


def ground_truth(name: str, transcript: list[dict]) -> dict:
    def span(start_s: float, end_s: float) -> dict:
        return {"start_s": start_s, "end_s": end_s}

    return {
        "video": name,
        "license": "public domain and CC0 photographs; see SAMPLE.md",
        "duration_s": END_S,
        "has_speech": True,
        "sound": "composite",
        "transcript": transcript,
        "visible": [
            {"label": label, **span(scene.start_s, scene.end_s)}
            for scene in SCENES
            for label in scene.labels
        ],
        "screen_text": [
            {"text": " ".join(scene.card), **span(scene.start_s, scene.end_s)}
            for scene in SCENES
            if scene.card
        ],
        "scene_changes_s": [scene.start_s for scene in SCENES[1:]],
        "music": [span(*MUSIC_S)],
        "silence": [span(*SILENCE_S)],
        "qa": questions(transcript),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample clip and its ground truth.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("sample.mp4"))
    path = parser.parse_args().out

    track, transcript = soundtrack()
    encode(path, track)
    truth = json.dumps(ground_truth(path.name, transcript), indent=1, ensure_ascii=False)
    path.with_suffix(".json").write_text(truth + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
