import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from omnilive.config import MemoryConfig, SessionConfig
from omnilive.core.errors import BackendError, ConfigError
from omnilive.core.events import Percept
from omnilive.memory.compressor.backbone import SmallBackbone
from omnilive.memory.compressor.checkpoint import Card, save_checkpoint
from omnilive.memory.compressor.config import CompressorConfig, ShapeConfig
from omnilive.memory.compressor.model import Compressor
from omnilive.memory.compressor.ranker import ClipRanker
from omnilive.memory.control.forget import forget
from omnilive.memory.recall import View, recall
from omnilive.memory.store import Store
from omnilive.reasoning.mind import Mind
from tests.fakes import FakeEmbedder

SHAPE = ShapeConfig(
    width=256, layers=1, heads=2, inner=16, text_width=256, feature_width=264, window=2, context=4
)


class Tokens(FakeEmbedder):
    def tokens(self, text: str) -> np.ndarray:
        return np.stack([self._vector(word) for word in text.split()])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An untrained compressor: it compares sentence vectors."""
    net = Compressor(SHAPE, SmallBackbone(SHAPE))
    save_checkpoint(tmp_path / "net", net, Card(shape=SHAPE, encoder="fake"))
    return tmp_path / "net"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "session", create=True)
    yield store
    store.close()


SAID = ("the kettle boils", "a red car parks", "my keys are lost", "the kettle whistles")


def say(store: Store, number: int, text: str) -> int:
    t = 10.0 * number
    said = Percept(t=t, kind="speech", start_s=t + 1, end_s=t + 3, text=text, confidence=1, data={})
    store.put_fact(f"1:{number}", said)
    return store.put_moment(t, t + 10, f"said: {text}")


def test_the_moment_that_was_meant_comes_first(folder: Path, store: Store):
    ranker = ClipRanker(folder, Tokens())
    ids = [say(store, i, text) for i, text in enumerate(SAID)]
    found = ranker.rank(store, "where are my keys", -1e9, 1e9)
    assert found[0].id == ids[2] and len(found) == 4
    assert found[0].score > 0.3 and found[0].table == "moment"
    assert ranker.rank(store, "keys", 25.0, 1e9) and ranker.rank(store, " ", -1e9, 1e9) == []


def test_only_what_is_new_is_taken_in(folder: Path, store: Store):
    ranker = ClipRanker(folder, Tokens())
    for i, text in enumerate(SAID[:3]):
        say(store, i, text)
    assert (ranker.catch_up(store), ranker.catch_up(store)) == (3, 0)
    say(store, 3, SAID[3])
    assert ranker.catch_up(store) == 1


def test_later_moments_have_no_say(folder: Path, store: Store):
    ranker = ClipRanker(folder, Tokens())
    for i, text in enumerate(SAID[:3]):
        say(store, i, text)
    then = ranker.rank(store, "kettle", -1e9, 30.0)
    say(store, 3, SAID[3])
    assert ranker.rank(store, "kettle", -1e9, 30.0) == then
    assert len(ranker.rank(store, "kettle", -1e9, 40.0)) == 4


def test_after_a_forget_nothing_of_it_is_left(folder: Path, store: Store):
    ranker = ClipRanker(folder, Tokens())
    ids = [say(store, i, text) for i, text in enumerate(SAID)]
    ranker.catch_up(store)
    forget(store, 20.0, 30.0)
    known, taken = ranker._catch_up(store)
    assert ids[2] not in known.ids and taken == 3
    assert ids[2] not in [ref.id for ref in ranker.rank(store, "keys", -1e9, 1e9)]


def test_a_merged_moment_is_found_through_its_episode(folder: Path, store: Store):
    ranker = ClipRanker(folder, Tokens())
    ids = [say(store, i, text) for i, text in enumerate(SAID)]
    ranker.catch_up(store)
    store.execute("DELETE FROM moment WHERE id = ?", ids[2])
    store.execute("UPDATE moment SET end_s = 30, level = 1, size = 2 WHERE id = ?", ids[1])
    found = ranker.rank(store, "where are my keys", -1e9, 1e9)
    assert [ref.id for ref in found][0] == ids[1] and len(found) == 3


def test_recall_listens_to_the_ranker(folder: Path, store: Store):
    for i, text in enumerate(SAID):
        say(store, i, text)

    class Fixed:
        def rank(self, *args: object) -> list[object]:
            return ClipRanker(folder, Tokens()).rank(store, "red car", -1e9, 1e9)[:1]

        def catch_up(self, store: Store) -> int:
            return 0

    plain = recall(View(store, 40.0), Tokens(), "whistles")
    both = recall(View(store, 40.0, ranker=Fixed()), Tokens(), "whistles")  # type: ignore[arg-type]
    assert "a red car parks" not in [hit.fact.text for hit in plain]
    assert "a red car parks" in [hit.fact.text for hit in both]


def test_what_it_needs_is_said(folder: Path):
    with pytest.raises(ConfigError, match="set memory.compressor.checkpoint"):
        ClipRanker("", Tokens())
    with pytest.raises(ConfigError, match="memory.embedder: it is off"):
        ClipRanker(folder, None)
    with pytest.raises(BackendError, match="is no compressor"):
        ClipRanker(folder.parent, Tokens())
    other = Tokens()
    other.name = "other"
    with pytest.raises(ConfigError, match="trained with the embedder fake, this session has other"):
        ClipRanker(folder, other)
    with pytest.raises(ConfigError, match="does not tell its tokens"):
        ClipRanker(folder, FakeEmbedder())


def test_the_mind_has_one_only_when_asked_for(folder: Path):
    off = Mind(SessionConfig(memory=MemoryConfig(embedder="off")))
    assert off.ranker is None
    compressor = CompressorConfig(checkpoint=str(folder))
    mind = Mind(SessionConfig(memory=MemoryConfig(recall="compressor", compressor=compressor)))
    mind._embedder, mind._embedder_loaded = Tokens(), True
    assert isinstance(mind.ranker, ClipRanker) and mind.ranker is mind.ranker
    off.close()
    mind.close()


def test_torch_is_imported_only_then():
    script = "import sys, omnilive.session, omnilive.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
