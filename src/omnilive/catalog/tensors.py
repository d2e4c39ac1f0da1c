"""Tensors in safetensors files, and errors that name those which do not fit. Needs torch.

Pickles are never read: whoever offers one is told so.
"""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from omnilive.core.errors import BackendError

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_NAMED = 5  # tensors that an error names


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the notes of a safetensors file."""
    with _opened(path) as file:
        names = file.keys()
        return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})


def read_shapes(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Return the shape of each tensor of safetensors files, without reading the tensors."""
    shapes: dict[str, list[int]] = {}
    for path in paths:
        with _opened(path) as file:
            shapes |= {name: file.get_slice(name).get_shape() for name in file.keys()}
    return shapes


def each_tensor(paths: Iterable[Path]) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of safetensors files one by one, so that one at a time is in memory."""
    for path in paths:
        with _opened(path) as file:
            for name in file.keys():
                yield name, file.get_tensor(name)


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    if not path.is_file():
        refuse_pickles(path.parent)
        raise BackendError(f"{path} is missing")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise BackendError(f"{path} is no safetensors file, or is damaged: {error}") from error


def write_tensors(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> None:
    """Write tensors and notes as one file, at once or not at all."""
    part = path.with_name(path.name + ".part")
    save_file({name: t.contiguous() for name, t in tensors.items()}, part, dict(notes))
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def misfits(found: Mapping[str, Sequence[int]], wanted: Mapping[str, Sequence[int]]) -> str:
    """Return what is wrong with shapes by name, as "lacks a; has beyond the model b"; or ""."""
    shapes = (
        f"{name} {list(found[name])} instead of {list(wanted[name])}"
        for name in wanted.keys() & found.keys()
        if list(found[name]) != list(wanted[name])
    )
    problems = [
        *_listed("lacks", wanted.keys() - found.keys()),
        *_listed("has beyond the model", found.keys() - wanted.keys()),
        *_listed("has in another shape", shapes),
    ]
    return "; it ".join(problems)


def refuse_pickles(folder: Path) -> None:
    """Raise BackendError where a folder holds pickles."""
    found = sorted(p.name for p in folder.glob("*") if p.suffix in PICKLES)
    if found:
        raise BackendError(
            f"{folder} holds {', '.join(found)}: pickles can run code and are not read; "
            "convert them to model.safetensors"
        )


def _listed(what: str, names: Iterable[str]) -> list[str]:
    found = sorted(names)
    if not found:
        return []
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return [f"{what} {', '.join(found[:_NAMED])}{more}"]
