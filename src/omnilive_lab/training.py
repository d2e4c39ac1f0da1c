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
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import Optimizer

from omnilive.catalog.tensors import misfits, read_tensors, write_tensors
from omnilive.core.config import Config
from omnilive.core.errors import BackendError, ConfigError

STATE, METRICS = "state.safetensors", "metrics.jsonl"


@dataclass(slots=True)
class Run:
    """A training run in the folder `out`, and how many of its steps are done.

    Of several ranks that train together one writes; all must call `save`.
    """

    net: nn.Module
    optimizer: Optimizer
    config: Config
    out: Path
    step: int = 0
    writes: bool = True

    def save(self) -> None:
        """Write weights, optimizer and step."""
        tensors = _whole(self.net, self.optimizer)
        if self.writes:
            notes = {"config": self.config.model_dump_json(), "step": str(self.step)}
            write_tensors(self.out / STATE, tensors, notes)


def begin(
    net: nn.Module, optimizer: Optimizer, config: Config, out: Path, *, resume: bool,
    writes: bool = True,
) -> Run:  # fmt: skip
    """Return where to begin, with the saved weights in place when there are any.

    Raises ConfigError when OUT holds a run that `resume` was not asked for, or that had other
    settings. Lines of the metrics of steps after the save come again.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not resume:
        refuse_older(out)
    run, metrics = Run(net, optimizer, config, out, writes=writes), out / METRICS
    lines = []
    if (out / STATE).exists():
        tensors, notes = read_tensors(out / STATE)
        if (was := type(config).model_validate_json(notes["config"])) != config:
            names = [n for n in type(config).model_fields if getattr(was, n) != getattr(config, n)]
            raise ConfigError(f"the run in {out} had other settings ({', '.join(names)})")
        _restore(net, optimizer, tensors, out / STATE)
        run.step = int(notes["step"])
        lines = metrics.read_text().splitlines(keepends=True)[: run.step]
    if writes:
        metrics.write_text("".join(lines))
    return run


def refuse_older(out: Path) -> None:
    """Raise ConfigError when a folder holds a run that nobody asked to go on with."""
    if (out / STATE).exists():
        raise ConfigError(f"{out} holds a training run: go on with --resume, or name another")


def cosine(step: int, steps: int, warmup: int, lowest: float) -> float:
    """Return the share of the learning rate at a step: a line up, then a cosine to `lowest`."""
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * done))


class Log:
    """Appends lines to OUT/metrics.jsonl, each at once, and to TensorBoard where that is asked."""

    def __init__(self, out: Path, kind: str = "jsonl", *, writes: bool = True) -> None:
        self._file = open(out / METRICS, "a") if writes else None
        self._board = _board(out) if writes and kind == "tensorboard" else None

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        for log in (self._file, self._board):
            if log is not None:
                log.close()

    def write(self, line: Mapping[str, Any]) -> None:
        """Note what a step was like; its number is `line["step"]`."""
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        if self._board is not None:
            for name, value in line.items():
                self._board.add_scalar(f"train/{name}", value, line["step"])


def _board(out: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise ConfigError("log=tensorboard needs it: pip install tensorboard") from error
    return SummaryWriter(str(out))


def _whole(net: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """Return all tensors by name, gathered on the first rank where they are split over several."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights: dict[str, Any] = get_model_state_dict(net, options=options)
    tensors = {f"net.{name}": tensor for name, tensor in weights.items()}
    if optimizer.state:  # else to ask for it would make a first step
        moments: dict[str, Any] = get_optimizer_state_dict(net, optimizer, options=options)
        for name, values in moments.get("state", {}).items():
            tensors |= {f"optimizer.{name}.{which}": value for which, value in values.items()}
    return tensors


def _restore(
    net: nn.Module, optimizer: Optimizer, tensors: Mapping[str, Tensor], path: Path
) -> None:
    """Put a saved state back in its place."""
    weights: dict[str, Any] = {}
    moments: dict[str, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        if part == "net":
            weights[rest] = tensor
        else:
            parameter, which = rest.rsplit(".", 1)
            moments.setdefault(parameter, {})[which] = tensor
    shapes = ({name: t.shape for name, t in part.items()} for part in (weights, net.state_dict()))
    if problems := misfits(*shapes):
        raise BackendError(f"{path} does not fit the model: it {problems}")
    options = StateDictOptions(full_state_dict=True)
    set_model_state_dict(net, weights, options=options)
    if moments:
        groups = get_optimizer_state_dict(net, optimizer, options=options)["param_groups"]
        state: Any = {"state": moments, "param_groups": groups}
        some = StateDictOptions(full_state_dict=True, strict=False)
        set_optimizer_state_dict(net, optimizer, state, options=some)
        for name, parameter in net.named_parameters():
            if name not in moments:  # it never had a gradient: to ask for its state has made one
                optimizer.state.pop(parameter, None)
