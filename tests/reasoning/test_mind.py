import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.config import MemoryConfig, SessionConfig
from omnilive.core.errors import ConfigError
from omnilive.core.events import Answer
from omnilive.memory.store import Store
from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.config import ReasoningConfig
from omnilive.reasoning.mind import Mind
from omnilive.reasoning.scripted import ScriptedModel
from tests.made import put, said, thing


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s", create=True)
    put(store, thing("car", "red", 5, 20), said("The train leaves at nine.", 22))
    yield store
    store.close()


def config(*script: str, backend: str = "scripted") -> SessionConfig:
    reasoning = ReasoningConfig(backend=backend, script=script)
    return SessionConfig(memory=MemoryConfig(embedder="off"), reasoning=reasoning)


def pieces(store: Store, config: SessionConfig, question: str) -> list[str | ToolCall | Answer]:
    mind = Mind(config)

    async def collect() -> list[str | ToolCall | Answer]:
        return [piece async for piece in mind.stream(store, "s", question)]

    try:
        return asyncio.run(collect())
    finally:
        mind.close()


def test_the_scripted_model_says_its_lines_in_turn() -> None:
    model = ScriptedModel(ReasoningConfig(script=("one two", "three")))
    ask = [Message(role="user", text="?")]
    assert ["".join(map(str, model.stream(ask, 9))) for _ in range(3)] == ["one two", "three", ""]
    assert list(ScriptedModel(ReasoningConfig(script=("a b",))).stream(ask, 9)) == ["a", " b"]


def test_a_trusted_model_words_the_answer_and_the_evidence_stays(store: Store) -> None:
    *words, answer = pieces(store, config("It came early."), "When did the car appear?")
    assert isinstance(answer, Answer)
    assert "".join(map(str, words)) == answer.text == "It came early."
    assert (answer.model, answer.supported) == ("scripted", True)
    assert [e.text for e in answer.evidence] == ["red car"]
    assert 0 <= answer.timing.recall_s <= answer.timing.first_token_s <= answer.timing.total_s


def test_a_silent_model_leaves_the_computed_answer(store: Store) -> None:
    answer = pieces(store, config(), "When did the car appear?")[-1]
    assert isinstance(answer, Answer) and answer.model == "computed" and "0:05" in answer.text


def test_an_answer_in_json_is_the_public_form(store: Store) -> None:
    answer = pieces(store, config(), "When did the car appear?")[-1]
    assert isinstance(answer, Answer)
    line = answer.as_json()
    assert list(line) == [
        "type", "session", "t", "question", "text", "evidence", "supported", "model", "timing",
    ]  # fmt: skip
    assert set(line["evidence"][0]) == {"id", "kind", "start_s", "end_s", "text", "keyframe"}


def test_an_unknown_backend_is_named(store: Store) -> None:
    with pytest.raises(ConfigError, match="no reasoning backend 'oracle'; choose from.*scripted"):
        pieces(store, config(backend="oracle"), "When did the car appear?")


def test_search_finds_without_answering(store: Store) -> None:
    mind = Mind(config())
    assert [e.text for e in mind.search(store, "train")] == ["The train leaves at nine."]
    assert mind.search(store, "submarine") == []
    mind.close()
