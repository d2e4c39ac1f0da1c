"""The watches of a running session, with fakes for the models."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.config import SessionConfig
from omnilive.core.errors import BackendError, ConfigError
from omnilive.dialogue.watches import checks, policy
from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.config import WatchesConfig
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.policy import Case, NoReply, Threshold, Tools, TwoHead, Verdict
from omnilive.memory.library import Library
from omnilive.perception.senses import Senses
from omnilive.reasoning.base import Message
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, FakeEmbedder, fake_senses
from tests.story import write_long

THINGS = r.Rule(what=r.Object(labels=("car", "dog", "bus")))
CHECKED = r.Rule(what=THINGS.what, check=True)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_long(tmp_path_factory.mktemp("clips") / "long.mkv")


@pytest.fixture(scope="module")
def senses() -> Iterator[Senses]:
    senses = fake_senses()
    yield senses
    senses.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(90):
            await test()

    asyncio.run(limited())


@contextlib.asynccontextmanager
async def opened(
    folder: Path, senses: Senses, lines: list[Any] | None = None, **watches: Any
) -> AsyncIterator[Session]:
    config: SessionConfig = FAKE_CONFIG.model_copy(update={"watches": WatchesConfig(**watches)})
    async with Session.open("s", config, library=Library(folder), senses=senses) as session:
        if lines is not None:
            session.listeners.append(lines.append)
        yield session


class Scripted:
    """A policy that does as it is told, and counts."""

    name = "scripted"

    def __init__(self, act: Callable[[Case], Verdict]) -> None:
        self.cases: list[Case] = []
        self._act = act

    def decide(self, case: Case) -> Verdict:
        self.cases.append(case)
        return self._act(case)


def what(case: Case) -> str:
    return str(case.evidence[0]["text"])


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Case], Verdict]], Scripted]:
    def make(act: Callable[[Case], Verdict]) -> Scripted:
        made = Scripted(act)
        monkeypatch.setattr(policy, "Made", lambda config, tools: made, raising=False)
        names = {**policy.POLICIES._builtin, "scripted": "omnilive.dialogue.watches.policy:Made"}
        monkeypatch.setattr(policy.POLICIES, "_builtin", names)
        return made

    return make


def test_plain_words_become_alerts_that_listeners_hear(
    clip: Path, tmp_path: Path, senses: Senses
) -> None:
    lines: list[dict[str, Any]] = []

    async def test() -> None:
        async with opened(tmp_path, senses, lines) as session:
            made = await session.watches.add("tell me when a bus appears")
            assert made["readable"].startswith("Each time a bus appears") and made["id"] == "w1"
            with pytest.raises(ConfigError):
                await session.watches.add("tell me when a unicorn appears")
            await session.watch(str(clip), "fast")
            alerts = await session.watches.alerts()
            assert [a["watch"] for a in alerts] == ["w1"]
            heard = [line for line in lines if line["type"] == "alert"]
            assert [line["seq"] for line in heard] == [a["seq"] for a in alerts]
            evidence = alerts[0]["evidence"][0]
            assert evidence["label"] == "bus" and evidence["keyframe"]
            assert (session.store.folder / evidence["keyframe"]).is_file()
            (listed,) = await session.watches.list()
            assert (listed["state"], listed["alerts"]) == ("armed", 1)
            found = await session.watches.dry_run("tell me when a dog appears")
            assert len(found) == 1
            assert (await session.watches.explain("w1", 1.0))["why"] == "gate"

    run(test)


def test_latency_is_split_at_live_pace(clip: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        async with opened(tmp_path, senses) as session:
            await session.watches.add(THINGS)
            await session.watch(str(clip), "live")
            for alert in await session.watches.alerts():
                split = alert["latency"]
                assert 0 <= split["total_s"] < 10 and split["gate_s"] < 1
                parts = split["perception_s"] + split["gate_s"] + split["check_s"]
                assert parts == pytest.approx(split["total_s"], abs=0.01)

    run(test)


def test_a_check_confirms_or_silences(
    clip: Path, tmp_path: Path, senses: Senses, scripted: Any
) -> None:
    made = scripted(lambda case: Verdict("dog" in what(case), "looked", "A dog, really."))

    async def test() -> None:
        async with opened(tmp_path, senses, policy="scripted") as session:
            session.watches.book.add(CHECKED)
            await session.watch(str(clip), "fast")
            texts = [a["text"] for a in await session.watches.alerts()]
            assert texts == ["A dog, really."] and len(made.cases) == 3
            assert all(case.pictures for case in made.cases)
            bus = next(case for case in made.cases if "bus" in what(case))
            assert (await session.watches.explain("w1", bus.t))["why"] == "check"

    run(test)


@pytest.mark.parametrize(("unchecked", "told"), [("fire", 3), ("silent", 0)])
@pytest.mark.parametrize("fault", ["fails", "hangs"])
def test_a_check_that_fails_or_hangs_is_answered_without_it(
    clip: Path, tmp_path: Path, senses: Senses, scripted: Any, unchecked: str, told: int, fault: str
) -> None:
    end = threading.Event()

    def act(case: Case) -> Verdict:
        if fault == "hangs":
            end.wait(60)
        raise BackendError("no such model")

    scripted(act)

    async def test() -> None:
        config = {"policy": "scripted", "unchecked": unchecked, "timeout_s": 0.3}
        async with opened(tmp_path, senses, **config) as session:
            session.watches.book.add(CHECKED)
            await session.watch(str(clip), "fast")
            assert len(await session.watches.alerts()) == told
            states = [e.body for e in session.store.log_of("check", 100)]
            reasons = [x["reason"] for x in states if "reason" in x]
            wanted = "longer than" if fault == "hangs" else "no such model"
            assert len(reasons) == 3 and all(wanted in reason for reason in reasons)
            assert session.watches.book.table.candidates() == []

    try:
        run(test)
    finally:
        end.set()


def test_a_burst_finds_a_bounded_queue_and_loses_the_least_urgent(
    tmp_path: Path, senses: Senses, scripted: Any
) -> None:
    end = threading.Event()
    made = scripted(lambda case: Verdict(end.wait(60), "late"))

    async def test() -> None:
        async with opened(tmp_path, senses, policy="scripted", queue=2) as session:
            book, ids = session.watches.book, []
            for i, urgency in enumerate(("normal", "low", "normal", "high")):
                alert = {"n": i, "watch": "w1", "text": urgency, "rule": "", "evidence": [],
                         "at_s": float(i), "latency": {"total_s": None},
                         "urgency": urgency}  # fmt: skip
                kept = {"t": float(i), "alert": alert, "rule": CHECKED.model_dump(mode="json")}
                ids.append((book.table.add_candidate("w1", 1, kept), urgency))
            book.add(CHECKED)
            checker = session.watches._checker
            assert checker is not None
            lost = [checker.offer(id, urgency) for id, urgency in ids]
            await asyncio.sleep(0)  # none of them has been begun
            assert lost == [None, None, ids[1][0], ids[0][0]]
            end.set()
            await checker.idle()
            assert [case.happened for case in made.cases] == ["high", "normal"]

    run(test)


def test_what_waited_for_its_check_is_checked_after_a_restart(
    clip: Path, tmp_path: Path, senses: Senses, scripted: Any
) -> None:
    scripted(lambda case: Verdict(True, "seen"))

    async def test() -> None:
        async with opened(tmp_path, senses, policy="scripted") as session:
            book = session.watches.book
            book.add(CHECKED)
            alert = {"n": 1, "watch": "w1", "text": "x", "rule": "", "evidence": [],
                     "at_s": 0.0, "latency": {"total_s": None}, "urgency": "high"}  # fmt: skip
            kept = {"t": 0.0, "alert": alert, "rule": CHECKED.model_dump(mode="json")}
            book.table.add_candidate("w1", 1, kept)
        async with opened(tmp_path, senses, policy="scripted") as session:
            await session.watches.begin(None)
            await session.watches.idle()
            assert len(await session.watches.alerts()) == 1

    run(test)


def test_narration_of_a_session(clip: Path, tmp_path: Path, senses: Senses) -> None:
    lines: list[dict[str, Any]] = []

    async def test() -> None:
        async with opened(tmp_path, senses, lines) as session:
            with pytest.raises(ConfigError, match="no narration"):
                await session.watches.narrate("sing")
            await session.watches.narrate("commentary")
            await session.watch(str(clip), "live")
            remarks = [line for line in lines if line["type"] == "remark"]
            assert remarks and "voice" in remarks[0]["to"]
            stored = [e.seq for e in session.store.log_of("remark", 100)]
            assert stored == [line["seq"] for line in remarks]

    run(test)


CASE = Case(3.0, "tell me when the kettle boils", "The kettle boils", ({
    "kind": "object", "text": "kettle boils", "start_s": 2.0},))  # fmt: skip


def model(reply: str) -> Tools:
    asked: list[Message] = []

    def ask(messages: list[Message], max_tok: int) -> str:
        asked.extend(messages)
        return reply

    return Tools(Likeness(FakeEmbedder()), ask, images=2, is_trusted=True)


@pytest.mark.parametrize(
    ("reply", "speaks", "text"),
    [("NO REPLY", False, ""), ("No reply.", False, ""), ("It boils!", True, "It boils!")],
)
def test_a_language_model_may_answer_no_reply(reply: str, speaks: bool, text: str) -> None:
    verdict = NoReply(WatchesConfig(), model(reply)).decide(CASE)
    assert (verdict.speak, verdict.text) == (speaks, text)


def test_a_model_that_says_nothing_has_failed() -> None:
    with pytest.raises(BackendError):
        NoReply(WatchesConfig(), model("  ")).decide(CASE)


def test_scores_by_likeness() -> None:
    tools = model("")
    assert TwoHead(WatchesConfig(), tools).decide(CASE).speak
    stale = Case(**{**{n: getattr(CASE, n) for n in CASE.__slots__}, "recent": (CASE.happened,)})
    assert not TwoHead(WatchesConfig(), tools).decide(stale).speak
    other = Case(3.0, "tell me when the kettle boils", "A zebra walks past")
    assert not TwoHead(WatchesConfig(), tools).decide(other).speak
    assert Threshold(WatchesConfig(), tools).decide(CASE).speak
    assert not Threshold(WatchesConfig(), tools).decide(other).speak


def test_every_policy_can_be_loaded_by_name() -> None:
    for name in policy.POLICIES.names():
        assert policy.POLICIES.load(name)(WatchesConfig(), model("ok")).name == name
    assert checks.PICTURES >= 1
