"""The budget of a session: what holds after every write, whatever the past was."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.events import Event, Keyframe
from omnilive.dialogue.watches.book import Book
from omnilive.dialogue.watches.explain import note_on_log
from omnilive.memory.base import Moment
from omnilive.memory.consolidation import merging
from omnilive.memory.consolidation.budget import BudgetConfig
from omnilive.memory.consolidation.compaction import STEPS, Compactor
from omnilive.memory.consolidation.trim import reaches_back_to
from omnilive.memory.control.pins import pin, unpin
from omnilive.memory.ledger import Ledger, Noted, moment_body
from omnilive.memory.moments import MomentConfig
from omnilive.memory.store import KEYFRAMES, Store
from omnilive.memory.watches import CURSOR, WORLD
from tests.fakes import FakeEmbedder
from tests.made import a_file, percept, said, thing

SMALL = BudgetConfig(moments=12, facts=90, log_lines=80, keyframes=6, exact_s=32.0, half_life_h=0.1)
PLENTY = BudgetConfig()
LABELS = ("person", "car", "cat", "dog", "bus", "chair")
COLOURS = ("red", "blue", "grey")
Write = tuple[list[Event], float]


def life(seed: int, length_s: float, source: int = 1) -> list[Write]:
    """A made-up past: what each write takes, and up to when all is perceived then."""
    rng = random.Random(seed)
    writes: list[Write] = []
    t = 0.0
    for number in range(10_000):
        t += rng.expovariate(1 / 4.0)
        if t >= length_s:
            return writes
        chance, id = rng.random(), f"s{source}n{number}"
        end_s = t + 3 * rng.random()
        event: Event = thing(rng.choice(LABELS), rng.choice(COLOURS), t, end_s, id=f"object{id}")
        if chance < 0.2:
            event = said(f"word{rng.randrange(50)} is number {number}", t, id=f"speech{id}")
        elif chance < 0.3:
            event = percept("sound", rng.choice(("music", "singing")), t, id=f"sound{id}")
        elif chance < 0.4:
            event = percept("text", rng.choice(("EXIT", "MENU", "ROOM 42")), t, id=f"text{id}")
        elif chance < 0.55:
            jpeg = bytes(rng.randrange(50, 200))
            event = Keyframe(t=t, jpeg=jpeg, is_cut=chance < 0.43)
        writes.append(([event], max(t, end_s)))
    return writes


def begin(
    store: Store, budget: BudgetConfig = SMALL, *, compactor: Compactor | None = None
) -> Ledger:
    source = store.put_source(a_file())
    compactor = compactor or Compactor(store, budget, "UTC")
    return Ledger.begin(store, source, 0.0, 0.0, MomentConfig(), FakeEmbedder(), compactor)


def live(ledger: Ledger, writes: list[Write], after: Callable[[], None] = lambda: None) -> None:
    for events, t in writes:
        ledger.write(events, t, t)
        after()


def check_budget(store: Store, budget: BudgetConfig) -> None:
    """Count everything, whatever the compactor believes."""
    counts = store.counts()
    assert counts["moment"] <= budget.moments and counts["fact"] <= budget.facts
    assert counts["log"] <= budget.log_lines and counts["keyframe"] <= budget.keyframes
    held = store.value("SELECT coalesce(sum(bytes), 0) FROM keyframe")
    assert held <= budget.keyframe_bytes


def check_whole(store: Store) -> None:
    """No row, index entry, vector or file without the others."""
    for table in ("fact", "moment"):
        ids = {id for (id,) in store.rows(f"SELECT id FROM {table}")}
        words = {id for (id,) in store.rows(f"SELECT rowid FROM {table}_words")}
        query = "SELECT DISTINCT id FROM vector WHERE tab = ?"
        vectors = {id for (id,) in store.rows(query, table)}
        assert ids == words == vectors
    files = {path.name for path in (store.folder / KEYFRAMES).iterdir()}
    assert files == {f"{id}.jpg" for (id,) in store.rows("SELECT id FROM keyframe")}
    said = {id for (id,) in store.rows("SELECT DISTINCT wording FROM vector")}
    assert said == {id for (id,) in store.rows("SELECT id FROM wording")}
    assert store.check() == "ok"


def totals(store: Store) -> Counter[str]:
    """How often each label was noticed, by what is stored, and what was left out by kind."""
    found: Counter[str] = Counter()
    for fact in store.facts():
        found[merging.label_of(fact) or fact.kind] += merging.occurrences(fact)
    for (data,) in store.rows("SELECT data FROM moment"):
        found.update(json.loads(data).get("left_out", {}))
    return found


def dump(store: Store) -> dict[str, list[Any]]:
    """All that is stored, but for the numbers that databases give to sentences."""
    tables = ("moment", "fact", "keyframe", "log", "seen", "meta")
    rows = {table: store.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables}
    rows["meta"] = [row for row in rows["meta"] if row[0] != "created_wall_s"]
    vector = (
        "SELECT tab, v.id, vec FROM vector v JOIN wording w ON w.id = v.wording ORDER BY 1, 2, 3"
    )
    return {**rows, "vector": store.rows(vector)}


@pytest.mark.parametrize("seed", [1, 2])
def test_budgets_hold_after_every_write(store: Store, seed: int) -> None:
    ledger = begin(store)
    live(ledger, life(seed, 600), lambda: check_budget(store, SMALL))
    ledger.finish(600)
    check_budget(store, SMALL)
    check_whole(store)
    rows = store.rows("SELECT level, size FROM moment")
    assert {level for level, _ in rows} >= {0, 1} and max(size for _, size in rows) > 4


@pytest.mark.parametrize("seed", [1])
def test_merged_rows_cover_all_and_add_up(tmp_path: Path, seed: int) -> None:
    rows: list[list[Any]] = []
    counts: list[Counter[str]] = []
    for name, budget in (("plenty", PLENTY), ("small", SMALL)):
        store = Store(tmp_path / name, create=True)
        ledger = begin(store, budget)
        live(ledger, life(seed, 700))
        ledger.finish(700)
        rows.append(store.rows("SELECT start_s, end_s, size FROM moment ORDER BY start_s"))
        counts.append(totals(store))
        store.close()
    plenty, small = rows
    assert len(plenty) > 40 and len(small) == SMALL.moments
    assert sum(size for *_, size in small) == len(plenty)
    starts = [start_s for start_s, *_ in small] + [1e9]
    for start_s, end_s, _ in plenty:  # each moment lies in exactly one row
        at = next(i for i in range(len(small)) if starts[i] <= start_s < starts[i + 1])
        assert small[at][1] >= end_s
    for label in (*LABELS, "music", "singing"):
        assert counts[1][label] == counts[0][label]
    for kind in ("speech", "text"):
        assert counts[1][kind] == counts[0][kind]


def test_the_newest_stay_exact_and_the_old_get_coarser(store: Store) -> None:
    ledger = begin(store)
    live(ledger, life(4, 900))
    rows = store.rows("SELECT end_s, size FROM moment ORDER BY start_s")
    exact_s = ledger.cutter.start_s - SMALL.exact_s
    assert [size for end_s, size in rows if end_s > exact_s] == [1] * len(
        [1 for end_s, _ in rows if end_s > exact_s]
    )
    half = len(rows) // 2
    assert sum(s for _, s in rows[:half]) > 2 * sum(s for _, s in rows[half:])


def test_what_was_merged_is_found_through_its_episode(store: Store) -> None:
    ledger = begin(store, BudgetConfig(moments=10, exact_s=32, half_life_h=0.1))
    ledger.write([said("the giraffe is in the garden", 5, id="speech0")], 20, 20)
    live(ledger, [(e, t + 20) for e, t in life(5, 800)])
    (ref, *_) = [r for r in store.search_text(["giraffe"], 1e9, 9) if r.table == "moment"]
    row = store.moment(ref.id)
    assert row is not None and row.size > 1 and row.start_s <= 5 < row.end_s
    kept = [f for f in store.facts(kinds=("speech",)) if "giraffe" in f.text]
    assert [f.start_s for f in kept] == [5]  # there is room for facts: none was folded
    assert not store.rows("SELECT 1 FROM fact WHERE key LIKE '%:m:%'")
    meant = store.search_vector(FakeEmbedder().embed(["giraffe garden"])[0], 1e9, 9)
    assert ("fact", kept[0].id) in [(r.table, r.id) for r in meant]


def test_pinned_things_stay_as_they_are(store: Store) -> None:
    ledger = begin(store, BudgetConfig(moments=24, facts=90, keyframes=12, exact_s=0))
    live(ledger, life(6, 120))
    held = pin(store, 0, 110, "keep")
    facts = "SELECT * FROM fact WHERE start_s < 110 AND end_s > 0 ORDER BY id"
    moments = (
        "SELECT id, start_s, end_s, text, level, size FROM moment WHERE start_s < 110 AND end_s > 0"
    )
    shots = "SELECT id, t FROM keyframe WHERE t BETWEEN 0 AND 110 ORDER BY id"
    before = [store.rows(query) for query in (facts, moments, shots)]
    assert all(before)
    live(ledger, [(shifted(e, 200), t + 200) for e, t in life(7, 600)])
    assert [store.rows(query) for query in (facts, moments, shots)] == before
    check_whole(store)
    unpin(store, held.id)
    live(ledger, [(shifted(e, 900), t + 900) for e, t in life(8, 900)])
    assert store.rows(moments) != before[1] and store.rows(shots) != before[2]
    check_whole(store)


def shifted(events: list[Event], by_s: float) -> list[Event]:
    from dataclasses import replace

    from omnilive.core.events import Percept

    out: list[Event] = []
    for event in events:
        times = {"t": event.t + by_s}
        if isinstance(event, Percept):
            times |= {"start_s": event.start_s + by_s, "end_s": event.end_s + by_s}
            data = {**event.data, "id": f"{event.data['id']}at{by_s:.0f}"}
            out.append(replace(event, **times, data=data))
        else:
            out.append(replace(event, **times))
    return out


def test_open_facts_and_those_of_watches_are_left_alone(store: Store) -> None:
    ledger = begin(store)
    parked = thing("truck", "red", 2, 2, final=False, id="object0")
    ledger.write([parked, thing("car", "grey", 2, 4, id="object1")], 5, 5)
    known = next(f for f in store.facts() if f.text == "grey car")
    store.set_meta(WORLD, json.dumps({"here": [], "past": [{"fact": known.id}]}))
    live(ledger, [(e, t + 5) for e, t in life(9, 600)])
    assert store.fact(known.id) == known
    (open_one,) = [f for f in store.facts() if f.open]
    assert open_one.text == "red truck" and open_one.end_s > 500
    assert store.rows("SELECT max(size) FROM moment")[0][0] > 4


def test_what_was_asked_about_stays_finer(store: Store) -> None:
    def size_at(t: float) -> int:
        query = "SELECT size FROM moment WHERE start_s <= ? ORDER BY start_s DESC LIMIT 1"
        return int(store.value(query, t))

    ledger = begin(store, BudgetConfig(moments=16, exact_s=32, half_life_h=0.1))
    quiet = [
        ([percept("scene", "grey wall", t, id=f"scene{t}")], t + 1.0) for t in range(0, 600, 4)
    ]
    live(ledger, quiet[:40])  # type: ignore[arg-type]
    evidence = [{"id": 1, "start_s": 100.0, "end_s": 101.0}]
    store.append(150.0, "answer", {"question": "?", "text": "!", "evidence": evidence})
    live(ledger, quiet[40:])  # type: ignore[arg-type]
    assert size_at(100) == 1 and size_at(20) > 2 and size_at(200) > 1


def test_alerts_weigh_the_moment_that_they_come_from(store: Store) -> None:
    ledger = begin(store, PLENTY)

    def alarm(noted: Noted) -> list[dict[str, Any]]:
        if noted.video_t != 40:
            return []
        evidence = [{"id": 1, "start_s": 38.0, "end_s": 40.0}]
        return [ledger.note(40.0, "alert", {"watch": "w1", "evidence": evidence})]

    ledger.observers.append(alarm)
    for t in range(4, 120, 4):
        ledger.write([percept("scene", "grey wall", t, id=f"scene{t}")], t, t)
    heavy = store.rows("SELECT start_s, end_s FROM moment WHERE weight > 10")
    assert [a <= 38 < b for a, b in heavy] == [True]


def test_it_does_not_merge_across_a_long_gap_while_anything_else_is_left(store: Store) -> None:
    ledger = begin(store, BudgetConfig(moments=20, exact_s=0, half_life_h=100))
    for hour in range(4):
        writes = [(shifted(e, 3600.0 * hour), t + 3600 * hour) for e, t in life(hour, 300)]
        ledger.cutter.skip(3600.0 * hour)
        live(ledger, writes)
        ledger.write([], 3600 * hour + 320, 3600 * hour + 320)
    rows = store.rows("SELECT start_s, end_s, data FROM moment")
    assert all(end_s - start_s < 600 for start_s, end_s, _ in rows)
    assert not any("gaps" in json.loads(data) for *_, data in rows)
    tight = Compactor(store, BudgetConfig(moments=8, exact_s=0, half_life_h=100), "UTC")
    with store.transaction():
        tight.work(20_000)
    assert store.counts()["moment"] == 8
    told = [json.loads(data) for (data,) in store.rows("SELECT data FROM moment")]
    assert all(d.get("seen_s", 0) <= 400 or d.get("gaps") for d in told)


def test_days_are_kept_apart(store: Store) -> None:
    store.set_meta("created_wall_s", str(1_767_571_200 + 23.9 * 3600))  # shortly before midnight
    ledger = begin(store, BudgetConfig(moments=10, exact_s=0))
    for t in range(4, 1600, 4):
        ledger.write([percept("scene", "grey wall", t, id=f"scene{t}")], t, t)
    rows = store.rows("SELECT start_s, data FROM moment WHERE level > 0 ORDER BY start_s")
    days = [json.loads(data)["days"] for _, data in rows]
    assert {tuple(day) for day in days} >= {("2026-01-05",), ("2026-01-06",)}
    crossing = [row for row in store.rows("SELECT start_s, end_s, level FROM moment")
                if row[0] < 360 < row[1] - 16]  # fmt: skip
    assert not crossing


@pytest.mark.parametrize("step", [1, 7])
def test_a_new_process_goes_on_as_the_old_one_would(tmp_path: Path, step: int) -> None:
    stores: list[Store] = []
    for name in ("one", "many"):
        store = Store(tmp_path / name, create=True)
        ledger = begin(store)
        for i, (events, t) in enumerate(life(11, 360)):
            ledger.write(events, t, t)
            if name == "many" and i % step == 0:
                store.close()
                store = Store(tmp_path / name)
                before = ledger
                ledger = Ledger(
                    store, 1, 0.0, before.cutter, FakeEmbedder(), Compactor(store, SMALL, "UTC")
                )
        stores.append(store)
    one, many = (dump(store) for store in stores)
    for table in one:
        assert many[table] == one[table], table
    for store in stores:
        store.close()


def test_a_write_that_fails_while_merging_leaves_nothing_behind(store: Store) -> None:
    ledger = begin(store)
    writes = life(12, 500)
    live(ledger, writes[:90])
    broken = 0
    for events, t in writes[90:]:
        state = dump(store)
        cutter = (ledger.cutter.start_s, list(ledger.cutter.cuts), list(ledger.cutter.marks))

        def fail(noted: Noted) -> list[dict[str, Any]]:
            raise RuntimeError("no power")

        ledger.observers.append(fail)
        with pytest.raises(RuntimeError, match="no power"):
            ledger.write(events, t, t)
        assert dump(store) == state
        broken += 1
        ledger.observers.clear()
        ledger.cutter.start_s, ledger.cutter.cuts, ledger.cutter.marks = cutter
        ledger.write(events, t, t)
        check_budget(store, SMALL)
    assert broken > 15
    check_whole(store)


def test_a_lower_budget_is_reached_in_bounded_steps(store: Store) -> None:
    ledger = begin(store, PLENTY)
    live(ledger, life(13, 1600))
    rows = store.counts()["moment"]
    assert rows > 100
    ledger.compactor = Compactor(store, SMALL, "UTC")
    left = rows
    for i in range(200):
        ledger.write([percept("scene", "wall", 1600 + i, id=f"scene{i}")], 1600 + i, 1600 + i)
        now = store.counts()["moment"]
        assert left - now <= STEPS + 8
        left = now
        if left <= SMALL.moments:
            break
    check_budget_soon(ledger, store)


def check_budget_soon(ledger: Ledger, store: Store) -> None:
    for i in range(24):
        t = 4000.0 + i
        ledger.write([percept("scene", "wall", t, id=f"scene{t}")], t, t)
    check_budget(store, SMALL)
    check_whole(store)


def test_rows_of_an_older_store_are_taken_up(store: Store) -> None:
    for i in range(200):
        store.put_moment(16.0 * i, 16.0 * i + 16, "red car" if i % 3 else "blue bus")
        key = f"1:0.00:object{i}"
        store.put_fact(key, thing("car", "red", 16.0 * i + 1, 16.0 * i + 3, id=f"object{i}"))
    ledger = begin(store, SMALL)
    ledger.embedder = None
    for i in range(40):
        t = 4900.0 + i
        ledger.write([percept("scene", "wall", t, id=f"scene{i}")], t, t)
    check_budget(store, SMALL)
    assert totals(store)["car"] == 200


def test_two_sources_in_one_session(store: Store) -> None:
    compactor = Compactor(store, SMALL, "UTC")
    ledgers = [begin(store, compactor=compactor) for _ in range(2)]
    pasts = [[(ledger, *w) for w in life(20 + i, 400, i)] for i, ledger in enumerate(ledgers)]
    for ledger, events, t in sorted((w for past in pasts for w in past), key=lambda w: w[2]):
        ledger.write(events, t, t)
        check_budget(store, SMALL)
    check_whole(store)
    keys = [key for (key,) in store.rows("SELECT key FROM fact WHERE key LIKE '%:m:%'")]
    assert {key.split(":")[0] for key in keys} == {"1", "2"}


def test_pictures_thin_out_and_their_files_go(store: Store) -> None:
    ledger = begin(store, BudgetConfig(keyframes=10, keyframe_bytes=1 << 16, exact_s=0))
    for i in range(200):
        events: list[Event] = [Keyframe(t=float(i), jpeg=bytes(9000), is_cut=False)]
        if i == 50:
            events.append(thing("giraffe", "brown", 50, 60, id="object1"))
        ledger.write(events, i + 0.5, i + 0.5)
        check_budget(store, BudgetConfig(keyframes=10, keyframe_bytes=1 << 16))
    times = [t for (t,) in store.rows("SELECT t FROM keyframe ORDER BY t")]
    assert len(times) == 7 and times[-1] == 199 and times[0] < 60
    check_files(store)


def check_files(store: Store) -> None:
    files = {path.name for path in (store.folder / KEYFRAMES).iterdir()}
    assert files == {f"{id}.jpg" for (id,) in store.rows("SELECT id FROM keyframe")}


def test_files_that_a_crash_left_are_swept(store: Store) -> None:
    store.put_keyframe(1.0, b"one")
    (store.folder / KEYFRAMES / "77.jpg").write_bytes(b"left behind")
    (store.folder / KEYFRAMES / "78.part").write_bytes(b"half")
    Compactor(store, SMALL)
    check_files(store)


@pytest.fixture
def long_log(store: Store) -> Iterator[Store]:
    for i in range(60):
        store.append(float(i), "percept", {"kind": "scene", "n": i})
        store.append(float(i), ("answer", "turn", "alert", "gap")[i % 4], {"n": i})
    yield store


def test_the_log_loses_percepts_first_and_answers_last(long_log: Store) -> None:
    compactor = Compactor(long_log, BudgetConfig(log_lines=64), "UTC")
    with long_log.transaction():
        compactor.work(100)
    types = Counter(entry.type for entry in long_log.log_after(0))
    assert types == {"percept": 4, "answer": 15, "turn": 15, "alert": 15, "gap": 15}
    assert reaches_back_to(long_log) == 55.0
    for i in range(200):
        long_log.append(100.0 + i, "answer", {"n": i})
    with long_log.transaction():
        compactor.work(400)
    types = Counter(entry.type for entry in long_log.log_after(0))
    assert types.total() == 64 and set(types) == {"answer"}


def test_lines_that_watches_have_yet_to_see_stay(long_log: Store) -> None:
    long_log.execute("INSERT INTO watch VALUES ('w1', '{}', 1, 'armed', 0, '{}')")
    long_log.set_meta(CURSOR, "20")
    compactor = Compactor(long_log, BudgetConfig(log_lines=64), "UTC")
    with long_log.transaction():
        compactor.work(100)
    assert long_log.log_after(0)[0].seq == 21 and long_log.counts()["log"] == 100


def test_alerts_on_their_way_stay(store: Store) -> None:
    seqs = [store.append(float(i), "alert", {"n": i}) for i in range(100)]
    row = "INSERT INTO outbox (seq, watch, target) VALUES (?, 'w1', '{}')"
    store.execute(row, seqs[3])
    compactor = Compactor(store, BudgetConfig(log_lines=64), "UTC")
    with store.transaction():
        compactor.work(100)
    kept = [entry.seq for entry in store.log_after(0)]
    assert seqs[3] in kept and seqs[4] not in kept


def test_bytes_are_a_budget_too(store: Store) -> None:
    budget = BudgetConfig(bytes=1 << 20, exact_s=30)
    ledger = begin(store, budget)
    rng = random.Random(3)
    for i in range(260):
        t = 4.0 * i
        text = " ".join(f"w{rng.randrange(10_000)}" for _ in range(60))
        ledger.write([percept("text", text, t, id=f"text{i}")], t + 1, t + 1)
    assert store.size() < 1.1 * (1 << 20)
    assert 8 < store.counts()["moment"] < 130 and store.check() == "ok"
    check_whole(store)


def test_a_dry_run_says_from_when_the_log_reaches_back(long_log: Store) -> None:
    book = Book(long_log)
    assert note_on_log(book) == ()
    compactor = Compactor(long_log, BudgetConfig(log_lines=64), "UTC")
    with long_log.transaction():
        compactor.work(100)
    (note,) = note_on_log(book)
    assert "reaches back to 0:55" in note


def test_a_merged_row_says_how_coarse_it_is_and_shows_its_best_picture(store: Store) -> None:
    ledger = begin(store, BudgetConfig(moments=8, exact_s=0, half_life_h=0.05))
    for i in range(80):
        t = 16.0 * i
        events: list[Event] = [Keyframe(t=t + 1, jpeg=bytes(50), is_cut=False)]
        if i == 2:
            events.append(thing("giraffe", "brown", t + 1, t + 9, id="object1"))
        ledger.write([*events, percept("scene", "wall", t, id=f"scene{i}")], t + 16, t + 16)
    row = next(m for m in store.moments() if m.start_s <= 33 < m.end_s)
    assert row.size > 2 and row.keyframe == "keyframes/3.jpg"
    body = moment_body(row)
    assert (body["level"], body["size"]) == (row.level, row.size) and body["data"]["seen_s"] > 32
    assert "level" not in moment_body(Moment(id=1, start_s=0, end_s=9, text="wall"))
