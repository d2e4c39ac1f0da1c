"""What the memory says about a question, before any language model has touched it."""

from dataclasses import dataclass

from omnilive.memory.base import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An answer computed from facts: its wording, its evidence, and whether it is one at all.

    `direct` means that the text answers the question itself; otherwise it is the evidence
    quoted, and a language model may try to say it shorter. `now` means that it is about the
    present picture, which is its evidence.
    """

    text: str
    evidence: tuple[Fact, ...] = ()
    supported: bool = True
    direct: bool = True
    now: bool = False


def clock(t: float) -> str:
    """Return a stream time as people read it: 0:07, 12:30, 1:02:03."""
    seconds = max(0, int(t))
    if seconds >= 3600:
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 60}:{seconds % 60:02d}"


def moment(t: float) -> str:
    """Return a stream time with its seconds: "0:07 (7.3 s)"."""
    return f"{clock(t)} ({t:.1f} s)"


def span(start_s: float, end_s: float) -> str:
    """Return a stretch of stream time: "0:07–0:12"."""
    return f"{clock(start_s)}–{clock(end_s)}"
