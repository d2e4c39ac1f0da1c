"""What a sender must be, and what it can say about an attempt."""

from dataclasses import dataclass
from typing import Any, Protocol

from omnilive.core.errors import OmniLiveError


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One alert for one target. `key` is the same at every attempt, and for nothing else."""

    key: str
    target: dict[str, Any]
    alert: dict[str, Any]


class NotDelivered(OmniLiveError):
    """An attempt failed. `again`: another may succeed, after `retry_after_s` if that is given."""

    def __init__(
        self, reason: str, *, again: bool = True, retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.again, self.retry_after_s = again, retry_after_s


class Sender(Protocol):
    """Delivers to one kind of target."""

    async def send(self, parcel: Parcel) -> None:
        """Return once the receiver has taken it; NotDelivered otherwise."""
        ...
