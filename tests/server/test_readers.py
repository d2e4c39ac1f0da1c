import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from omnilive.core.errors import ConfigError
from omnilive.memory.library import Library
from omnilive.server.errors import Refusal
from omnilive.server.readers import Readers


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_one_store_serves_all(library: Library) -> None:
    library.create("a").close()
    readers = Readers(library)
    with readers.reading("a") as first, readers.reading("a") as second:
        assert first is second
    with readers.reading("a") as later:
        assert later is first
    readers.close()


def test_unknown_and_bad_names(library: Library) -> None:
    readers = Readers(library)
    with pytest.raises(Refusal, match="no session 'a'") as caught, readers.reading("a"):
        pass
    assert caught.value.status == 404
    with pytest.raises(ConfigError), readers.reading("../a"):
        pass


def test_a_session_made_anew_is_not_the_old_one(library: Library) -> None:
    library.create("a").close()
    readers = Readers(library)
    with readers.reading("a") as old:
        old.append(0.0, "moment", {})
    library.delete("a")
    library.create("a").close()
    with readers.reading("a") as new:
        assert new.last_seq() == 0
    readers.close()


def test_nobody_reads_while_it_is_deleted(library: Library) -> None:
    library.create("a").close()
    readers = Readers(library)
    with readers.reading("a") as store, readers.shut("a"):
        with pytest.raises(Refusal), readers.reading("a"):
            pass
        assert store.last_seq() == 0  # who was reading already may finish
        library.delete("a")
    with pytest.raises(Refusal), readers.reading("a"):
        pass


def test_files_are_closed(library: Library) -> None:
    names = [f"s{i}" for i in range(30)]
    for name in names:
        library.create(name).close()
    before = open_files()
    readers = Readers(library, idle=4)
    for name in names * 2:
        with readers.reading(name) as store:
            assert store.last_seq() == 0
    assert open_files() <= before + 4 * 3  # the file, its log and its index
    with readers.reading("s0"):
        library.delete("s0")
        readers.close()
    assert open_files() == before


def test_many_threads(library: Library) -> None:
    names = [f"s{i}" for i in range(6)]
    for name in names:
        library.create(name).close()
    before, barrier = open_files(), threading.Barrier(8)
    readers = Readers(library, idle=2)

    def read(turn: int) -> None:
        barrier.wait()
        for i in range(60):
            with readers.reading(names[(turn + i) % 6]) as store:
                assert store.last_seq() == 0

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(8)))
    readers.close()
    assert open_files() == before
