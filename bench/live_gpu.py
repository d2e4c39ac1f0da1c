"""The live engine on a GPU, with weights of the shape of Llama-3-8B in bfloat16 (random ones).

    python bench/live_gpu.py                 1 to 32 streams, at frames 100, 1200 and 5000
    python bench/live_gpu.py --dry-run       tiny sizes on the CPU, to see that it runs

A step reads all weights once, and for each stream the keys and values of its window: the time that
takes at the memory's bandwidth is the limit that `of_limit` is a share of. The bandwidth is that
of a copy measured in the same run, or --bandwidth. `compiled` is the same with the feed-forward
parts and norms through torch.compile.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import torch
from common import report, spread
from live_sides import Ours, Sizes, byte_tokenizer
from torch import nn

from omnilive.live.compiled import compiled
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.decoder import Decoder
from omnilive.live.model import LiveModel

LLAMA_3_8B = {
    "vocab": 128_256, "width": 4096, "layers": 32, "heads": 32, "kv_heads": 8, "head_size": 128,
    "inner": 14_336, "rope_base": 500_000.0, "norm_eps": 1e-5, "tied": False,
}  # fmt: skip
TINY = {
    "vocab": 300, "width": 64, "layers": 2, "heads": 4, "kv_heads": 2, "head_size": 16,
    "inner": 96, "tied": False,
}  # fmt: skip
FULL_AT, TINY_AT = [100, 1200, 5000], [4, 20]
COPY_BYTES = 2 << 30


def sizes_of(shape: dict[str, Any], window_tok: int, threads: int) -> Sizes:
    return Sizes(
        threads=threads, repeats=0, frames=[], streams=[], streams_at=[], first_at=[],
        growth_frames=0, whole_at=[], whole_frames=0, same_frames=0, same_at=[],
        window_tok=window_tok, sinks_tok=64 if window_tok > 1000 else 4, block=1, together=1,
        tokens=10, decoder=shape, encoder={"width": 1024},
    )  # fmt: skip


def random_model(sizes: Sizes, device: str, dtype: torch.dtype) -> LiveModel:
    """Return a model with random weights that were never on another device."""
    shape = DecoderShape(**sizes.decoder)
    card = Card(decoder=shape, bos="<s>", eos="</s>", system="S\n",
                frame=FrameShape(encoder="hub", width=sizes.encoder["width"], grid=3))  # fmt: skip
    with torch.device("meta"):
        model = LiveModel(card, byte_tokenizer(), Decoder(shape))
    model = model.to(dtype).to_empty(device=device)
    for name, weight in model.named_parameters():
        nn.init.ones_(weight) if "norm" in name else nn.init.normal_(weight, std=0.02)
    model.decoder.fuse()
    return model.eval()


def weight_bytes(model: LiveModel) -> int:
    """Return the bytes of weights that a step reads: all but the table of embeddings."""
    embeddings = 0 if model.decoder.lm_head is None else model.decoder.embed_tokens.weight.nbytes
    return sum(w.nbytes for w in model.parameters()) - embeddings


def window_bytes(model: LiveModel, sizes: Sizes, frame: int) -> int:
    """Return the bytes of keys and values that a step reads of one stream."""
    shape, like = model.card.decoder, model.connector.first.weight
    seen = min(frame * (sizes.tokens + 1), sizes.sinks_tok + sizes.window_tok)
    return 2 * seen * shape.layers * shape.kv_heads * shape.head_size * like.element_size()


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def bandwidth(device: str, size: int = COPY_BYTES) -> float:
    """Return bytes a second of a copy, read and written counted both."""
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target, best = torch.empty_like(source), 0.0
    for _ in range(5):
        wait(device)
        began = time.perf_counter()
        target.copy_(source)
        wait(device)
        best = max(best, 2 * size / (time.perf_counter() - began))
    return best


def step_ms(ours: Ours, features: torch.Tensor, repeats: int, device: str) -> list[float]:
    """Return milliseconds of steps in which every stream gets a frame."""
    found = []
    for _ in range(repeats + 2):
        ours.feed(features)
        wait(device)
        began = time.perf_counter()
        ours.step()
        wait(device)
        found.append(1e3 * (time.perf_counter() - began))
    return found[2:]


@torch.inference_mode()
def measured(
    model: LiveModel, sizes: Sizes, frames: Sequence[int], streams: Sequence[int], repeats: int,
    device: str, bytes_per_s: float,
) -> dict[str, Any]:  # fmt: skip
    """Return the table: a row for each number of streams at each frame."""
    features = torch.randn(sizes.tokens, sizes.encoder["width"])
    figures: dict[str, Any] = {}
    for count in streams:
        ours = Ours(model, sizes, bounded=True, streams=count)
        for frame in frames:
            row = spread(step_ms(ours.jump(frame), features, repeats, device))
            read = weight_bytes(model) + count * window_bytes(model, sizes, frame)
            limit_ms = 1e3 * read / bytes_per_s
            figures[f"streams_{count}_frame_{frame}"] = row | {
                "frames_per_s": round(1e3 * count / row["median"], 1),
                "limit_ms": round(limit_ms, 4),
                "of_limit": round(limit_ms / row["median"], 3),
                "cache_gb": round(ours.engine.nbytes / 1e9, 3),
            }
        del ours
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes, on the CPU")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--window", type=int, default=4096, help="tokens")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--bandwidth", type=float, help="GB/s of the memory, instead of measuring")
    parser.add_argument("--name", help="of the results")
    args = parser.parse_args(arguments)
    if args.dry_run:
        torch.set_num_threads(1)
        device, dtype, shape, frames, window = "cpu", torch.float32, TINY, TINY_AT, 128
    elif torch.cuda.is_available():
        device, dtype, shape, frames = "cuda", torch.bfloat16, LLAMA_3_8B, FULL_AT
        window = args.window
    else:
        parser.error("no GPU is to be seen: take a machine with one, or --dry-run")
    sizes = sizes_of(shape, window, 1)
    model = random_model(sizes, device, dtype)
    copied = COPY_BYTES if device == "cuda" else COPY_BYTES >> 6
    bytes_per_s = 1e9 * args.bandwidth if args.bandwidth else bandwidth(device, copied)
    rest = (sizes, frames, args.streams, args.repeats, device, bytes_per_s)
    figures = {"bandwidth_gb_s": round(bytes_per_s / 1e9, 1), "plain": measured(model, *rest)}
    if device == "cuda":
        figures["compiled"] = measured(compiled(model), *rest)
    settings = {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "torch": torch.__version__, "type": str(dtype), "shape": shape, "window_tok": window,
        "repeats": args.repeats, "weights_gb": round(weight_bytes(model) / 1e9, 3),
    }  # fmt: skip
    report(args.name or ("live_gpu_dry" if args.dry_run else "live_gpu"), settings, figures)


if __name__ == "__main__":
    main()
