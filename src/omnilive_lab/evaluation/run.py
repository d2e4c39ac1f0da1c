"""Runs a benchmark: asks, scores, writes each item as it is done, goes on after a kill."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from omnilive.core.errors import ConfigError, StoreError
from omnilive_lab.bench.base import Benchmark, Item, Judge, Reply, Row, Score, Setup, Turn
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.judge import NO_ANSWER
from omnilive_lab.models.base import Done, Examinee, Sitting

Line = dict[str, Any]
NO_JUDGE = "needs a judge: give one with --judge"


class Watcher(Protocol):
    """Hears how far a run is."""

    def began(self, total: int, done: int) -> None:
        """There are `total` items, of which `done` were done before."""
        ...

    def item(self, line: Line) -> None:
        """One more item is done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. `about` is kept beside the results: machine, commit, command."""

    benchmark: Benchmark
    data: Path
    examinee: Examinee
    setup: Setup
    out: Path
    judge: Judge | None = None
    frames: str = ""
    limit: int | None = None
    resume: bool = False
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])


def load_items(benchmark: Benchmark, data: Path, limit: int | None = None) -> list[Item]:
    """Load the items; ids that come twice get "#2" and so on, in the order of the file."""
    seen: dict[str, int] = {}
    items: list[Item] = []
    for item in benchmark.load(data):
        seen[item.id] = seen.get(item.id, 0) + 1
        again = seen[item.id]
        items.append(item if again == 1 else replace(item, id=f"{item.id}#{again}"))
    if not items:
        raise ConfigError(f"{data} holds no items.\n{benchmark.need}")
    items = items[:limit]
    if not any(item.clip.path.exists() for item in items):
        first = items[0].clip.path
        raise ConfigError(f"not one clip is there, such as {first}.\n{benchmark.need}")
    return items


def run(plan: Plan, items: Sequence[Item], watcher: Watcher) -> list[Row]:
    """Do what is not done yet; return all rows, in the order of the results.

    Whatever ends it early (an error, a kill) leaves whole lines; the same plan with `resume`
    goes on. BackendError when the model is out of order.
    """
    done = _begin(plan, items)
    by_id = {item.id: item for item in items}
    if strange := sorted(done.keys() - by_id.keys()):
        raise ConfigError(f"{plan.out} holds {strange[0]!r}, which is not in the data: other --out")
    watcher.began(len(items), len(done))
    lines = results.Appender(plan.out / results.ITEMS)
    timings = results.Appender(plan.out / results.TIMINGS)
    rows = {id: results.as_row(by_id[id], line) for id, line in done.items()}
    try:
        for sitting in sittings(items, by_clip=plan.examinee.by_clip):
            if all(item.id in rows for item in sitting):
                continue
            for item, line, cost in _sit(plan, sitting, rows):
                # Timings first: an item that is in the results is never asked again.
                timings.append(cost)
                lines.append(line)
                # Read back, so that a figure is the same whether the run was resumed or not.
                rows[item.id] = results.as_row(item, json.loads(results.json_line(line)))
                watcher.item(line)
    finally:
        lines.close()
        timings.close()
    return list(rows.values())


def sittings(items: Sequence[Item], *, by_clip: bool) -> list[list[Item]]:
    """Return the items that are answered together, in the order of their first ones."""
    parts: dict[Any, list[Item]] = {}
    for index, item in enumerate(items):
        alone = ("group", item.group) if item.group else ("item", index)
        key = ("clip", item.clip) if by_clip and not item.transcribe else alone
        parts.setdefault(key, []).append(item)
    return list(parts.values())


def _begin(plan: Plan, items: Sequence[Item]) -> dict[str, Line]:
    """Make the folder, or check that it holds this very run; return what is done by id."""
    path = plan.out / results.RUN
    settings = _settings(plan, items)
    if path.exists():
        if not plan.resume:
            raise ConfigError(
                f"{plan.out} holds a run already: go on with it (--resume), or give another --out"
            )
        try:
            old = json.loads(path.read_text(encoding="utf-8"))
            results.check_same(old["settings"], settings, plan.out)
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise StoreError(f"{path} is damaged: remove {plan.out} and run again") from error
        _note_resumed(path, old, plan.about)
    else:
        try:
            plan.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise results.unwritable(plan.out, error) from error
        results.write_json(path, {"settings": settings, **plan.about})
    done: dict[str, Line] = {}
    for line in results.read_lines(plan.out / results.ITEMS):
        done.setdefault(line["id"], line)
    return done


def _note_resumed(path: Path, old: Line, about: Mapping[str, Any]) -> None:
    """Keep which other commits have worked on a run: its figures may be of several."""
    commits = [old.get("commit"), *old.get("other_commits", ())]
    if (now := about.get("commit")) not in commits:
        results.write_json(path, {**old, "other_commits": [*commits[1:], now]})


def _settings(plan: Plan, items: Sequence[Item]) -> Line:
    """Return all that the results depend on."""
    digest = hashlib.sha256()
    for item in items:
        told = [item.id, item.question, item.answer, item.t, item.choices, item.clip.path.name]
        digest.update(json.dumps(told, ensure_ascii=False).encode())
    return {
        "benchmark": plan.benchmark.name,
        "options": dict(plan.benchmark.chosen),
        "items": len(items),
        "items_sha256": digest.hexdigest(),
        "model": plan.examinee.name,
        "model_settings": json.loads(json.dumps(dict(plan.examinee.settings), default=str)),
        "mode": plan.setup.mode,
        "frames": plan.frames,
        "judge": plan.judge.name if plan.judge else None,
        "limit": plan.limit,
    }


def _sit(
    plan: Plan, sitting: Sequence[Item], rows: Mapping[str, Row]
) -> Iterator[tuple[Item, Line, Line]]:
    """Yield (item, line, timings) of each item that is not done yet, in order.

    `rows` holds what is done; the caller adds each item to it before it asks for the next one.
    """
    asked = [item for item in sitting if plan.judge or not item.judged]
    if not plan.examinee.by_clip:  # a clip is always played whole
        asked = [item for item in asked if item.id not in rows]
    before = tuple(Turn(item, rows[item.id].reply) for item in sitting if item.id in rows)
    costs: dict[str, Any] = {}
    sitting_of = Sitting(items=tuple(asked), before=before)
    outcomes = plan.examinee.sit(sitting_of, plan.benchmark, plan.setup, costs)
    answers: dict[str, Done] = {}
    for index, item in enumerate(sitting):
        if item.id in rows:
            continue
        if item.judged and plan.judge is None:
            skipped = Score(status="skipped", detail=NO_JUDGE)
            yield item, results.as_line(item, (), Reply(), skipped), {"id": item.id}
            continue
        while item.id not in answers:
            done = next(outcomes)
            answers[done.item.id] = done
        done = answers[item.id]
        earlier = [other for other in sitting[:index] if item.group and other.group == item.group]
        told = [Turn(other, rows[other.id].reply) for other in earlier]
        score = _score(plan.benchmark, done, told, plan.judge)
        cost = {"id": item.id, **asdict(done.reply.cost), **costs}
        costs.clear()  # figures of a sitting go with its first item
        yield item, results.as_line(item, done.prompts, done.reply, score), cost


def _score(benchmark: Benchmark, done: Done, before: Sequence[Turn], judge: Judge | None) -> Score:
    if done.reply.error:
        return Score(status="failed", detail=done.reply.error)
    score = benchmark.score(done.item, done.reply, before, judge)
    if score.status == "unscored" and score.judge.startswith(NO_ANSWER):
        return replace(score, detail=f"the judge failed: {score.judge[len(NO_ANSWER) : -1]}")
    return score
