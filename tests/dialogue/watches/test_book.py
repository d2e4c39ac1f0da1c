"""Watches are stored with the log: nothing is lost and nothing repeated, whatever breaks."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive.core.events import Event, Gap
from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.book import Book
from omnilive.dialogue.watches.explain import dry_run, explain
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.narrate import Commentary
from omnilive.dialogue.watches.narration import Narration
from omnilive.memory.ledger import Ledger, Noted
from omnilive.memory.moments import MomentConfig
from omnilive.memory.store import Store
from omnilive.memory.watches import WatchRow, WatchTable
from tests.made import a_file, percept, said, thing

CAR = r.Rule(what=r.Object(labels=("car",)))
HOOK = r.Webhook(url="http://127.0.0.1:9/x")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "s"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    store = Store(folder, create=True)
    yield store
    store.close()


def begin(store: Store, book: Book | None) -> Ledger:
    known = store.sources()
    source = known[-1].id if known else store.put_source(a_file())
    if not known:
        store.append(0.0, "source", {"source": source, "url": "/clips/a.mp4", "state": "began"})
    ledger = Ledger.begin(store, source, 0.0, 0.0, MomentConfig(), None)
    if book is not None:
        ledger.observers.append(book.observe)
    return ledger


def car(n: int, start_s: float, end_s: float | None = None, **data: Any) -> Event:
    data = {"id": f"object{n}", "event": "appeared", "box": [n * 0.3 % 0.9, 0, 0.1, 0.1], **data}
    return thing("car", "red", start_s, end_s or start_s, final=end_s is not None, **data)


def word(n: int, text: str, start_s: float) -> Event:
    return said(text, start_s, id=f"speech{n}")


FILM: list[tuple[list[Event], float]] = [
    ([car(0, 1.0)], 1.2),
    ([word(0, "hello there", 2.0)], 3.0),
    ([car(1, 4.0)], 4.2),
    ([car(0, 1.0, 6.0), percept("text", "EXIT", 6.0, 6.0, final=False, id="text0")], 7.0),
    ([], 9.5),
    ([word(1, "the budget please", 10.0), Gap(t=12.0, end_t=12.5, reason="x")], 12.6),
    ([car(1, 4.0, 13.0)], 14.0),
    ([], 20.0),
    ([car(2, 21.0), car(3, 22.0)], 22.5),
    ([], 40.0),
]
RULES = (
    CAR,
    r.Rule(what=r.Lasts(of=r.Object(labels=("car",), event="present"), for_s=8.0), to=(HOOK,)),
    r.Rule(what=r.Absent(of=r.Object(labels=("car",)), for_s=5.0)),
    r.Rule(what=r.Count(of=r.Object(labels=("car",)), n=3, scope="total")),
    r.Rule(what=r.Speech(any_of=("budget",)), repeat="once"),
    r.Rule(what=r.Text(contains=("exit",)), to=(HOOK, r.Mqtt(topic="door"))),
)


def told(store: Store) -> list[tuple[str, int, float]]:
    """Every alert in the log: watch, its number, when."""
    return [(e.body["watch"], e.body["n"], e.body["at_s"]) for e in store.log_of("alert", 500)]


def play(store: Store, film: list[tuple[list[Event], float]]) -> list[tuple[str, int, float]]:
    book = Book(store)
    for rule in RULES:
        book.add(rule)
    ledger = begin(store, book)
    for events, t in film:
        ledger.write(events, t, t)
    return told(store)


def test_alerts_have_what_they_promise(store: Store) -> None:
    play(store, FILM)
    alerts = Book(store).alerts()
    assert [a["seq"] for a in alerts] == sorted({a["seq"] for a in alerts})
    first = alerts[0]
    assert first["watch"] == "w1" and first["rule"].startswith("Each time a car appears")
    assert first["evidence"][0]["id"] in {f.id for f in store.facts(kinds=["object"])}
    assert first["urgency"] == "normal" and first["latency"]["total_s"] is None
    by_watch = {w: [t for x, _, t in told(store) if x == w] for w in ("w1", "w2", "w3", "w4", "w5")}
    assert by_watch == {
        "w1": [1.0, 4.0, 21.0, 22.0], "w2": [9.0, 29.0], "w3": [18.0], "w4": [21.0],
        "w5": [10.4],
    }  # fmt: skip


def test_what_goes_out_is_posted_once_for_each_target_in_order(store: Store) -> None:
    play(store, FILM)
    rows = WatchTable(store).waiting()
    assert [(row.watch, row.target["kind"]) for row in rows] == [
        ("w6", "webhook"), ("w6", "mqtt"), ("w2", "webhook"), ("w2", "webhook"),
    ]  # fmt: skip
    seqs = {e.seq for e in store.log_of("alert", 500)}
    assert {row.seq for row in rows} <= seqs


@pytest.mark.parametrize("broken", range(len(FILM)))
def test_a_crash_between_two_writes_loses_and_repeats_nothing(
    tmp_path: Path, store: Store, broken: int
) -> None:
    whole = play(Store(tmp_path / "whole", create=True), FILM)
    play(store, FILM[:broken])
    shutil.copytree(store.folder, tmp_path / "copy")  # what a killed process leaves
    left = Store(tmp_path / "copy")
    book = Book(left)
    ledger = begin(left, book)
    for events, t in FILM[broken:]:
        ledger.write(events, t, t)
    assert told(left) == whole
    numbers = [(w, n) for w, n, _ in told(left)]
    assert len(numbers) == len(set(numbers))
    left.close()


@pytest.mark.parametrize("broken", range(len(FILM)))
def test_a_write_that_fails_is_as_if_it_had_not_been(
    tmp_path: Path, store: Store, broken: int
) -> None:
    whole = play(Store(tmp_path / "whole", create=True), FILM)
    book = Book(store)
    for rule in RULES:
        book.add(rule)
    ledger = begin(store, book)

    def full(noted: Noted) -> list[dict[str, Any]]:
        raise OSError(28, "No space left on device")

    for index, (events, t) in enumerate(FILM):
        if index == broken:
            ledger.observers.append(full)
            with pytest.raises(Exception, match="disk is full"):
                ledger.write(events, t, t)
            ledger.observers.remove(full)
        ledger.write(events, t, t)
    assert told(store) == whole


def test_what_was_written_while_nobody_watched_is_caught_up(store: Store) -> None:
    book = Book(store)
    book.add(CAR)
    ledger = begin(store, None)  # a writer that knows of no watches
    for events, t in FILM[:3]:
        ledger.write(events, t, t)
    assert told(store) == []
    ledger.observers.append(Book(store).observe)
    ledger.write([], 5.0, 5.0)
    assert told(store) == [("w1", 1, 1.0), ("w1", 2, 4.0)]


def test_a_watch_added_by_another_process_is_armed_in_this_one(store: Store) -> None:
    ours = Book(store)
    ledger = begin(store, ours)
    ledger.write([car(0, 1.0)], 1.2, 1.2)
    Book(Store(store.folder)).add(CAR)
    ledger.write([car(1, 4.0)], 4.2, 4.2)
    assert told(store) == [("w1", 1, 4.0)]  # the first one was there before the watch


def test_edit_pause_arm_remove_while_running(store: Store) -> None:
    book = Book(store)
    ledger = begin(store, book)
    id, lines = book.add(CAR)
    assert (id, lines[-1]["state"]) == ("w1", "added")
    ledger.write([car(0, 1.0)], 1.2, 1.2)
    book.edit(id, r.Rule(what=r.Object(labels=("dog",))))
    ledger.write([car(1, 4.0)], 4.2, 4.2)
    book.edit(id, CAR)
    ledger.write([car(2, 6.0)], 6.2, 6.2)
    book.set_state(id, "paused")
    ledger.write([car(3, 8.0)], 8.2, 8.2)
    book.set_state(id, "armed")
    ledger.write([car(4, 10.0)], 10.2, 10.2)
    assert told(store) == [("w1", 1, 1.0), ("w1", 2, 6.0), ("w1", 3, 10.0)]
    assert book.get(id).version == 3
    book.remove(id)
    ledger.write([car(5, 12.0)], 12.2, 12.2)
    assert len(told(store)) == 3 and book.all() == []
    assert book.add(CAR)[0] == "w2"  # a number is never used again
    with pytest.raises(ConfigError, match="no watch 'w1'"):
        book.get("w1")


def test_five_hundred_watches_and_no_more(store: Store) -> None:
    book = Book(store, most=500)
    for i in range(500):
        book.add(r.Rule(what=r.Speech(any_of=(f"word{i}",))))
    with pytest.raises(ConfigError, match="500 watches already"):
        book.add(CAR)
    ledger = begin(store, book)
    ledger.write([word(0, "say word7 and word499 now", 2.0)], 4.0, 4.0)
    assert {w for w, _, _ in told(store)} == {"w8", "w500"}


def test_a_candidate_waits_for_its_check_and_is_decided_once(store: Store) -> None:
    book = Book(store)
    ledger = begin(store, book)
    book.add(r.Rule(what=CAR.what, check=True, to=(HOOK,)))
    lines = ledger.write([car(0, 1.0), car(1, 4.0)], 4.2, 4.2)
    checks = [line for line in lines if line["type"] == "check"]
    assert told(store) == [] and [c["state"] for c in checks] == ["waiting", "waiting"]
    verdict = {
        "policy": "no_reply",
        "reason": "seen",
        "scores": {},
        "check_s": 0.5,
        "text": "A car!",
    }
    first, second = (c["candidate"] for c in checks)
    assert [x["type"] for x in book.decide(first, True, verdict)] == ["check", "alert"]
    assert book.decide(first, True, verdict) == []
    book.decide(second, False, {**verdict, "reason": "NO REPLY"})
    assert told(store) == [("w1", 1, 1.0)]
    alert = book.alerts()[0]
    assert alert["text"] == "A car!" and alert["latency"]["check_s"] == 0.5
    assert len(WatchTable(store).waiting()) == 1
    assert explain(book, "w1", 4.0)["why"] == "check"


def test_a_candidate_of_a_rule_edited_meanwhile_is_dropped(store: Store) -> None:
    book = Book(store)
    ledger = begin(store, book)
    book.add(r.Rule(what=CAR.what, check=True))
    lines = ledger.write([car(0, 1.0)], 1.2, 1.2)
    book.edit("w1", CAR)
    (line,) = book.decide(lines[-1]["candidate"], True, {"check_s": 0.1, "reason": "seen"})
    assert (line["state"], told(store)) == ("dropped", [])


def test_a_dry_run_finds_what_ran_live(store: Store) -> None:
    live = play(store, FILM)
    for i, rule in enumerate(RULES):
        mine = [t for w, _, t in live if w == f"w{i + 1}"]
        assert [a["at_s"] for a in dry_run(Book(store), rule)] == mine, rule.what
    assert len(store.log_of("alert", 500)) == len(live)  # nothing was written
    assert [a["at_s"] for a in dry_run(Book(store), CAR, start_s=10.0)] == [21.0, 22.0]


def test_explain_names_the_reason(store: Store) -> None:
    book = Book(store)
    ledger = begin(store, book)
    book.add(r.Rule(what=r.Object(labels=("car",), colour="blue")))
    book.add(r.Rule(what=CAR.what, cooldown_s=10.0))
    book.add(r.Rule(what=CAR.what, repeat="once"))
    asleep = r.Schedule(start="00:00", end="00:01", days=(), timezone="UTC")
    store.set_meta("created_wall_s", str(12 * 3600))
    book = Book(store)
    ledger.observers[:] = [book.observe]
    book.add(r.Rule(what=CAR.what, when=asleep))
    book.add(r.Rule(what=r.Speech(any_of=("budget",))))
    for events, t in FILM:
        ledger.write(events, t, t)
    book.set_state("w5", "paused")
    ledger.write([], 41.0, 41.0)
    why = {
        (id, t): explain(book, id, t)
        for id, t in (
            ("w1", 1.0), ("w2", 1.0), ("w2", 4.0), ("w3", 4.0), ("w4", 4.0), ("w5", 2.0),
            ("w5", 40.9),
        )
    }  # fmt: skip
    assert {key: found["why"] for key, found in why.items()} == {
        ("w1", 1.0): "gate", ("w2", 1.0): "fired", ("w2", 4.0): "cooldown", ("w3", 4.0): "done",
        ("w4", 4.0): "schedule", ("w5", 2.0): "gate", ("w5", 40.9): "not armed",
    }  # fmt: skip
    assert "red car" in why["w1", 1.0]["text"]
    assert "hello there" in explain(book, "w5", 3.0)["text"]
    assert why["w2", 4.0]["cooldown_until_s"] == 11.0


def test_a_rule_that_cannot_be_read_stops_neither_perception_nor_the_others(
    store: Store,
) -> None:
    book = Book(store)
    book.add(CAR)
    book.add(CAR)
    table = WatchTable(store)
    row = table.get("w1")
    assert row is not None
    table.put(WatchRow("w1", {"what": {"kind": "smell"}}, 1, "armed", 0.0, row.memory))
    book = Book(store)
    ledger = begin(store, book)
    ledger.write([car(0, 1.0)], 1.2, 1.2)
    assert told(store) == [("w2", 1, 1.0)]
    assert book.status("w1")["state"] == "failed" and "no rule" in book.status("w1")["error"]


def test_a_watch_added_after_hours_without_any_knows_what_is_there_now(store: Store) -> None:
    book = Book(store)
    ledger = begin(store, book)
    id, _ = book.add(r.Rule(what=r.Object(labels=("car",))), 0.0)
    ledger.write([car(0, 1.0)], 1.2, 1.2)
    book.remove(id)
    ledger.write([car(0, 1.0, 3.0)], 3.2, 3.2)  # it leaves while nobody looks out
    ledger.finish(5.0)
    other = Ledger.begin(store, store.put_source(a_file()), 5.0, 5.0, MomentConfig(), None)
    other.observers.append(book.observe)
    book.add(r.Rule(what=r.Absent(of=r.Object(labels=("car",), event="present"), for_s=5.0)), 6.0)
    other.write([], 30.0, 30.0)
    assert [round(alert["at_s"], 1) for alert in book.alerts(watch="w2")] == [11.0]


def test_alerts_are_paged_by_the_store(store: Store) -> None:
    table = WatchTable(store)
    for n in range(6):
        store.append(float(n), "alert", {"watch": f"w{n % 2}", "at_s": float(n), "text": str(n)})
        store.append(float(n), "check", {"watch": "w1", "reason": "", "n": n})
    assert [line["text"] for line in table.alerts(limit=2, watch="w1")] == ["1", "3"]
    last = table.alerts(limit=2, watch="w1")[-1]["seq"]
    assert [line["text"] for line in table.alerts(last)] == ["4", "5"]
    assert [line["text"] for line in table.recent_alerts("w0", 1.0, 5)] == ["2", "4"]
    assert [line["text"] for line in table.recent_alerts("w0", 0.0, 1)] == ["4"]
    assert [line["n"] for line in table.lines_near("check", "w1", 3.0, 1.0)] == [2, 3, 4]
    plan = store.rows(
        "EXPLAIN QUERY PLAN SELECT seq FROM log WHERE type = 'alert' AND seq > 5 LIMIT 1"
    )
    assert "log_type" in plan[0][3]


def test_what_waits_for_a_target_that_stays_down_is_bounded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilive.memory.watches.MOST_WAITING", 3)
    table = WatchTable(store)
    for seq in range(1, 8):
        table.post(seq, "w1", [{"kind": "webhook", "url": "http://down/"}])
    table.post(8, "w1", [{"kind": "webhook", "url": "http://up/"}])
    assert [row.seq for row in table.waiting()] == [5, 6, 7, 8]
    assert table.posted(4)[0].state == "failed"


def test_a_narration_that_breaks_ends_and_perception_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    narration = Narration(store, Likeness())
    narration.start("commentary")
    ledger = begin(store, None)
    ledger.observers.append(narration.observe)

    def breaks(*_: Any) -> None:
        raise KeyError("oh")

    monkeypatch.setattr(Commentary, "step", breaks)
    lines = ledger.write([car(0, 1.0)], 1.2, 1.2)
    assert [line["type"] for line in lines] == ["percept", "narration"]
    assert lines[1]["state"] == "off" and "oh" in lines[1]["detail"]
    assert narration.status()["mode"] == "off"
    assert [line["type"] for line in ledger.write([car(1, 2.0)], 2.2, 2.2)] == ["percept"]


def test_what_is_true_already_is_told_once_whoever_added_the_watch(store: Store) -> None:
    running = Book(store)
    ledger = begin(store, running)
    running.add(CAR, 0.0)
    ledger.write([car(0, 1.0)], 1.2, 1.2)
    Book(store).add(r.Rule(what=r.Object(labels=("car",), event="present")), 2.0)  # the command
    ledger.write([], 3.0, 3.0)
    assert [alert["n"] for alert in running.alerts(watch="w2")] == [1]
    ledger.observers[:] = [Book(store).observe]
    ledger.write([car(1, 4.0)], 5.0, 5.0)
    assert [alert["n"] for alert in running.alerts(watch="w2")] == [1]
