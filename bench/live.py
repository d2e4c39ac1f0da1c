"""Our live engine against the original loop: same weights, same run, taking turns.

    python bench/live.py                       all parts, sizes of SmolLM2-135M, about 10 minutes
    python bench/live.py --only steps,same     these parts; the others as they were last measured
    python bench/live.py --checkpoint DIR      also whether bounded and packed decide as float32
    python bench/live.py --tiny                a few seconds, to see that it runs

Parts: `same` (logits and decisions of both sides), `steps` (ms of a frame by length of the stream),
`streams` (several at a time), `first` (to the first token of a reply), `growth` (memory),
`encoder`, `whole` (pictures in, decisions out), `agreement` (needs --checkpoint).
"""

import argparse
import functools
import gc
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import common
import torch
import yaml
from common import report, spread
from live_agreement import agreement
from live_sides import QUERY, Encoder, Original, Ours, Sizes, random_model, variant

from omnilive.live.ahead import Ahead
from omnilive.live.model import LiveModel
from omnilive.live.quantize import pack

THETA_SHARE = 0.5  # `same`: theta is the median, so that half of the frames would be spoken at
PACKED = ("f16", "int8")


class Sides:
    """The weights of all variants, made once."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.plain = random_model(sizes)
        self.original = Original(self.plain)
        self.float32 = variant(self.plain, "none")
        self.packed: dict[str, LiveModel] = {kind: variant(self.plain, kind) for kind in PACKED}

    def features(self, seed: int = 0) -> torch.Tensor:
        """Return the features (N, D) of a frame."""
        generator = torch.Generator().manual_seed(seed)
        size = (self.sizes.tokens, self.sizes.encoder["width"])
        return torch.randn(size, generator=generator)

    def full(self, frame: int, **changes: Any) -> Ours:
        return Ours(self.float32, self.sizes, bounded=False, **changes).jump(frame)

    def bounded(self, kind: str, frame: int, **changes: Any) -> Ours:
        model = self.float32 if kind == "float32" else self.packed[kind]
        return Ours(model, self.sizes, bounded=True, **changes).jump(frame)


def timed(repeats: int, sides: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Return milliseconds of each side's calls; the sides take turns, after one call unmeasured."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for call in sides.values():
        call()
    for _ in range(repeats):
        for name, call in sides.items():
            began = time.perf_counter()
            call()
            found[name].append(1e3 * (time.perf_counter() - began))
    return found


def per(values: Sequence[float], frames: int) -> dict[str, float]:
    """Return the spread of milliseconds a frame, and frames a second."""
    found = spread([value / frames for value in values])
    return found | {"frames_per_s": round(1e3 / found["median"], 2)}


@torch.inference_mode()
def steps(sides: Sides) -> dict[str, Any]:
    """Measure a frame of one stream by how long the stream is; without the encoder."""
    sizes, features, figures = sides.sizes, sides.features(), {}
    together = sizes.together
    for n in sizes.frames:
        sides.original.jump(sizes, n)
        full = sides.full(n)
        one = {kind: sides.bounded(kind, n) for kind in ("float32", *PACKED)}
        some = {kind: sides.bounded(kind, n, block=together) for kind in PACKED}
        runs = {
            "original": functools.partial(sides.original.frame, features),
            "full": functools.partial(full.frame, features),
        }
        runs |= {f"bounded_{k}": functools.partial(o.frame, features) for k, o in one.items()}
        for kind, ours in some.items():
            runs[f"bounded_{kind}_x{together}"] = functools.partial(
                feed_and_step, ours, features, together
            )
        found = timed(sizes.repeats, runs)
        rows = {name: per(v, together if "_x" in name else 1) for name, v in found.items()}
        base = rows["original"]["median"]
        figures[f"frame_{n}"] = {
            name: row | {"times_the_original": round(base / row["median"], 2)}
            for name, row in rows.items()
        }
        sides.original.caches = []
        gc.collect()
    return figures


def feed_and_step(ours: Ours, features: torch.Tensor, frames: int) -> None:
    ours.feed(features, frames)
    ours.step()


@torch.inference_mode()
def same(sides: Sides) -> dict[str, Any]:
    """Compare what both sides give with full context and float32."""
    sizes, figures = sides.sizes, {}
    silence = sides.plain.template.silence
    for n in sizes.same_at:
        sides.original.jump(sizes, n)
        ours = sides.full(n)
        worst, scale, p_theirs, p_ours = 0.0, 0.0, [], []
        for i in range(sizes.same_frames):
            wanted = sides.original.frame(sides.features(i))
            p_silent, logits_V = overheard(ours, sides.features(i))
            p_ours.append(p_silent)
            worst = max(worst, float((logits_V - wanted).abs().max()))
            scale = max(scale, float(wanted.abs().max()))
            p_theirs.append(float(wanted.softmax(-1)[silence]))
        theta = sorted(p_theirs)[int(len(p_theirs) * THETA_SHARE)]
        agree = sum((a < theta) == (b < theta) for a, b in zip(p_theirs, p_ours, strict=True))
        figures[f"frame_{n}"] = {
            "frames": sizes.same_frames,
            "largest_difference_of_logits": worst,
            "largest_logit": scale,
            "largest_relative_difference_of_p_silent": max(
                abs(a - b) / a for a, b in zip(p_theirs, p_ours, strict=True)
            ),
            "same_decision_at_the_median_theta": agree / sizes.same_frames,
        }
    return figures


def overheard(ours: Ours, features: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Add a frame; return the probability of silence as the engine says, and the logits (V,)."""
    seen: list[torch.Tensor] = []
    plain = ours.model.logits

    def logits(hidden: torch.Tensor) -> torch.Tensor:
        seen.append(plain(hidden))
        return seen[-1]

    ours.model.logits = logits  # type: ignore[method-assign]
    try:
        return ours.frame(features)[0].p_silent, seen[0][0]
    finally:
        del ours.model.logits


@torch.inference_mode()
def streams(sides: Sides) -> dict[str, Any]:
    """Measure several streams: the original in turn, ours in turn and in one batch."""
    sizes, features, figures = sides.sizes, sides.features(), {}
    for n in sizes.streams_at:
        for count in sizes.streams:
            sides.original.jump(sizes, n, count)
            engines = {"full": sides.full(n, streams=count)}
            for kind in PACKED:
                engines[f"bounded_{kind}"] = sides.bounded(kind, n, streams=count)
            runs: dict[str, Callable[[], Any]] = {"original": functools.partial(
                each, sides.original.frame, features, count)}  # fmt: skip
            for name, ours in engines.items():
                runs[f"{name}_batch"] = functools.partial(ours.frame, features)
                runs[f"{name}_in_turn"] = functools.partial(in_turn, ours, features, count)
            rows = {k: per(v, count) for k, v in timed(max(3, sizes.repeats // 2), runs).items()}
            for name in engines:
                batch, turn = rows[f"{name}_batch"], rows[f"{name}_in_turn"]
                batch["times_in_turn"] = round(turn["median"] / batch["median"], 2)
            figures[f"frame_{n}_streams_{count}"] = rows
            sides.original.caches = []
            gc.collect()
    return figures


def each(frame: Callable[[torch.Tensor, int], Any], features: torch.Tensor, count: int) -> None:
    for stream in range(count):
        frame(features, stream)


def in_turn(ours: Ours, features: torch.Tensor, count: int) -> None:
    for stream in range(count):
        ours.feed(features, stream=stream)
        ours.step()


@torch.inference_mode()
def first(sides: Sides) -> dict[str, Any]:
    """Measure from a query to the first token of the reply."""
    sizes, figures = sides.sizes, {}
    asked = len(sides.plain.template.ask(QUERY, is_open=True))
    for n in sizes.first_at:
        sides.original.jump(sizes, n)
        ours = {"full": sides.full(n)} | {f"bounded_{k}": sides.bounded(k, n) for k in PACKED}
        found: dict[str, list[float]] = {name: [] for name in ("original", *ours)}
        for _ in range(sizes.repeats + 1):
            began = time.perf_counter()
            sides.original.ask(QUERY)
            found["original"].append(1e3 * (time.perf_counter() - began))
            sides.original.take_back(asked)
            for name, side in ours.items():
                began = time.perf_counter()
                side.ask(QUERY)
                found[name].append(1e3 * (time.perf_counter() - began))
                side.take_back(n)
        figures[f"frame_{n}"] = {name: spread(values[1:]) for name, values in found.items()}
    return figures | {"query_tokens": asked}


@torch.inference_mode()
def growth(sides: Sides) -> dict[str, Any]:
    """Measure what the process grows by for each frame."""
    sizes, features, figures = sides.sizes, sides.features(), {}
    n = sizes.first_at[0]
    sides.original.jump(sizes, n)
    runs: dict[str, Callable[[], Any]] = {
        "original": functools.partial(sides.original.frame, features),
        "full": functools.partial(sides.full(n).frame, features),
        "bounded_int8": functools.partial(sides.bounded("int8", n).frame, features),
    }
    for name, run in runs.items():
        run()
        gc.collect()
        before = rss_bytes()
        for _ in range(sizes.growth_frames):
            run()
        gc.collect()
        figures[name] = {"kb_per_frame": round((rss_bytes() - before) / sizes.growth_frames / 1e3)}
    shape = sides.plain.card.decoder
    token = 2 * 4 * shape.layers * shape.kv_heads * shape.head_size
    return figures | {"kb_per_frame_of_keys_and_values": round(token * (sizes.tokens + 1) / 1e3)}


def rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def encoders(sizes: Sizes) -> dict[str, Encoder]:
    """Return the image encoder with each kind of weights."""
    made: dict[str, Encoder] = {}
    for kind in ("float32", *PACKED):
        torch.manual_seed(0)
        made[kind] = Encoder(sizes).eval()
        if kind != "float32":
            pack(made[kind], kind)  # type: ignore[arg-type]
    return made


def picture(sizes: Sizes) -> torch.Tensor:
    side = sizes.encoder["side_px"]
    return torch.randint(0, 256, (side, side, 3), dtype=torch.uint8)


@torch.inference_mode()
def encoder(sides: Sides) -> dict[str, Any]:
    """Measure the image encoder, a picture at a time and several together."""
    rgb, figures = picture(sides.sizes), {}
    made = encoders(sides.sizes)
    for count in (1, sides.sizes.together):
        runs = {k: functools.partial(net, [rgb] * count) for k, net in made.items()}
        found = timed(sides.sizes.repeats, runs)
        figures[f"pictures_{count}"] = {name: per(v, count) for name, v in found.items()}
    exact = made["float32"]([rgb])
    for kind in PACKED:
        error = (made[kind]([rgb]) - exact).norm() / exact.norm()
        figures[f"relative_error_{kind}"] = round(float(error), 5)
    return figures


@torch.inference_mode()
def whole(sides: Sides) -> dict[str, Any]:
    """Measure pictures in, decisions out; the original in one thread, ours with two."""
    sizes, figures = sides.sizes, {}
    nets, count = encoders(sizes), sizes.whole_frames
    pictures = [picture(sizes) for _ in range(count)]
    for n in sizes.whole_at:
        sides.original.jump(sizes, n)
        began = time.perf_counter()
        for rgb in pictures:
            sides.original.frame(nets["float32"]([rgb])[0])
        figures[f"frame_{n}"] = {"original": round(count / (time.perf_counter() - began), 3)}
        sides.original.caches = []
        for name, ours, kind in (
            ("full", sides.full(n, block=sizes.together), "float32"),
            ("bounded_f16", sides.bounded("f16", n, block=sizes.together), "f16"),
            ("bounded_int8", sides.bounded("int8", n, block=sizes.together), "int8"),
        ):
            fps = count / ahead_s(ours, nets[kind], pictures, sizes)
            figures[f"frame_{n}"][name] = round(fps, 3)
    return {"frames_per_s": figures}


def ahead_s(
    ours: Ours, net: Encoder, pictures: Sequence[torch.Tensor], sizes: Sizes
) -> float:  # fmt: skip
    """Return seconds until all pictures are encoded and decided upon."""
    ahead = Ahead(net, most=len(pictures), together=sizes.together)
    began = time.perf_counter()
    for rgb in pictures:
        ahead.put(0, 0.0, rgb.numpy())
    decided = 0
    while decided < len(pictures):
        for seen in ahead.take(wait_s=60.0):
            ours.feed(seen.features_ND)
        while ours.engine.has_work():
            decided += len(ours.step())
    took_s = time.perf_counter() - began
    ahead.close()
    return took_s


PARTS: dict[str, Callable[[Sides], dict[str, Any]]] = {
    "same": same, "steps": steps, "streams": streams, "first": first, "growth": growth,
    "encoder": encoder, "whole": whole,
}  # fmt: skip


def kept(name: str) -> Path:
    return common.RESULTS / f"{name}.parts.json"


def measured(name: str, sizes: Sizes, wanted: Sequence[str]) -> dict[str, Any]:
    """Measure the wanted parts; every part is kept as soon as it is done."""
    path, sides = kept(name), Sides(sizes)
    figures = json.loads(path.read_text()) if path.is_file() else {}
    for part in wanted:
        began = time.perf_counter()
        figures[part] = PARTS[part](sides)
        figures[part]["took_s"] = round(time.perf_counter() - began, 1)
        figures[part]["measured"] = {"at": common.BEGUN, "commit": common.COMMIT}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(figures))
        print(f"{part}: {figures[part]['took_s']} s", flush=True)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="parts, with commas between")
    parser.add_argument("--checkpoint", type=Path, help="a trained model, for `agreement`")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--name", help="of the results")
    args = parser.parse_args(arguments)
    section = "tiny" if args.tiny else "full"
    sizes = Sizes(**yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())[section])
    name = args.name or ("live-tiny" if args.tiny else "live")
    wanted = args.only.split(",") if args.only else list(PARTS)
    if unknown := set(wanted) - set(PARTS) - {"agreement"}:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    torch.set_num_threads(sizes.threads)
    figures = measured(name, sizes, [part for part in wanted if part != "agreement"])
    if args.checkpoint:
        figures["agreement"] = agreement(args.checkpoint)
        kept(name).write_text(json.dumps(figures))
    report(name, {"sizes": vars(sizes), "torch": torch.__version__}, figures)


if __name__ == "__main__":
    main()
