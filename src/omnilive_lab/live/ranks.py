"""Several processes that train one model, started by torchrun: data-parallel, weights sharded.

Each rank learns its part of every batch. Weights, gradients and the optimizer's state are split
over the ranks (FSDP2, torch.distributed.fsdp.fully_shard), gradients are averaged.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from omnilive.live.model import LiveModel
from omnilive_lab.live.batches import parts_of


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which process this is, of how many, and where it computes."""

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def is_first(self) -> bool:
        """Whether this process writes what is written once."""
        return self.rank == 0

    def shard(self, model: LiveModel) -> None:
        """Move a model to where it is trained, and split it over the ranks."""
        model.to(self.device)
        if self.size == 1:
            return
        mesh = init_device_mesh(self.device.type, (self.size,))
        for layer in model.decoder.layers:
            fully_shard(layer, mesh=mesh)
        # The whole decoder and the connector are called in parts, so they are one group.
        fully_shard(model, mesh=mesh)

    def own(self, chosen: list[int], lengths: Sequence[int], batch_tok: int) -> list[list[int]]:
        """Return the parts of a batch that this rank learns, as many as every other has.

        Where it has fewer, the rest are empty: all ranks must go through the model together.
        """
        parts = [parts_of(chosen[r :: self.size], lengths, batch_tok) for r in range(self.size)]
        own = parts[self.rank]
        return own + [[]] * (max(map(len, parts)) - len(own))

    def summed(self, value: float) -> float:
        """Return the sum over the ranks; all of them must call it."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.item()


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the other processes of a torchrun for a while; alone where there are none."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    has_gpu = torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if has_gpu else torch.device("cpu")
    if has_gpu:
        torch.cuda.set_device(device)
    if size == 1:
        yield Ranks(device=device)
        return
    dist.init_process_group("nccl" if has_gpu else "gloo")
    try:
        yield Ranks(dist.get_rank(), size, device)
    finally:
        dist.destroy_process_group()


def full(value: Tensor) -> Tensor:
    """Return a value that may be split over the ranks as a whole."""
    whole = getattr(value, "full_tensor", None)
    return value if whole is None else whole()
