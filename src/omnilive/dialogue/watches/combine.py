"""From a condition to its gate: one gate for each condition, those inside first.

What a slower medium tells late is put where it belongs: each gate compares stream times, not
the order in which it heard of things.
"""

from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.counts import TotalGate, ViewGate
from omnilive.dialogue.watches.gate import Gate, Setting, leaf
from omnilive.dialogue.watches.logic import AllGate, AnyGate, NotGate
from omnilive.dialogue.watches.sequence import SequenceGate
from omnilive.dialogue.watches.timed import AbsentGate, EveryGate, LastsGate


def build(condition: Any, setting: Setting, *, level: bool = False) -> Gate:
    """Return the gate of a condition and of all inside it; as a level, if it is asked for so."""

    def inner(part: Any, level: bool = False) -> Gate:
        return build(part, setting, level=level)

    match condition:
        case r.Absent():
            return AbsentGate(condition, setting, inner(condition.of, _has_level(condition.of)))
        case r.Lasts():
            return LastsGate(condition, setting, inner(condition.of, True))
        case r.Count() if condition.scope == "view":
            return ViewGate(condition, setting, inner(condition.of, True))
        case r.Count():
            return TotalGate(condition, setting, inner(condition.of))
        case r.Sequence():
            first, then = inner(condition.first), inner(condition.then)
            return SequenceGate(condition, setting, first, then)
        case r.All():
            return AllGate(condition, setting, *(inner(part) for part in condition.of))
        case r.Any_():
            return AnyGate(condition, setting, *(inner(part, level) for part in condition.of))
        case r.Not():
            return NotGate(condition, setting, inner(condition.of, True))
        case r.Every():
            return EveryGate(condition, setting)
        case _:
            return leaf(condition, setting, level=level)


def _has_level(condition: Any) -> bool:
    """Tell whether a condition can be asked for as a level: absence of speech cannot."""
    return not isinstance(condition, r.Speech | r.Caption | r.Sequence | r.Every)
