"""How often one address may ask and make things; who is too quick is told when to come back."""

from collections import OrderedDict
from collections.abc import Callable

from omnilive.core.clock import stopwatch
from omnilive.server.errors import Refusal

ADDRESSES = 4096  # remembered; the one that has been quiet longest is forgotten
RETRY_S = 30.0  # when something that is full may have room again: nobody knows


class Rate:
    """At most `per_minute` things a minute for each address, as many at once after a quiet one."""

    def __init__(self, per_minute: int, now: Callable[[], float] = stopwatch) -> None:
        self._per_s, self._burst, self._now = per_minute / 60, float(per_minute), now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many, when

    def take(self, address: str) -> None:
        """Count one thing; Refusal 429 when the address has used up its share."""
        now = self._now()
        left, at = self._left.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        self._left[address] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > ADDRESSES:
            self._left.popitem(last=False)
        if left < 1:
            wait_s = (1 - left) / self._per_s
            raise Refusal(
                429,
                "too_many",
                f"too many requests: try again in {max(1, round(wait_s))} s",
                retry_after_s=wait_s,
            )


def refuse_full(count: int, limit: int, what: str, setting: str) -> None:
    """Raise Refusal 429 when there are as many of something as may be."""
    if count >= limit:
        raise Refusal(
            429,
            "full",
            f"there are {count} {what} already, and no more are allowed (server.{setting})",
            retry_after_s=RETRY_S,
        )
