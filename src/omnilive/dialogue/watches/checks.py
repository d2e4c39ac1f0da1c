"""The second stage: candidates wait in a bounded queue for a policy with a budget of its own.

Nothing here can hold up perception: candidates are stored first, the queue drops to a documented
answer when it is full, and a check that takes too long is answered without it.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from omnilive.core.clock import stopwatch
from omnilive.core.errors import OmniLiveError
from omnilive.core.worker import Worker
from omnilive.dialogue.watches.book import Book
from omnilive.dialogue.watches.config import WatchesConfig
from omnilive.dialogue.watches.engine import URGENCY
from omnilive.dialogue.watches.policy import Case, Policy, Verdict
from omnilive.memory.watches import CandidateRow

RECENT, RECENT_S = 5, 30.0  # alerts of the watch that a policy is shown: so many, not older
PICTURES = 4
Line = dict[str, Any]
Call = Callable[..., Awaitable[Any]]


class Checker:
    """Decides the candidates of one book, most urgent first."""

    def __init__(
        self,
        book: Book,
        config: WatchesConfig,
        make: Callable[[], Policy],
        call: Call,
        tell: Callable[[Line], None],
    ) -> None:
        """`make` loads the policy, on its worker; `call` runs what touches the store."""
        self._book, self._config, self._make = book, config, make
        self._call, self._tell = call, tell
        self._worker = Worker("watch-check")
        self._policy: Policy | None = None
        self._heap: list[tuple[int, int]] = []  # (rank of urgency, candidate)
        self._waiting = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._overdue: asyncio.Future[Verdict] | None = None

    def offer(self, candidate: int, urgency: str) -> int | None:
        """Queue a candidate; return the one that found no room, to be decided unchecked."""
        if any(id == candidate for _, id in self._heap):
            return None
        heapq.heappush(self._heap, (URGENCY.index(urgency), candidate))
        lost = None
        if len(self._heap) > self._config.queue:
            # The least urgent, and of those the one that has waited longest.
            worst = max(self._heap, key=lambda entry: (entry[0], -entry[1]))
            self._heap.remove(worst)
            heapq.heapify(self._heap)
            lost = worst[1]
        self._waiting.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return lost

    async def idle(self) -> None:
        """Return when nothing waits to be checked."""
        while self._task is not None and not self._task.done():
            await asyncio.gather(self._task, return_exceptions=True)

    async def close(self) -> None:
        """Stop; what waits is kept in the store and checked when the session is opened again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._worker.close()

    async def unchecked(self, candidate: int, reason: str) -> None:
        """Decide a candidate by the setting `unchecked`."""
        speak = self._config.unchecked == "fire"
        verdict = {"policy": "", "reason": reason, "scores": {}, "check_s": 0.0}
        for line in await self._call(self._book.decide, candidate, speak, verdict):
            self._tell(line)

    async def _run(self) -> None:
        while self._heap:
            _, id = heapq.heappop(self._heap)
            row = await self._call(self._book.table.candidate, id)
            if row is not None:
                await self._check(row)

    async def _check(self, row: CandidateRow) -> None:
        began = stopwatch()
        try:
            if self._overdue is not None and not self._overdue.done():
                raise TimeoutError  # the check before is still at it
            case = await self._call(case_of, self._book, row)
            deciding = asyncio.ensure_future(self._worker.call(self._decide, case))
            self._overdue = deciding
            async with asyncio.timeout(self._config.timeout_s):
                verdict = await asyncio.shield(deciding)
        except TimeoutError:
            reason = f"the check took longer than {self._config.timeout_s:g} s"
            return await self.unchecked(row.id, reason)
        except OmniLiveError as error:
            return await self.unchecked(row.id, f"the check failed: {error}")
        except Exception as error:  # a model's library raises what it likes
            return await self.unchecked(
                row.id, f"the check failed: {type(error).__name__}: {error}"
            )
        assert self._policy is not None
        body = {
            "policy": self._policy.name, "reason": verdict.reason, "text": verdict.text,
            "scores": dict(verdict.scores), "check_s": round(stopwatch() - began, 3),
        }  # fmt: skip
        for line in await self._call(self._book.decide, row.id, verdict.speak, body):
            self._tell(line)

    def _decide(self, case: Case) -> Verdict:
        if self._policy is None:
            self._policy = self._make()
        return self._policy.decide(case)


def case_of(book: Book, row: CandidateRow) -> Case:
    """Return what a policy is shown of a candidate: pictures and what was told before."""
    alert: Mapping[str, Any] = row.body["alert"]
    rule: Mapping[str, Any] = row.body["rule"]
    evidence = alert["evidence"]
    paths = dict.fromkeys([alert.get("keyframe"), *(e["keyframe"] for e in evidence)])
    files = [book.store.folder / path for path in paths if path]
    since_s = float(row.body["t"]) - RECENT_S
    told = [line["text"] for line in book.table.recent_alerts(row.watch, since_s, RECENT)]
    return Case(
        t=float(row.body["t"]),
        wanted=str(rule.get("text") or alert["rule"]),
        happened=str(alert["text"]),
        evidence=tuple(evidence),
        pictures=tuple(f.read_bytes() for f in files[:PICTURES] if f.is_file()),
        recent=tuple(told),
    )
