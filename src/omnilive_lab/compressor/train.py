"""Trains a compressor: one visible loop.

What a step sees depends on the seed and its number alone, so that a run that was killed goes on
to the very numbers that it would have had. The state is one file, written at once or not at all.

Shapes: B streams, K clips of each, T frames, N features of width D, Q questions of a stream.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from omnilive.core.clock import stopwatch
from omnilive.core.errors import BackendError
from omnilive.memory.compressor.backbone import SmallBackbone, hub_backbone
from omnilive.memory.compressor.model import Compressor, scores
from omnilive_lab.compressor.config import TrainConfig
from omnilive_lab.compressor.loss import retrieval_loss, soft_labels
from omnilive_lab.compressor.reels import Reel
from omnilive_lab.training import Log, begin, cosine

Report = Callable[[dict[str, Any]], None]


def new_compressor(config: TrainConfig) -> Compressor:
    """Return a compressor with the weights that a run starts from."""
    torch.manual_seed(config.seed)
    if config.shape.backbone == "hub":
        return Compressor(config.shape, hub_backbone(Path(config.backbone)))
    return Compressor(config.shape, SmallBackbone(config.shape))


def blended(net: Compressor, config: TrainConfig) -> None:
    """Move weights back towards those that training began with, as far as the settings say."""
    first = new_compressor(config).state_dict()
    with torch.no_grad():
        for name, weight in net.state_dict().items():
            weight.copy_(torch.lerp(first[name], weight, config.blend))


def train(
    net: Compressor, reels: Sequence[Reel], config: TrainConfig, out: Path, *,
    resume: bool = False, minutes: float = math.inf, report: Report = lambda line: None,
) -> bool:  # fmt: skip
    """Train `net` in place; return whether all steps were done within the minutes.

    Each step is one line of OUT/metrics.jsonl and one call of `report`. ConfigError when OUT
    holds a run that `resume` was not asked for, or that had other settings.
    """
    # 1) the state of the run
    torch.use_deterministic_algorithms(True)
    began = stopwatch()
    net.train()
    optimizer = torch.optim.AdamW(
        net.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    run = begin(net, optimizer, config, out, resume=resume)
    with Log(out) as log:
        while run.step < config.steps:
            if stopwatch() - began > minutes * 60:
                run.save()
                return False
            # 2) forward and loss
            rate = config.learning_rate * cosine(run.step, config.steps, config.warmup, 0.1)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss, hits, asked = loss_of(net, reels, config, run.step)
            # 3) backward and update
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip_norm)
            if not math.isfinite(norm.item()):
                raise BackendError(f"training diverged at step {run.step}: lower the learning rate")
            optimizer.step()
            run.step += 1
            # 4) what it was like
            line = {
                "step": run.step, "loss": loss.item(), "recall_at_1": hits / asked,
                "norm": norm.item(), "learning_rate": rate,
            }  # fmt: skip
            log.write(line)
            report(line)
            if run.step % config.save_every == 0 or run.step == config.steps:
                run.save()
    return True


def loss_of(
    net: Compressor, reels: Sequence[Reel], config: TrainConfig, step: int
) -> tuple[Tensor, int, int]:
    """Return the loss of one step, how many questions found their clip first, and of how many."""
    rng = np.random.default_rng([config.seed, step])
    parts = [part_of(reels, config, rng) for _ in range(config.batch)]
    count = min(len(part.spans_K2) for part in parts)
    # 2a) compression: as published without a gradient
    with torch.set_grad_enabled(config.gradient == "full"):
        tokens = net.compress(
            _stacked([p.values_KTND[:count].astype(np.float32) for p in parts]),
            _stacked([p.mask_KTN[:count] for p in parts]),
            _stacked([p.spans_K2[:count] for p in parts]),
        )
    # 2b) the joint pass: integration and retrieval
    longterm_BKC = net.integrate_all(tokens, count)
    globals_BKC = tokens.globals_BC.unflatten(0, (-1, count))
    losses, hits, asked = [], 0, 0
    for part, globals_KC, longterm_KC in zip(parts, globals_BKC, longterm_BKC, strict=True):
        sought_QC = net.ask(longterm_KC, part.questions)
        found_QK = scores(sought_QC, net.targets(globals_KC, longterm_KC))
        shared_QK = torch.from_numpy(part.shared_QK[:, :count])
        losses.append(retrieval_loss(found_QK, soft_labels(shared_QK)))
        best_Q = found_QK.argmax(dim=1)
        hits += int((shared_QK[torch.arange(len(best_Q)), best_Q] > 0).sum())
        asked += len(best_Q)
    return torch.stack(losses).mean(), hits, asked


def part_of(reels: Sequence[Reel], config: TrainConfig, rng: np.random.Generator) -> Reel:
    """Return consecutive clips of one stream, and questions whose answers lie in them."""
    reel = reels[int(rng.integers(len(reels)))]
    total = len(reel.spans_K2)
    count = min(config.clips, total)
    # Around the answer of some question, so that there is one at least.
    answer = int(rng.choice(np.flatnonzero(reel.shared_QK[rng.integers(len(reel.asks))])))
    lowest, highest = max(0, answer - count + 1), min(answer, total - count)
    first = int(rng.integers(lowest, highest + 1))
    inside = slice(first, first + count)
    able = np.flatnonzero(reel.shared_QK[:, inside].any(axis=1))
    chosen = rng.permutation(able)[: config.questions]
    return Reel(
        reel.values_KTND[inside], reel.mask_KTN[inside], reel.spans_K2[inside],
        tuple(reel.questions[q] for q in chosen), reel.shared_QK[chosen][:, inside],
        tuple(reel.asks[q] for q in chosen),
    )  # fmt: skip


def _stacked(arrays: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays))
