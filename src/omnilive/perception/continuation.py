"""What an interrupted source has left open, so that watching it goes on instead of beginning."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenObject:
    """An object that was in view when watching broke off; `data` is that of its percept."""

    start_s: float
    end_s: float
    confidence: float
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """Where numbering goes on and what was still there. The default begins a new source."""

    next_number: int = 0
    objects: tuple[OpenObject, ...] = ()
