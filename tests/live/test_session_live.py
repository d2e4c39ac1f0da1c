"""A session that narrates and answers through a live model: the wiring, with a scripted engine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.config import SessionConfig
from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.host import LiveHost
from omnilive.memory.control.forget import forget as forget_span
from omnilive.memory.library import Library
from omnilive.perception.senses import Senses
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.live.fake_live import FakeEngine, fake_host
from tests.media.clips import write_clip
from tests.story import write_long, write_short

LIVE = SessionConfig.model_validate(
    {**FAKE_CONFIG.model_dump(), "live": {"checkpoint": "fake", "window_tok": 0}}
)
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_short(folder / "short.mkv")
    write_long(folder / "long.mkv")
    write_clip(folder / "blind.wav", video=False, audio_codec="pcm_s16le")
    return folder


@pytest.fixture
def senses() -> Iterator[Senses]:
    senses = fake_senses(without=["vad", "asr", "sounds", "reader"])
    yield senses
    senses.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(limited())


@contextlib.asynccontextmanager
async def opened(
    folder: Path, senses: Senses, host: LiveHost, lines: Lines, name: str = "s", **live: Any
) -> AsyncIterator[Session]:
    config = LIVE.model_copy(update={"live": LIVE.live.model_copy(update=live)})
    session = Session.open(
        name, config, library=Library(folder / "sessions"), senses=senses, live=host
    )
    async with session:
        session.listeners.append(lines.append)
        yield session


def captions(lines: Lines, *, final: bool = True) -> list[tuple[float, str]]:
    return [
        (line["start_s"], line["text"])
        for line in lines
        if line["type"] == "percept" and line["kind"] == "caption" and line["final"] is final
    ]


def answers(lines: Lines) -> Lines:
    return [line for line in lines if line["type"] == "answer"]


TOLD = [
    (0.0, "a red square appears"),
    (3.0, "a blue square appears"),
    (9.0, "a yellow square appears"),
]


def test_what_the_model_says_is_remembered(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        host, lines = fake_host(), []
        async with opened(tmp_path, senses, host, lines) as session:
            summary = await session.watch(str(clips / "long.mkv"), pace="fast")
            assert captions(lines) == TOLD
            facts = session.store.facts(kinds=("caption",))
            assert [(f.start_s, f.text) for f in facts] == TOLD
            assert not any(f.open for f in facts)
            assert facts[1].data["model"] == "fake-live" and facts[1].data["reply"] == 1
            assert any("a blue square appears" in m.text for m in session.store.moments())
            found = session.mind.search(session.store, "yellow square")
            assert (found[0].kind, found[0].start_s) == ("caption", 9.0)
            assert summary["live"] == {"seen": 24, "remarks": 3, "answers": 0, "dropped": 0}
        host.close()

    run(test)


def test_a_question_comes_after_exactly_the_pictures_up_to_then(
    clips: Path, tmp_path: Path, senses: Senses
) -> None:
    async def test() -> None:
        host, lines = fake_host(), []
        asks = [("What do you see?", 2.0), ("What do you see now?", 3.2), ("What is there?", 7.0)]
        async with opened(tmp_path, senses, host, lines) as session:
            await session.watch(str(clips / "long.mkv"), pace="fast", asks=asks)
            stored = [entry for entry in session.store.log_after(0) if entry.type == "answer"]
        host.close()
        first, second, third = answers(lines)
        assert first["text"] == "red after 4 frames" and first["t"] == 2.0
        assert second["text"] == "blue and red after 7 frames"
        assert third["text"] == "nothing after 14 frames"
        assert first["model"] == second["model"] == "fake-live"
        assert first["supported"]
        assert "a red square appears" in [e["text"] for e in first["evidence"]]
        assert all(e["start_s"] <= 2.0 for e in first["evidence"])
        assert any(e["kind"] == "caption" and e["keyframe"] for e in second["evidence"])
        assert not third["supported"]  # nothing perceived says so
        assert 0 < first["timing"]["first_token_s"] <= first["timing"]["total_s"]
        assert len(stored) == 3

    run(test)


def test_the_answer_streams_and_can_be_left(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        engine = FakeEngine()
        host, lines = fake_host(engine), []
        async with opened(tmp_path, senses, host, lines) as session:
            watching = asyncio.create_task(session.watch(str(clips / "short.mkv"), pace="live"))
            await asyncio.sleep(1.3)
            pieces = [p async for p in session.stream("What do you see?")]
            assert [p for p in pieces if isinstance(p, str)] == ["red", " after", " 3", " frames"]
            stream = session.stream("And now?")
            assert await anext(stream) == "red"
            await stream.aclose()
            await watching
        host.close()
        assert (0.0, "a red square appears") in captions(lines)
        assert [line["question"] for line in answers(lines)] == ["What do you see?"]

    run(test)


def test_live_and_fast_give_the_same(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        told = {}
        for pace in ("fast", "live"):
            host, lines = fake_host(), []
            async with opened(tmp_path, senses, host, lines, pace) as session:
                await session.watch(str(clips / "short.mkv"), pace=pace)  # type: ignore[arg-type]
            host.close()
            told[pace] = captions(lines)
        assert told["fast"] == told["live"] == [(0.0, TOLD[0][1]), (2.0, TOLD[1][1])]

    run(test)


@pytest.mark.parametrize(
    ("question", "is_live"),
    [
        ("What is on the left?", True),
        ("Tell me what you see.", True),
        ("What does the card say?", True),
        ("What was said?", False),
        ("What did I ask you before?", False),
        ("What was there yesterday?", False),
        ("What was there in the last minute?", True),
    ],
)
def test_what_the_model_cannot_know_is_left_to_the_memory(
    clips: Path, tmp_path: Path, senses: Senses, question: str, is_live: bool
) -> None:
    async def test() -> None:
        host, lines = fake_host(), []
        async with opened(tmp_path, senses, host, lines) as session:
            await session.watch(str(clips / "short.mkv"), pace="fast", asks=[(question, 1.0)])
            await session.ask("What do you see?")  # nothing runs any more
        host.close()
        first, last = answers(lines)
        assert (first["model"] == "fake-live") == is_live
        assert last["model"] != "fake-live"

    run(test)


@pytest.mark.parametrize("how", ["answers off", "says nothing"])
def test_the_memory_answers_where_the_model_does_not(
    clips: Path, tmp_path: Path, senses: Senses, how: str
) -> None:
    async def test() -> None:
        host, lines = fake_host(FakeEngine(silent=how == "says nothing")), []
        off = how == "answers off"
        async with opened(tmp_path, senses, host, lines, answers=not off) as session:
            asks = [("Is there a car?", 1.0)]
            await session.watch(str(clips / "short.mkv"), pace="fast", asks=asks)
        host.close()
        (answer,) = answers(lines)
        assert answer["model"] != "fake-live" and answer["text"].startswith("Yes")

    run(test)


def test_a_model_that_fails_ends_nothing_else(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        host, lines = fake_host(FakeEngine(fail_at_s=2.0)), []
        asks = [("What do you see?", 1.0), ("Is there a dog?", 4.0)]
        async with opened(tmp_path, senses, host, lines) as session:
            await session.watch(str(clips / "long.mkv"), pace="fast", asks=asks)
            assert session.store.sources()[0].state == "ended"
            assert [f.text for f in session.store.facts(kinds=("object",))][-1] == "yellow bus"
            with pytest.raises(BackendError, match="weights melted"):
                await host.open(lambda _: None)
        host.close()
        (trouble,) = [line for line in lines if line.get("state") == "degraded"]
        assert "live model" in trouble["detail"] and "weights melted" in trouble["detail"]
        before, after = answers(lines)
        assert before["model"] == "fake-live" and after["model"] != "fake-live"
        assert after["text"].startswith("Yes")

    run(test)


def test_two_sessions_share_one_model(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        engine = FakeEngine()
        host, one, two = fake_host(engine), [], []
        async with (
            opened(tmp_path, senses, host, one, "one") as first,
            opened(tmp_path, senses, host, two, "two") as second,
        ):
            await asyncio.gather(
                first.watch(str(clips / "long.mkv"), pace="fast"),
                second.watch(str(clips / "short.mkv"), pace="fast"),
            )
        assert captions(one) == TOLD
        assert captions(two) == [(0.0, TOLD[0][1]), (2.0, TOLD[1][1])]
        await asyncio.sleep(0.05)
        assert not engine.streams and sorted(engine.closed) == [1, 2]
        host.close()

    run(test)


def test_a_source_without_pictures_does_without(
    clips: Path, tmp_path: Path, senses: Senses
) -> None:
    async def test() -> None:
        engine = FakeEngine()
        host, lines = fake_host(engine), []
        async with opened(tmp_path, senses, host, lines) as session:
            asks = [("What do you see?", 1.0)]
            summary = await session.watch(str(clips / "blind.wav"), pace="fast", asks=asks)
        host.close()
        assert "live" not in summary and not engine.closed
        assert answers(lines)[0]["model"] != "fake-live"

    run(test)


def test_without_an_instruction_it_only_answers(
    clips: Path, tmp_path: Path, senses: Senses
) -> None:
    async def test() -> None:
        engine = FakeEngine()
        host, lines = fake_host(engine), []
        async with opened(tmp_path, senses, host, lines, instruction="") as session:
            asks = [("What do you see?", 1.0)]
            await session.watch(str(clips / "short.mkv"), pace="fast", asks=asks)
        host.close()
        assert not captions(lines) and answers(lines)[0]["text"] == "red after 2 frames"

    run(test)


def test_what_was_forgotten_is_not_in_the_model_either(
    clips: Path, tmp_path: Path, senses: Senses
) -> None:
    async def test() -> None:
        engine = FakeEngine()
        host, lines = fake_host(engine), []
        async with opened(tmp_path, senses, host, lines) as session:

            def forget(line: dict[str, Any]) -> None:
                if line["type"] == "answer" and line["t"] == 4.0:
                    with contextlib.closing(session.library.open("s")) as store:  # by whomsoever
                        forget_span(store, 1.0, 2.0)

            session.listeners.append(forget)
            asks = [("What do you see?", t) for t in (4.0, 5.0, 5.9)]
            await session.watch(str(clips / "long.mkv"), pace="fast", asks=asks)
        host.close()
        before, _, after = answers(lines)
        assert before["text"] == "blue and red after 8 frames"
        assert after["text"] in [f"blue and red after {n} frames" for n in (1, 2, 3, 4)]
        assert captions(lines).count(TOLD[0]) <= 2  # told again, as news

    run(test)


def test_a_watch_can_be_handed_to_the_model(clips: Path, tmp_path: Path, senses: Senses) -> None:
    words = "tell me when a blue square shows up"

    async def test() -> None:
        host, lines = fake_host(), []
        async with opened(tmp_path, senses, host, lines) as session:
            watch = await session.watches.add(words)
            assert watch["rule"]["what"] == {
                "kind": "caption", "instruction": words, "contains": []
            }  # fmt: skip
            assert "live model" in watch["readable"] and watch["notes"]
            await session.watch(str(clips / "long.mkv"), pace="fast")
            (alert,) = await session.watches.alerts()
            assert alert["text"] == "a blue square appears" and alert["at_s"] == 3.0
            assert alert["evidence"][0]["kind"] == "caption" and alert["keyframe"]
            told = await session.watches.explain(watch["id"], 3.0)
            assert told["why"] == "fired"
            await session.watches.remove(watch["id"])
        host.close()
        assert captions(lines).count((3.0, "a blue square appears")) == 2  # narrated, and for it

    run(test)


def test_a_watch_reacts_to_the_narration(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        host, lines = fake_host(), []
        async with opened(tmp_path, senses, host, lines) as session:
            await session.watches.add({"what": {"kind": "caption", "contains": ["yellow square"]}})
            await session.watch(str(clips / "long.mkv"), pace="fast")
            (alert,) = await session.watches.alerts()
            assert alert["at_s"] == 9.0 and alert["text"] == "a yellow square appears"
        host.close()

    run(test)


def test_more_watches_than_the_model_can_follow_are_refused(tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        async with opened(tmp_path, senses, fake_host(), [], watches=1) as session:
            await session.watches.add("tell me when a blue square shows up")
            with pytest.raises(ConfigError, match=r"live\.watches"):
                await session.watches.add("tell me when a red square shows up")

    run(test)


def test_what_the_model_refuses_ends_nothing(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        host, lines = fake_host(FakeEngine(most=1)), []
        async with opened(tmp_path, senses, host, lines) as session:
            await session.watches.add("tell me when a blue square shows up")
            asks = [("Is there a car? " + "Really? " * 200, 1.0)]
            await session.watch(str(clips / "short.mkv"), pace="fast", asks=asks)
        host.close()
        assert [text for _, text in captions(lines)] == [text for _, text in TOLD[:2]]
        assert answers(lines)[0]["model"] != "fake-live"
        (trouble,) = [line for line in lines if line.get("state") == "degraded"]
        assert "blue square" in trouble["detail"] and "live.streams" in trouble["detail"]

    run(test)


def test_commentary_says_what_the_model_says(clips: Path, tmp_path: Path, senses: Senses) -> None:
    async def test() -> None:
        host, lines = fake_host(), []
        async with opened(tmp_path, senses, host, lines) as session:
            await session.watches.narrate("commentary")
            await session.watch(str(clips / "long.mkv"), pace="fast")
        host.close()
        said = [(line["start_s"], line["text"]) for line in lines if line["type"] == "remark"]
        assert said == TOLD

    run(test)
