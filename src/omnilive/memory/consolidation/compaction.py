"""Keeps a session inside its budget: a bounded amount of work in the transaction of each write.

There is no pass over everything: what came is priced, and as long as there is too much of
something, the cheapest step is taken, up to STEPS and twice what came with the write. So an old
store is taken up, and a smaller budget reached, a few rows with each write. A step is there as a
whole or not at all, since it is part of the write's transaction.
"""

from dataclasses import dataclass
from typing import NamedTuple

from omnilive.memory.consolidation.budget import BudgetConfig, Usage
from omnilive.memory.consolidation.calendar import Calendar
from omnilive.memory.consolidation.episodes import Episodes, Order
from omnilive.memory.consolidation.interest import Interest
from omnilive.memory.consolidation.pictures import Pictures
from omnilive.memory.consolidation.rarity import Seen
from omnilive.memory.consolidation.trim import trim
from omnilive.memory.control.pins import pinned
from omnilive.memory.spans import Span
from omnilive.memory.store import Store

STEPS = 64  # rows priced, steps taken, pictures dropped in one write, beyond what came with it
SHARE = 64  # it is counted anew when this part of a budget has come since
TOGETHER = 2000  # that part of the lines of the log goes at once
ROW_BYTES = 3000  # of a row with its words and vectors, at most, on the whole
HALF_LIFE = "half_life_s"  # a row of `meta`: the half-life that the costs are for
_TABLES = (("moments", "moment", "id"), ("facts", "fact", "id"), ("log_lines", "log", "seq"))


class Fresh(NamedTuple):
    """A row whose text is new: its vectors are to follow."""

    table: str
    id: int
    start_s: float
    text: str


@dataclass(slots=True)
class Counter:
    """Knows how much a store holds: counted now and then, and what came since added.

    What others delete since is found at the next count, so that it may say too much, by 1 / SHARE
    of a budget at most.
    """

    store: Store
    budget: BudgetConfig
    came: int = 0  # rows, since the last look
    _usage: Usage | None = None
    _newest: dict[str, int] | None = None
    _since: float = 0.0  # part of a budget that came since it was counted

    def look(self) -> Usage:
        """Return what is held now; the steps of a write take off it what they save."""
        usage, newest = self._usage, self._newest
        if usage is None or newest is None or self._since > 1 / SHARE:
            return self._count()
        self.came = 0
        for name, table, key in _TABLES:
            came = self._came(table, key, newest)
            setattr(usage, name, getattr(usage, name) + came)
            self._since += came / getattr(self.budget, name)
        if self._came("keyframe", "id", newest, move=False):
            query = "SELECT count(*), coalesce(sum(bytes), 0) FROM keyframe WHERE id > ?"
            count, bytes = self.store.rows(query, newest["keyframe"])[0]
            self._came("keyframe", "id", newest)
            usage.keyframes += int(count)
            usage.keyframe_bytes += int(bytes)
        usage.bytes = self.bytes(usage)
        return usage

    def bytes(self, usage: Usage) -> int:
        """Return the size of what is held; room that PostgreSQL has not given back is none."""
        size = self.store.size()
        if self.store.dialect.name == "sqlite":
            return size
        return min(size, ROW_BYTES * (usage.moments + usage.facts + usage.log_lines))

    def reset(self) -> None:
        """Count anew: what was taken off has come to nothing."""
        self._usage = None

    def _came(self, table: str, key: str, newest: dict[str, int], *, move: bool = True) -> int:
        last = max(newest[table], self._last(table, key))  # the newest may have been merged
        came = max(0, last - newest[table])
        if move:
            newest[table] = last
            self.came += came
        return came

    def _count(self) -> Usage:
        counts = {
            name: int(self.store.value(f"SELECT count(*) FROM {table}"))
            for name, table, _ in _TABLES
        }
        query = "SELECT count(*), coalesce(sum(bytes), 0) FROM keyframe"
        count, bytes = self.store.rows(query)[0]
        before = self._newest
        tables = [(table, key) for _, table, key in _TABLES] + [("keyframe", "id")]
        self._newest = {
            table: max(self._last(table, key), before[table] if before else 0)
            for table, key in tables
        }
        self.came = sum(self._newest.values()) - sum(before.values()) if before else 0
        self._since = 0.0
        self._usage = Usage(**counts, keyframes=int(count), keyframe_bytes=int(bytes))
        self._usage.bytes = self.bytes(self._usage)
        return self._usage

    def _last(self, table: str, key: str) -> int:
        return int(self.store.value(f"SELECT coalesce(max({key}), 0) FROM {table}"))


class Compactor:
    """Merges, folds, thins out and trims one store. Used by the one writer, from one thread.

    Call `work` inside the transaction of a write, then `settle` after it, or `reset` when it was
    undone. `zone` names the time zone of sessions that have none of their own: when a day begins.
    """

    def __init__(self, store: Store, budget: BudgetConfig | None = None, zone: str = "") -> None:
        self.store, self.budget = store, budget or BudgetConfig()
        self._counter = Counter(store, self.budget)
        self._seen, self._interest = Seen(store), Interest(store)
        half_life_s, calendar = self.budget.half_life_s, Calendar(store, zone)
        self._episodes = Episodes(store, half_life_s, self._seen, self._interest, calendar)
        self._pictures = Pictures(store, half_life_s, self._seen.rarity)
        self._take_up()

    def _take_up(self) -> None:
        """Make the store ready; costs for another half-life are no use."""
        self._pictures.sweep()
        half_life = str(self.budget.half_life_s)
        if self.store.meta().get(HALF_LIFE, half_life) != half_life:
            with self.store.transaction():
                for table in ("moment", "keyframe"):
                    self.store.execute(f"UPDATE {table} SET cost = NULL")
        self.store.set_meta(HALF_LIFE, half_life)

    @property
    def usage(self) -> Usage:
        """How much is held now."""
        return self._counter.look()

    def work(self, now_s: float) -> list[Fresh]:
        """Price what came, and get back inside the budget; return the rows with new texts.

        `now_s` is up to when everything is perceived (session seconds).
        """
        usage = self._counter.look()
        steps = STEPS + 2 * max(0, self._counter.came)
        self._interest.follow()
        self._episodes.price(steps)
        self._pictures.price(steps)
        self._seen.save()
        self._trim(usage, steps)
        fresh: list[Fresh] = []
        exact_s = now_s - self.budget.exact_s
        pins = pinned(self.store) if usage.is_over(self.budget) else []
        if usage.rows_over(self.budget):
            fresh = self._merge(usage, exact_s, pins, steps)
        if usage.pictures_over(self.budget):
            self._thin(usage, exact_s, pins, steps)
        return fresh

    def settle(self) -> None:
        """After the transaction: remove the files of pictures that were dropped."""
        self._pictures.settle()

    def reset(self) -> None:
        """The transaction was undone: know nothing but what the tables say."""
        for part in (self._counter, self._seen, self._interest, self._pictures):
            part.reset()

    def _merge(self, usage: Usage, exact_s: float, pins: list[Span], steps: int) -> list[Fresh]:
        episodes = self._episodes
        episodes.hold(pins)
        for at in range(steps):
            order = self._most_needed(usage, at)
            if order is None or (saved := episodes.step(order, exact_s)) is None:
                break
            usage.moments -= saved.moments
            usage.facts -= saved.facts
            usage.bytes = self._counter.bytes(usage)
        changed = episodes.folding.changed.values()
        return [Fresh("fact", f.id, f.start_s, f.text) for f in changed]

    def _most_needed(self, usage: Usage, at: int) -> Order | None:
        """Return what to save next: rows or facts; by turns, if it is but a matter of bytes."""
        if usage.moments > self.budget.moments:
            return "cost"
        if usage.facts > self.budget.facts:
            return "fold"
        if usage.bytes > self.budget.bytes:
            return "cost" if at % 2 else "fold"
        return None

    def _thin(self, usage: Usage, exact_s: float, pins: list[Span], steps: int) -> None:
        for _ in range(steps):
            if not usage.pictures_over(self.budget):
                return
            size = self._pictures.drop_cheapest(exact_s, pins)
            if size is None:
                return
            usage.keyframes -= size > 0
            usage.keyframe_bytes -= size

    def _trim(self, usage: Usage, steps: int) -> None:
        """Take lines out of the log; before other rows, if these are fewer and it is too large."""
        over = usage.log_lines - self.budget.log_lines
        if usage.bytes > self.budget.bytes:
            over = max(over, usage.log_lines - (usage.moments + usage.facts) // 2)
        if over > 0:  # a few more than that, so that it is not every write that does
            more = over + self.budget.log_lines // TOGETHER
            usage.log_lines -= trim(self.store, min(more, 2 * steps))
            usage.bytes = self._counter.bytes(usage)
