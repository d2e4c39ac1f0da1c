"""Trains a LIVE model: one visible loop.

What a step sees depends on the seed and its number alone, so that a run that was killed goes on
to the very numbers that it would have had.

Shape legend: B sequences, L tokens, F frames of a batch, N tokens of a frame, D feature width.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from omnilive.core.clock import stopwatch
from omnilive.core.errors import BackendError
from omnilive.live.model import LiveModel
from omnilive.live.template import Template
from omnilive_lab.live.batches import batch_of
from omnilive_lab.live.config import TrainConfig
from omnilive_lab.live.lora import add_lora
from omnilive_lab.live.objective import loss_sum
from omnilive_lab.live.ranks import Ranks, full, joined
from omnilive_lab.live.sequences import IGNORED, Laid
from omnilive_lab.training import Log, begin, cosine

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A dialogue as it is learned, and the features (T, N, D) of its frames."""

    laid: Laid
    frames_TND: np.ndarray


def train(
    model: LiveModel, lessons: Sequence[Lesson], config: TrainConfig, out: Path, *,
    resume: bool = False, minutes: float = math.inf, report: Report = lambda line: None,
) -> bool:  # fmt: skip
    """Train `model` in place; return whether all steps were done within the minutes.

    Each step is one line of OUT/metrics.jsonl and one call of `report`. ConfigError when OUT
    holds a run that `resume` was not asked for, or that had other settings.
    """
    with joined() as ranks:
        return _train(model, lessons, config, out, resume, minutes, report, ranks)


def _train(
    model: LiveModel, lessons: Sequence[Lesson], config: TrainConfig, out: Path, resume: bool,
    minutes: float, report: Report, ranks: Ranks,
) -> bool:  # fmt: skip
    # 1) the state of the run
    began = stopwatch()
    torch.manual_seed(config.seed)
    if config.lora_rank:
        add_lora(model.decoder, config.lora_rank, config.lora_alpha, config.lora_dropout)
    model.decoder.checkpointing = config.checkpointing
    ranks.shard(model.train())
    optimizer = torch.optim.AdamW(groups_of(model, config.weight_decay), config.learning_rate)
    run = begin(model, optimizer, config, out, resume=resume, writes=ranks.is_first)
    lengths = [len(lesson.laid) for lesson in lessons]
    warmup = round(config.warmup * config.steps)
    with Log(out, config.log, writes=ranks.is_first) as log:
        while run.step < config.steps:
            if ranks.summed(stopwatch() - began > minutes * 60):
                run.save()
                return False
            step_began = stopwatch()
            # Of dropout and noise: what a step draws depends on its number alone.
            torch.manual_seed((config.seed * 1_000_003 + run.step) * ranks.size + ranks.rank)
            rate = config.learning_rate * cosine(run.step, config.steps, warmup, 0.0)
            for group in optimizer.param_groups:
                group["lr"] = rate
            chosen = batch_of(lengths, config.batch, config.seed, run.step)
            learned = sum(int((lessons[i].laid.labels_L != IGNORED).sum()) for i in chosen)
            # 2) forward, loss and backward, part by part
            optimizer.zero_grad(set_to_none=True)
            loss = 0.0
            for part in ranks.own(chosen, lengths, config.batch_tok):
                share = loss_of(model, [lessons[i] for i in part or chosen[:1]], config)
                share = share * bool(part) / max(1, learned)
                (share * ranks.size).backward()  # the ranks' gradients are averaged
                loss += share.item()
            # 3) update
            norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
            norm = full(norm).item()
            if not math.isfinite(norm):
                raise BackendError(f"training diverged at step {run.step}: lower the learning rate")
            optimizer.step()
            run.step += 1
            # 4) what it was like
            line = {
                "step": run.step, "loss": ranks.summed(loss), "norm": norm, "learning_rate": rate,
                "tokens": sum(lengths[i] for i in chosen), "s": round(stopwatch() - step_began, 4),
            }  # fmt: skip
            log.write(line)
            report(line)
            if run.step % config.save_every == 0 or run.step == config.steps:
                run.save()
    return True


def loss_of(model: LiveModel, lessons: Sequence[Lesson], config: TrainConfig) -> Tensor:
    """Return the summed loss of some dialogues."""
    device = next(model.parameters()).device
    ids_BL, labels_BL, frames_FND = (part.to(device) for part in collated(lessons))
    learned_BL, is_frame_BL = labels_BL != IGNORED, ids_BL == model.template.frame
    if config.word_noise:
        ids_BL = with_noise(ids_BL, labels_BL, model.template, config.word_noise)
    with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16"):
        logits_KV = model(ids_BL, frames_FND, learned_BL)
    return loss_sum(logits_KV, labels_BL[learned_BL], is_frame_BL[learned_BL], config.stream_weight)


def collated(lessons: Sequence[Lesson]) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids (B, L) and labels (B, L), filled up at the end, and the frames in their order."""
    length = max(len(lesson.laid) for lesson in lessons)
    ids_BL = torch.zeros(len(lessons), length, dtype=torch.long)
    labels_BL = torch.full((len(lessons), length), IGNORED)
    for row, lesson in enumerate(lessons):
        ids_BL[row, : len(lesson.laid)] = torch.from_numpy(lesson.laid.ids_L)
        labels_BL[row, : len(lesson.laid)] = torch.from_numpy(lesson.laid.labels_L)
    frames = [lesson.frames_TND[: lesson.laid.frames] for lesson in lessons]
    return ids_BL, labels_BL, torch.from_numpy(np.concatenate(frames).astype(np.float32))


def with_noise(ids_BL: Tensor, labels_BL: Tensor, template: Template, share: float) -> Tensor:
    """Return the ids with a share of the replies' words exchanged for others of the batch.

    What is to be said next must then be seen, and cannot be told from the words before it alone.
    """
    before_BL, after_BL = ids_BL[:, :-1], ids_BL[:, 1:]
    is_word_BL = torch.zeros_like(ids_BL, dtype=torch.bool)
    is_word_BL[:, 1:] = (
        (labels_BL[:, :-1] == after_BL) & (after_BL != template.eos) & (before_BL != template.frame)
    )
    words = ids_BL[is_word_BL]
    others = words[torch.randperm(len(words), device=words.device)]
    noisy = ids_BL.clone()
    noisy[is_word_BL] = torch.where(
        torch.rand(len(words), device=words.device) < share, others, words
    )
    return noisy


def groups_of(net: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return what is trained: matrices decay, norms and biases do not."""
    trained = [p for p in net.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
