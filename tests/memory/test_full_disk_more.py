"""A disk that becomes full while merging, recording and exporting."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.catalog.progress import Silent
from omnilive.commands.archive import export_session
from omnilive.core.errors import StoreError
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.control.recordings import Recorder, recover, segments
from omnilive.memory.ledger import Ledger
from omnilive.memory.library import Library
from omnilive.memory.moments import MomentConfig
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import a_file
from tests.memory.test_compaction import check_whole, life
from tests.memory.test_full_disk import fill, mounted
from tests.memory.test_recordings import SHORT, stream
from tests.memory.victim import SMALL, state_of


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB: the write-ahead log of a database in use takes 4 MiB."""
    yield from mounted(tmp_path / "disk", 8 << 20)


def test_full_while_merging(disk: Path) -> None:
    store = Store(disk / "s", create=True)
    source = store.put_source(a_file())
    compactor = Compactor(store, SMALL, "UTC")
    ledger = Ledger.begin(store, source, 0.0, 0.0, MomentConfig(), FakeEmbedder(), compactor)
    writes, count = life(4, 600.0), 0
    for events, t in writes[:80]:
        ledger.write(events, t, t)
    assert store.value("SELECT count(*) FROM moment WHERE level > 0") > 0
    filler = fill(disk)
    before = state_of(store)
    with pytest.raises(StoreError, match="disk is full: free some space"):
        for events, t in writes[80:]:
            before = state_of(store)
            ledger.write(events, t, t)
            count += 1
    assert count < len(writes) - 80
    assert state_of(store) == before and store.check() == "ok"  # what failed left nothing
    filler.unlink()
    for events, t in writes[80 + count :]:
        ledger.write(events, t, t)
    check_whole(store)
    assert store.counts()["moment"] <= SMALL.moments
    store.close()


def test_full_while_recording(disk: Path) -> None:
    store = Store(disk / "s", create=True)
    recorder = Recorder(store, 1, SHORT, 16000, has_video=True, has_audio=True)
    items = list(stream(0.0, 12.0))
    assert len(list(recorder.tee(iter(items)))) == len(items)
    recorder.settle_queue()
    filler = fill(disk, leave_bytes=8192)
    assert len(list(recorder.tee(stream(12.0, 30.0)))) == len(list(stream(12.0, 30.0)))
    recorder.settle_queue()
    filler.unlink()
    list(recorder.tee(stream(95.0, 99.0)))  # it tries again, a minute later
    recorder.close()
    recover(store)
    spans = [(round(s.start_s), round(s.end_s)) for s in segments(store)]
    assert spans[0] == (0, 10) and spans[-1] == (95, 99) and store.check() == "ok"
    files = {f"recordings/{path.name}" for path in (store.folder / "recordings").iterdir()}
    assert files == {s.path for s in segments(store)}
    store.close()


def test_full_while_exporting(disk: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "sessions")
    store = library.create("s")
    store.put_keyframe(1.0, bytes(range(256)) * 40_000)  # 10 MB
    store.close()
    with pytest.raises(StoreError, match="cannot export 's'"):
        export_session(library, "s", disk / "s.zip", Silent())
    assert list(disk.iterdir()) == []
