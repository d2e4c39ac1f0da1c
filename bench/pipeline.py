"""Speed of the whole perception on a 720p30 clip with speech, at live and at fast pace.

    python bench/pipeline.py [--pace live|fast|both] [--seconds 120] [--sustain MINUTES]

The clip is made of the repository's sample (examples/sample.mp4), scaled to 1280x720 at 30
pictures a second and repeated. Live pace reports perception lag, caption delays, drops and lost
sound; fast pace the factor over real time; both the resident memory. `--sustain 30` loops at
live pace for 30 minutes and reports the memory at its quarters.
"""

import argparse
import asyncio
import os
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import psutil
from common import ROOT, percentile, report, spread

from omnilive import Session, recipes
from omnilive.memory.library import Library
from omnilive.pipeline import Pipeline


def make_clip(path: Path, seconds: float) -> None:
    """Write the sample clip at 720p30, repeated to `seconds`."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "23"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        audio = out.add_stream("aac", rate=48000, layout="mono")
        resampler = av.AudioResampler("fltp", "mono", 48000)
        pictures, samples = 0, 0
        while pictures < seconds * 30:
            with av.open(str(ROOT / "examples" / "sample.mp4")) as sample:
                base = pictures
                for frame in sample.decode():
                    if isinstance(frame, av.VideoFrame):
                        wanted = base + int((frame.time or 0.0) * 30)
                        picture = frame.reformat(1280, 720, "yuv420p")
                        while pictures <= wanted and pictures < seconds * 30:
                            picture.pts, picture.time_base = pictures, Fraction(1, 30)
                            out.mux(video.encode(picture))
                            pictures += 1
                    else:
                        for sound in resampler.resample(frame):
                            if samples < seconds * 48000:
                                sound.pts = samples
                                samples += sound.samples
                                out.mux(audio.encode(sound))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


class MemoryWatch:
    """Samples the resident memory of this process and its children once a second."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        me = psutil.Process(os.getpid())
        while not self._stop.wait(1.0):
            total = me.memory_info().rss
            for child in me.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:
                    continue
            self.samples.append(total / 2**20)

    def stop(self) -> dict[str, Any]:
        """Return the memory in MiB: highest, and the median of each quarter of the run."""
        self._stop.set()
        quarter = max(1, len(self.samples) // 4)
        parts = [self.samples[i * quarter : (i + 1) * quarter] for i in range(4)]
        return {
            "max_mib": round(max(self.samples, default=0.0)),
            "quarters_mib": [round(percentile(part, 0.5)) for part in parts if part],
        }


class Captions:
    """Notes when each word could first be read, in a partial or in the final caption."""

    def __init__(self, pipelines: list[Pipeline]) -> None:
        self._pipelines = pipelines
        self._shown: dict[str, list[tuple[float, float]]] = {}
        self._words: dict[str, list[float]] = {}

    def note(self, line: dict[str, Any]) -> None:
        """Take one line of the session's log."""
        if line["type"] == "percept" and line.get("kind") == "speech":
            key = line["data"]["id"]
            self._shown.setdefault(key, []).append((line["t"], self._pipelines[-1].now_t))
            if line["final"]:
                self._words[key] = [word["e"] for word in line["data"].get("words", ())]

    def word_delays(self) -> list[float]:
        """Return the delay of each word, in seconds after it was spoken."""
        delays = []
        for key, ends in self._words.items():
            last = self._shown[key][-1][1]
            for end in ends:
                seen = [now for t, now in self._shown[key] if t >= end]
                delays.append(min(seen, default=last) - end)
        return delays


async def run(clip: Path, pace: str, repeat_s: float = 0.0) -> dict[str, Any]:
    """Watch the clip once, or again and again for `repeat_s`; return figures."""
    memory = MemoryWatch()
    summaries: list[dict[str, Any]] = []
    lags: dict[str, list[float]] = {"video": [], "final": [], "stored": []}
    words: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        async with Session.open("bench", recipes.laptop(), library=library) as session:
            began = time.perf_counter()
            while not summaries or time.perf_counter() - began < repeat_s:
                kept: list[Pipeline] = []
                captions = Captions(kept)
                session.listeners = [captions.note]
                summaries.append(await session.watch(str(clip), pace, on_open=kept.append))
                words += captions.word_delays()
                for name in lags:
                    lags[name] += getattr(kept[0].lags, f"{name}_s")
            spans = session.spans
            busy = {name: round(total, 1) for name, total in spans.sum_s.items()}
    frames = {key: sum(s["frames"][key] for s in summaries) for key in summaries[0]["frames"]}
    duration = sum(s["duration_s"] for s in summaries)
    figures: dict[str, Any] = {
        "stream_s": round(duration, 1),
        "speed_x": round(duration / sum(s["wall_s"] for s in summaries), 2),
        "frames": frames,
        "audio_lost_s": round(duration - sum(s["audio_s"] for s in summaries), 2),
        "busy_s": busy,
        "memory": memory.stop(),
    }
    if pace == "live":
        figures["perception_lag_s"] = spread(lags["video"])
        figures["final_caption_after_utterance_s"] = spread(lags["final"])
        figures["caption_behind_spoken_word_s"] = spread(words)
        figures["searchable_after_s"] = spread(lags["stored"])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pace", choices=("live", "fast", "both"), default="both")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--sustain", type=float, default=0.0, help="minutes at live pace")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        make_clip(clip, options.seconds)
        figures: dict[str, Any] = {}
        for pace in ("fast", "live") if options.pace == "both" else (options.pace,):
            figures[pace] = asyncio.run(run(clip, pace, options.sustain * 60))
    settings = {"seconds": options.seconds, "video": "1280x720 at 30", "sustain": options.sustain}
    report("pipeline" if not options.sustain else "pipeline-sustain", settings, figures)


if __name__ == "__main__":
    main()
