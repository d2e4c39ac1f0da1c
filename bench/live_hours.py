"""A stream of hours through the live engine: memory, time of a step, and answers at both ends.

    python bench/live_hours.py                     4 hours at 2 frames a second, tiny sizes
    python bench/live_hours.py --checkpoint DIR    with a trained model
    python bench/live_hours.py --hours 0.02        to see that it runs

The clock runs fast, but every frame is computed: picture, encoder, decoder, decision. Streams of
the synthetic world that no training has seen, with their instructions and questions, follow each
other in one stream of the engine, and begin again from the first when all were seen. So quarters of
the time can be compared: what a step takes, what the process holds, how soon an answer begins, and
with a trained model whether it is right, word for word.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import report, spread
from live_sides import byte_tokenizer

from omnilive.live.base import Ended, Said
from omnilive.live.checkpoint import Live, load_live
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.model import LiveModel
from omnilive.live.policy import PolicyConfig
from omnilive.live.quantize import quantize
from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape
from omnilive_lab.live.dialogue import Sample, read_samples, video_path
from omnilive_lab.live.footage import frames_at
from omnilive_lab.live.grid import frame_range, frames
from omnilive_lab.live.world.make import make_world

SEED, PARTS = 7_800, 4  # of the world; quarters
WINDOW = {"sinks_tok": 64, "window_tok": 512}
LONGEST_TOK = 48  # of a reply


@dataclass(frozen=True, eq=False)
class Clip:
    """A stream of the world: pictures, and what the user says at which of them."""

    pictures: list[np.ndarray]
    said: dict[int, list[tuple[str, str | None]]]  # text, and the answer that is due


@dataclass
class Part:
    """What was measured in one part of the time."""

    encoder_ms: list[float] = field(default_factory=list)
    step_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    asked: int = 0
    answered: int = 0
    right: int = 0
    remarks: int = 0
    rss_mb: float = 0.0
    cache_mb: float = 0.0
    tokens: int = 0

    def figures(self) -> dict[str, Any]:
        shown = vars(self) | {
            name: spread(getattr(self, name)) for name in ("encoder_ms", "step_ms", "first_ms")
        }
        return shown | {"right_share": round(self.right / max(1, self.asked), 4)}


def clip_of(sample: Sample, file: Path, fps: float) -> Clip:
    """Read a stream of the world into memory."""
    video, grid = video_path(sample, file), frame_range(sample, fps)
    assert video is not None
    messages, said = frames(sample, fps), dict[int, list[tuple[str, str | None]]]()
    for message, after in zip(messages, [*messages[1:], None], strict=True):
        if message.role == "user":
            due = after.text if after is not None and after.role == "assistant" else None
            said.setdefault(round(message.t * fps) - grid.start, []).append((message.text, due))
    return Clip(list(frames_at(video, fps, grid)), said)


class Watcher:
    """One stream of an engine that clip after clip is put into."""

    def __init__(self, live: Live) -> None:
        # Without training every frame is spoken at: a remark in two minutes is enough.
        pause_s = 1.0 if live.model.card.made else 120.0
        policy = PolicyConfig(theta=live.model.card.threshold, pause_s=pause_s)
        config = EngineConfig(policy=policy, max_reply_tok=LONGEST_TOK, **WINDOW)
        self.live, self.engine = live, Engine(live.model, config)
        self.id, self.frame = self.engine.open(), 0
        self.due: dict[int, tuple[str, float]] = {}  # query -> answer, when it was asked

    def watch(self, clip: Clip, most: int, part: Part) -> int:
        """Put up to `most` frames of a clip in, one after the other; return how many."""
        for i, rgb in enumerate(clip.pictures[:most]):
            t = self.frame / self.live.model.card.fps
            for text, answer in clip.said.get(i, []):
                self.say(text, answer, t, part)
            began = time.perf_counter()
            features_ND = self.live.encoder([rgb])[0]
            part.encoder_ms.append(1e3 * (time.perf_counter() - began))
            self.engine.feed(self.id, t, features_ND)
            self.frame += 1
            self.step(part)
        return min(most, len(clip.pictures))

    def say(self, text: str, answer: str | None, t: float, part: Part) -> None:
        if answer is None:
            self.engine.instruct(self.id, text, t)
        else:
            self.due[self.engine.ask(self.id, text, t)] = (answer, time.perf_counter())
            part.asked += 1

    def step(self, part: Part) -> None:
        """Step until there is nothing to do, and note what comes."""
        waiting: set[int] = set(self.due)
        while self.engine.has_work():
            began = time.perf_counter()
            events = self.engine.step()
            part.step_ms.append(1e3 * (time.perf_counter() - began))
            for event in events:
                if isinstance(event, Said | Ended) and event.query in waiting:
                    waiting.remove(event.query)
                    asked_at = self.due[event.query][1]
                    part.first_ms.append(1e3 * (time.perf_counter() - asked_at))
                if isinstance(event, Ended) and event.query is None:
                    part.remarks += 1
                elif isinstance(event, Ended):
                    answer, _ = self.due.pop(event.query)
                    part.answered += 1
                    part.right += event.text.strip() == answer.strip()


def untrained() -> Live:
    """Return a small model with random weights."""
    torch.manual_seed(0)
    shape = DecoderShape(
        vocab=258, width=128, layers=4, heads=4, kv_heads=2, head_size=32, inner=256
    )
    net = TinyNet(TinyShape(width=64))
    card = Card(decoder=shape, frame=FrameShape(width=64), bos="<s>", eos="</s>", system="S\n")
    return Live(LiveModel(card, byte_tokenizer()).eval(), TinyEncoder(net.eval()))


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


@torch.inference_mode()
def run(live: Live, clips: Sequence[Clip], total: int) -> list[Part]:
    """Watch so many frames, the clips over and over; return the parts of the time."""
    watcher, parts, warm = Watcher(live), [], Part()
    for clip in clips[:1]:  # what a process takes only once is not growth
        watcher.watch(clip, len(clip.pictures), warm)
    endless, done = cycle(clips), 0
    for number in range(1, PARTS + 1):
        part, until = Part(), total * number // PARTS
        while done < until:
            done += watcher.watch(next(endless), until - done, part)
        gc.collect()
        part.rss_mb, part.cache_mb = rss_mb(), round(watcher.engine.nbytes / 1e6, 3)
        part.tokens = watcher.engine.state(watcher.id).tokens
        parts.append(part)
        print(f"part {number}: {len(part.step_ms)} steps, {part.rss_mb} MB", flush=True)
    return parts


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--clips", type=int, default=24, help="streams of the world, in turn")
    parser.add_argument("--checkpoint", type=Path, metavar="DIR")
    parser.add_argument("--quantize", choices=["none", "f16", "int8"], default="none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="live_hours", help="of the results")
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    live = load_live(args.checkpoint) if args.checkpoint else untrained()
    live.model.decoder.fuse()
    quantize(live.model, args.quantize)
    fps = live.model.card.fps
    with tempfile.TemporaryDirectory() as folder:
        file = make_world(Path(folder), SEED, "test", args.clips)
        clips = [clip_of(sample, file, fps) for sample in read_samples(file)]
    began, total = time.perf_counter(), round(args.hours * 3600 * fps)
    parts = run(live, clips, total)
    first, last = parts[0], parts[-1]
    figures = {
        "frames": total,
        "wall_s": round(time.perf_counter() - began, 1),
        "parts": [part.figures() for part in parts],
        "rss_growth_mb": round(last.rss_mb - first.rss_mb, 1),
        "step_last_to_first": round(
            spread(last.step_ms)["median"] / spread(first.step_ms)["median"], 3
        ),
    }
    settings = {
        "hours": args.hours, "fps": fps, "clips": args.clips, "threads": args.threads,
        "quantize": args.quantize, "window": WINDOW, "checkpoint": live.model.card.made,
        "trained": args.checkpoint is not None,
    }  # fmt: skip
    report(args.name, settings, figures)


if __name__ == "__main__":
    main()
