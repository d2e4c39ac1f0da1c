"""One search over several sessions: the cameras of a place, or all that is remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from omnilive.core.errors import ConfigError
from omnilive.core.events import Evidence
from omnilive.memory.library import Library
from omnilive.memory.recall import Hit, View
from omnilive.memory.wall import WallClock

MOST = 64  # sessions that one question may go to


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was found in one session, with the Unix time at which it was."""

    session: str
    evidence: Evidence
    wall_s: float
    strength: float


def chosen(library: Library, names: Sequence[str] | None) -> list[str]:
    """Return the sessions to ask: those named, each once, or every one that is stored.

    ConfigError for one that there is not, for none at all, and for more than MOST.
    """
    stored = library.names()
    wanted = list(dict.fromkeys(names)) if names is not None else stored
    unknown = [name for name in wanted if name not in stored]
    if unknown:
        known = ", ".join(stored) or "none yet: `omnilive watch FILE` makes one"
        raise ConfigError(f"no session {unknown[0]!r}; stored sessions: {known}")
    if not wanted:
        raise ConfigError("there is no session to ask: `omnilive watch FILE` makes one")
    if len(wanted) > MOST:
        raise ConfigError(f"{len(wanted)} sessions: name {MOST} at most")
    return wanted


def found_in(session: str, view: View, hits: Sequence[Hit], clock: WallClock) -> list[Found]:
    """Return the hits of one session as they are told among those of others."""
    return [
        Found(
            session, replace(view.evidence(hit.fact, hit.strength), session=session),
            clock.wall(hit.fact.start_s), hit.strength,
        )
        for hit in hits
    ]  # fmt: skip


def ranked(found: Mapping[str, Sequence[Found]], limit: int, nth: int | None = None) -> list[Found]:
    """Return the best of all sessions, best first; what is as sure, the newest first.

    Each session's own list is ordered already; ranks of different sessions cannot be compared, so
    how sure each find is decides. With `nth`, the first (0) or last (-1) in time of each
    session's first find comes first.
    """
    every = [item for items in found.values() for item in items]
    ordered = sorted(every, key=lambda item: (-round(item.strength, 2), -item.wall_s))
    if nth is not None:
        heads = [items[0] for items in found.values() if items]
        best = max((item.strength for item in heads), default=0.0)
        sure = [item for item in heads if item.strength >= 0.75 * best]
        sure.sort(key=lambda item: item.wall_s, reverse=nth < 0)
        ordered = sure[:1] + [item for item in ordered if item not in sure[:1]]
    return ordered[:limit]
