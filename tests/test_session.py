import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.config import SessionConfig
from omnilive.core.errors import BackendError, ConfigError, SourceError, StoreError
from omnilive.memory.base import Fact
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from omnilive.perception.audio.base import Transcript
from omnilive.perception.senses import Senses
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, FakeASR, fake_senses
from tests.media.clips import write_clip
from tests.story import LONG_LINES, SHORT_LINES, write_long, write_short


class FailingASR(FakeASR):
    def transcribe(self, pcm: Any, *, quick: bool = False) -> Transcript:
        raise BackendError("the model is gone")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_short(folder / "short.mkv")
    write_long(folder / "long.mkv")
    write_clip(folder / "silent.mkv", audio=False, video_codec="ffv1")
    write_clip(folder / "blind.wav", video=False, audio_codec="pcm_s16le")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "sessions")


@pytest.fixture
def senses() -> Iterator[Senses]:
    senses = fake_senses()
    yield senses
    senses.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(limited())


@contextlib.asynccontextmanager
async def opened(library: Library, senses: Senses, name: str = "s") -> AsyncIterator[Session]:
    async with Session.open(name, FAKE_CONFIG, library=library, senses=senses) as session:
        yield session


def story(store: Store) -> list[tuple[Any, ...]]:
    """What the facts tell, without ids."""
    return sorted(
        (f.kind, round(f.start_s, 2), round(f.end_s, 2), f.text, f.open) for f in store.facts()
    )


def told(store: Store, *kinds: Any) -> list[Fact]:
    return store.facts(kinds=kinds)


def test_a_clip_is_seen_heard_and_remembered(clips: Path, library: Library, senses: Senses) -> None:
    lines: list[dict[str, Any]] = []

    async def test() -> None:
        async with opened(library, senses) as session:
            session.listeners.append(lines.append)
            summary = await session.watch(str(clips / "long.mkv"), pace="fast")
            store = session.store
            assert [f.text for f in told(store, "speech")] == [line.words for line in LONG_LINES]
            for fact, line in zip(told(store, "speech"), LONG_LINES, strict=True):
                assert fact.start_s == pytest.approx(line.start_s, abs=0.1)
                assert fact.end_s == pytest.approx(line.end_s, abs=0.1)
            assert [f.text for f in told(store, "object")] == ["red car", "blue dog", "yellow bus"]
            assert [f.text for f in told(store, "text")] == ["WELCOME ABOARD", "EXIT ON THE LEFT"]
            assert not any(f.open for f in store.facts())
            assert [(m.start_s, m.end_s) for m in store.moments()] == [(0, 6), (6, 9), (9, 12)]
            assert store.moments()[1].text.startswith("said: juliet alpha")
            assert "car" not in store.moments()[1].text
            assert store.sources()[0].state == "ended"
            assert summary["frames"]["dropped"] == 0 and summary["frames"]["decoded"] == 240
            assert summary["duration_s"] == summary["audio_s"] == 12.0
            assert not session.pipelines
            logged = store.log_after(0)
            assert [e.seq for e in logged] == list(range(1, len(logged) + 1))
            assert [line["seq"] for line in lines if line.get("seq")] == [e.seq for e in logged[1:]]

    run(test)


def test_live_and_fast_give_the_same(clips: Path, library: Library, senses: Senses) -> None:
    stories: dict[str, Any] = {}
    walls: dict[str, float] = {}

    async def test() -> None:
        for pace in ("fast", "live"):
            async with opened(library, senses, pace) as session:
                summary = await session.watch(str(clips / "short.mkv"), pace=pace)  # type: ignore[arg-type]
                stories[pace], walls[pace] = story(session.store), summary["wall_s"]

    run(test)
    assert stories["live"] == stories["fast"]
    assert {kind for kind, *_ in stories["fast"]} == {"scene", "object", "speech", "text"}
    assert walls["fast"] < 2.0 < walls["live"] < 6.0


def test_a_question_at_t_sees_nothing_later(clips: Path, library: Library, senses: Senses) -> None:
    answers: dict[tuple[str, float], dict[str, Any]] = {}

    def listen(line: dict[str, Any]) -> None:
        if line["type"] == "answer":
            answers[line["question"], line["t"]] = line

    asks = [
        ("When did the dog appear?", 2.0),
        ("When did the dog appear?", 5.0),
        ("What was said?", 4.7),
        ("How many dogs are there now?", 5.0),
        ("How many dogs are there now?", 7.5),
        ("Was there a bus?", 8.0),
        ("Was there a bus?", 100.0),
    ]

    async def test() -> None:
        async with opened(library, senses) as session:
            session.listeners.append(listen)
            await session.watch(str(clips / "long.mkv"), pace="fast", asks=asks)
            for (question, t), answer in list(answers.items()):
                assert all(e["start_s"] <= t for e in answer["evidence"])
                assert all(e["end_s"] <= t + 0.3 for e in answer["evidence"])
                if t <= 12:  # asked again afterwards, the memory does not know more
                    again = await session.ask(question, t)
                    assert [e.id for e in again.evidence] == [e["id"] for e in answer["evidence"]]

    run(test)
    assert len(answers) == len(asks)
    assert "0:03" not in answers["When did the dog appear?", 2.0]["text"]
    assert "0:03" in answers["When did the dog appear?", 5.0]["text"]
    heard = " ".join(e["text"] for e in answers["What was said?", 4.7]["evidence"])
    assert "delta echo" in heard and "india" not in heard and "juliet" not in heard
    assert "1" in answers["How many dogs are there now?", 5.0]["text"]
    assert answers["Was there a bus?", 8.0]["text"].startswith("No")
    assert answers["Was there a bus?", 100.0]["text"].startswith("Yes")


def test_asking_while_watching_does_not_stop_it(
    clips: Path, library: Library, senses: Senses
) -> None:
    async def test() -> None:
        async with opened(library, senses) as session:
            watching = asyncio.create_task(session.watch(str(clips / "short.mkv"), pace="live"))
            await asyncio.sleep(1.8)
            answer = await session.ask("What was said?")
            assert 1.0 < answer.t < 2.5 and "alpha bravo charlie" in answer.text
            assert not watching.done()
            await watching
            assert (await session.ask("What was said last?")).t == pytest.approx(3.0, abs=0.1)

    run(test)


@pytest.mark.parametrize("stop_s", [1.0, 2.8, 4.5, 7.2])
def test_what_was_stopped_goes_on_where_it_was(
    clips: Path, library: Library, senses: Senses, stop_s: float
) -> None:
    clip = str(clips / "long.mkv")

    async def test() -> None:
        async with opened(library, senses, "whole") as session:
            await session.watch(clip, pace="fast")
            expected = session.store.facts()
        async with opened(library, senses) as session:
            stop_at(session, stop_s)
            await session.watch(clip, pace="fast")
            assert session.store.sources()[0].state == "interrupted"
            before = session.store.last_seq()
        async with opened(library, senses) as session:
            summary = await session.watch(clip, pace="fast")
            assert summary["duration_s"] < 12.0 - stop_s + 4.0
            store = session.store
            assert store.last_seq() > before
            assert [e.seq for e in store.log_after(0)] == list(range(1, store.last_seq() + 1))
            assert len(store.sources()) == 1 and store.sources()[0].state == "ended"
            assert_same_things(store.facts(), expected)
            again = await session.watch(clip, pace="fast")  # whole by now: a second viewing
            assert again["duration_s"] == 12.0 and len(store.sources()) == 2

    run(test)


def stop_at(session: Session, t: float) -> None:
    """Stop the session at stream time `t`, whatever the pace."""

    def listen(line: dict[str, Any]) -> None:
        if line["t"] >= t:
            session.stop()

    session.listeners.append(listen)


def assert_same_things(facts: list[Fact], expected: list[Fact]) -> None:
    """Utterances and objects are the same; scenes and texts may begin anew where it broke."""

    for kind in ("speech", "object"):
        one, two = ([f for f in some if f.kind == kind] for some in (facts, expected))
        assert [f.text for f in one] == [f.text for f in two]
        for a, b in zip(one, two, strict=True):
            assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s), abs=0.1)
    for kind in ("text", "scene"):
        texts = [{f.text for f in some if f.kind == kind} for some in (facts, expected)]
        assert texts[0] >= texts[1]
    assert not any(f.open for f in facts)


@pytest.mark.parametrize("name", ["silent.mkv", "blind.wav"])
def test_one_medium_alone(clips: Path, library: Library, senses: Senses, name: str) -> None:
    async def test() -> None:
        async with opened(library, senses) as session:
            await session.watch(str(clips / name), pace="fast", asks=[("What is there?", 1.0)])
            kinds = {f.kind for f in session.store.facts()}
            assert ("scene" in kinds) == (name == "silent.mkv")
            assert session.store.end_s() == pytest.approx(2.0, abs=0.3)

    run(test)


def test_without_any_model_time_passes_all_the_same(clips: Path, library: Library) -> None:
    senses = fake_senses(without=["vad", "asr", "sounds", "detector", "tagger", "reader"])

    async def test() -> None:
        async with opened(library, senses) as session:
            await session.watch(str(clips / "short.mkv"), pace="fast")
            assert {f.kind for f in session.store.facts()} == {"scene"}

    run(test)
    senses.close()


def test_sources_follow_each_other_on_one_clock(
    clips: Path, library: Library, senses: Senses
) -> None:
    async def test() -> None:
        async with opened(library, senses) as session:
            for _ in range(2):
                await session.watch(str(clips / "short.mkv"), pace="fast")
            words = [line.words for line in SHORT_LINES]
            assert [f.text for f in told(session.store, "speech")] == words * 2
            assert [f.start_s for f in told(session.store, "object") if "car" in f.text] == (
                pytest.approx([0.0, 3.0], abs=0.1)
            )

    run(test)


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_is_refused(library: Library, senses: Senses, question: str) -> None:
    async def test() -> None:
        async with opened(library, senses) as session:
            with pytest.raises(ConfigError, match="question is empty: ask something"):
                await session.ask(question)

    run(test)


def test_an_empty_memory_says_so(library: Library, senses: Senses) -> None:
    async def test() -> None:
        async with opened(library, senses) as session:
            answer = await session.ask("When did the cat come in?")
            assert not answer.supported and answer.evidence == () and answer.text

    run(test)


def test_bad_sources_and_paces_leave_the_session_usable(
    clips: Path, library: Library, senses: Senses
) -> None:
    async def test() -> None:
        async with opened(library, senses) as session:
            with pytest.raises(SourceError, match="no such file"):
                await session.watch(str(clips / "nowhere.mp4"))
            with pytest.raises(SourceError, match="is a folder"):
                await session.watch(str(clips))
            with pytest.raises(ConfigError, match="no pace 'slow'; choose from live, fast"):
                await session.watch(str(clips / "short.mkv"), pace="slow")  # type: ignore[arg-type]
            assert session.store.sources() == []
            await session.watch(str(clips / "short.mkv"), pace="fast")

    run(test)


def test_a_model_that_fails_ends_the_watch_and_keeps_the_rest(
    clips: Path, library: Library
) -> None:
    senses = fake_senses(asr=FailingASR())

    async def test() -> None:
        async with opened(library, senses) as session:
            with pytest.raises(BackendError, match="the model is gone"):
                await session.watch(str(clips / "short.mkv"), pace="fast")
            source = session.store.sources()[0]
            assert (source.state, source.detail) == ("failed", "the model is gone")
            assert [f.text for f in told(session.store, "object")][:1] == ["red car"]
            assert session.store.check() == "ok"

    run(test)
    senses.close()


def test_cancelling_is_an_interruption(clips: Path, library: Library, senses: Senses) -> None:
    async def test() -> None:
        async with opened(library, senses) as session:
            watching = asyncio.create_task(session.watch(str(clips / "long.mkv"), pace="live"))
            await asyncio.sleep(1.5)
            watching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await watching
            assert session.store.sources()[0].state == "interrupted"
            assert [f.text for f in told(session.store, "object")] == ["red car"]

    run(test)


def test_a_second_process_is_refused(clips: Path, library: Library, senses: Senses) -> None:
    clip = str(clips / "long.mkv")
    command = [sys.executable, "-m", "tests.watcher", str(library.root), "s", clip, "live"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None

    async def test() -> None:
        async with opened(library, senses) as session:
            with pytest.raises(StoreError, match="'s' is being watched by another process"):
                await session.watch(clip, pace="fast")
            assert len(session.store.sources()) == 1
            assert (await session.ask("Is there a car?", 0.5)).text  # reading is free

    try:
        assert child.stdout.readline() == b"open\n"
        run(test)
        refused = subprocess.run(command, capture_output=True, text=True)
        assert refused.returncode == 1 and "stop it, or use another session" in refused.stderr
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"watches": {"policy": "no-such"}}, "no-such"),
        ({"memory": {"recall": "compressor"}}, "needs a trained one"),
    ],
)
def test_a_session_that_cannot_be_opened_lets_go_of_its_store(
    library: Library, settings: dict[str, Any], said: str
) -> None:
    config = SessionConfig.model_validate(
        {**settings, "memory": {"embedder": "off", **settings.get("memory", {})}}
    )
    session = Session.open("s", config, library=library)
    with pytest.raises((ConfigError, BackendError), match=said):
        asyncio.run(session.__aenter__())
    with pytest.raises(StoreError, match="closed"):
        session.store.counts()
