"""What every training run does the same: its state on disk, and the learning rate of a step.

The state is one safetensors file, written at once or not at all, so that a run that was killed at
any moment goes on to the very numbers that it would have had.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from omnilive.catalog.tensors import misfits, read_tensors, write_tensors
from omnilive.core.config import Config
from omnilive.core.errors import BackendError, ConfigError

STATE, METRICS = "state.safetensors", "metrics.jsonl"


@dataclass(slots=True)
class Run:
    """A training run in the folder `out`, and how many of its steps are done."""

    net: nn.Module
    optimizer: Optimizer
    config: Config
    out: Path
    step: int = 0

    def save(self) -> None:
        """Write weights, optimizer and step."""
        save_state(self.out / STATE, self.net, self.optimizer, self.config, self.step)


def begin(net: nn.Module, optimizer: Optimizer, config: Config, out: Path, *, resume: bool) -> Run:
    """Return where to begin, with the saved weights in place when there are any.

    Raises ConfigError when OUT holds a run that `resume` was not asked for, or that had other
    settings. Lines of the metrics of steps after the save come again.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not resume:
        refuse_older(out)
    run, metrics = Run(net, optimizer, config, out), out / METRICS
    if not (out / STATE).exists():
        metrics.unlink(missing_ok=True)
        return run
    tensors, notes = read_tensors(out / STATE)
    if (was := type(config).model_validate_json(notes["config"])) != config:
        names = [n for n in type(config).model_fields if getattr(was, n) != getattr(config, n)]
        raise ConfigError(f"the run in {out} had other settings ({', '.join(names)})")
    restore(net, optimizer, tensors, out / STATE)
    run.step = int(notes["step"])
    lines = metrics.read_text().splitlines(keepends=True)[: run.step]
    metrics.write_text("".join(lines))
    return run


def refuse_older(out: Path) -> None:
    """Raise ConfigError when a folder holds a run that nobody asked to go on with."""
    if (out / STATE).exists() or (out / METRICS).exists():
        raise ConfigError(f"{out} holds a training run: go on with --resume, or name another")


def cosine(step: int, steps: int, warmup: int, lowest: float) -> float:
    """Return the share of the learning rate at a step: a line up, then a cosine to `lowest`."""
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * done))


def save_state(path: Path, net: nn.Module, optimizer: Optimizer, config: Config, step: int) -> None:
    """Write the state of a run."""
    tensors = {f"net.{name}": tensor for name, tensor in net.state_dict().items()}
    for i, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{name}": tensor for name, tensor in values.items()}
    write_tensors(path, tensors, {"config": config.model_dump_json(), "step": str(step)})


def restore(
    net: nn.Module, optimizer: Optimizer, tensors: Mapping[str, Tensor], path: Path
) -> None:
    """Put a saved state back in its place."""
    saved: dict[str, dict[str, Tensor]] = {"net": {}, "optimizer": {}}
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        saved[part][rest] = tensor
    shapes = (
        {name: t.shape for name, t in part.items()} for part in (saved["net"], net.state_dict())
    )
    if problems := misfits(*shapes):
        raise BackendError(f"{path} does not fit the model: it {problems}")
    net.load_state_dict(saved["net"])
    values: dict[int, dict[str, Any]] = {}
    for name, tensor in saved["optimizer"].items():
        i, which = name.split(".", 1)
        values.setdefault(int(i), {})[which] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": values, "param_groups": groups})


def write_line(file: Any, line: Mapping[str, Any]) -> None:
    """Append a line of metrics, so that it is there whatever comes next."""
    file.write(json.dumps(line) + "\n")
    file.flush()
