import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.core.errors import StoreError
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.made import put, said
from tests.story import write_long

SIZE_BYTES = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    yield from mounted(tmp_path / "disk", SIZE_BYTES)


def mounted(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Give a disk of its own, as a fixture does; skip the test where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"cannot mount a small disk: {error}")
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, leave_bytes: int = 0) -> Path:
    """Use up the disk but for so many bytes."""
    path = disk / "filler"
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave_bytes))
    return path


def write_until_full(store: Store) -> int:
    """Return how many facts went in before the disk was full."""
    count = 0
    with pytest.raises(StoreError, match="disk is full: free some space") as error:
        while count < 100_000:
            put(store, said(f"number {count} of very many words", float(count)))
            count += 1
    assert str(store.folder) in str(error.value)
    return count


def test_a_full_disk_is_named_and_what_was_stored_stays(disk: Path) -> None:
    store = Store(disk / "s", create=True)
    put(store, said("the bell rang", 0))
    fill(disk, leave_bytes=1 << 17)
    count = write_until_full(store)
    assert store.facts()[0].text == "the bell rang"
    assert store.counts()["fact"] == count + 1 and store.check() == "ok"
    with pytest.raises(StoreError, match="disk is full"):
        put(store, said("x" * 20_000, 1))
    store.close()
    again = Store(disk / "s")
    assert again.counts()["fact"] == count + 1 and again.check() == "ok"
    again.close()


def test_writing_goes_on_once_there_is_space(disk: Path) -> None:
    store = Store(disk / "s", create=True)
    filler = fill(disk, leave_bytes=1 << 17)
    count = write_until_full(store)
    filler.unlink()
    put(store, said("there is space again", 1e6))
    assert store.counts()["fact"] == count + 1 and store.check() == "ok"
    store.close()


def test_a_picture_that_does_not_fit_says_so_too(disk: Path) -> None:
    store = Store(disk / "s", create=True)
    fill(disk, leave_bytes=1 << 16)
    with pytest.raises(StoreError, match="disk is full: free some space"):
        store.put_keyframe(0.0, bytes(1 << 18))
    assert store.counts()["keyframe"] == 0
    assert list((store.folder / "keyframes").iterdir()) == []
    store.close()


def test_a_session_can_not_begin_on_a_full_disk(disk: Path) -> None:
    fill(disk)
    with pytest.raises(StoreError, match="disk is full: free some space"):
        Library(disk).create("s")


def test_watching_ends_with_the_reason(disk: Path, tmp_path: Path) -> None:
    clip, senses = write_long(tmp_path / "long.mkv"), fake_senses()

    async def watch() -> None:
        async with Session.open("s", FAKE_CONFIG, library=Library(disk), senses=senses) as session:

            def use_up(line: dict[str, object]) -> None:
                if not (disk / "filler").exists() and line["type"] == "percept":
                    fill(disk)

            session.listeners.append(use_up)
            with pytest.raises(StoreError, match="disk is full: free some space"):
                async with asyncio.timeout(30):
                    await session.watch(str(clip), pace="live")

    asyncio.run(watch())
    senses.close()
    (disk / "filler").unlink()
    store = Library(disk).open("s")
    assert store.check() == "ok" and "red car" in {f.text for f in store.facts()}
    store.close()
