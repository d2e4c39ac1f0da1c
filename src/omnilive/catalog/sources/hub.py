"""A model hub over plain HTTPS: GET with a Range, so that a cut download goes on where it was."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from omnilive.catalog.base import Hub, WeightFile
from omnilive.catalog.disk import write
from omnilive.catalog.progress import Progress
from omnilive.catalog.sources import Unobtainable

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "omnilive"}


class HubClient:
    """Downloads files of one hub; after it could not be reached once, it is not asked again."""

    def __init__(
        self, endpoint: str | None = None, *, tries: int = 5, pause_s: float = 1.0
    ) -> None:
        self._endpoint = endpoint
        self._tries, self._pause_s = tries, pause_s
        self._unreachable = ""

    def download(self, source: Hub, file: WeightFile, part: Path, progress: Progress) -> None:
        """Fetch the file to `part`, continuing what is there."""
        if self._unreachable:
            raise Unobtainable(self._unreachable)
        url = f"{self._base()}/{source.repo}/resolve/{source.revision}/{source.file}"
        progress.start(f"{source.repo}/{source.file}", file.size_bytes)
        try:
            progress.advance(_size(part))
            self._persist(url, file, part, progress)
        finally:
            progress.done()

    def _base(self) -> str:
        return (self._endpoint or _default_endpoint()).rstrip("/")

    def _persist(self, url: str, file: WeightFile, part: Path, progress: Progress) -> None:
        """Try again after a cut, while each try brings at least some bytes."""
        for attempt in range(self._tries):
            before = _size(part)
            try:
                _continue(url, file.size_bytes, part, progress)
                return
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                self._unreachable = f"cannot connect to {httpx.URL(url).host} ({error})"
                raise Unobtainable(self._unreachable) from error
            except httpx.TransportError as error:
                if _size(part) <= before or attempt == self._tries - 1:
                    raise Unobtainable(f"the download broke off ({error})") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Unobtainable(f"{url}: {error}") from error
            time.sleep(self._pause_s)


def _default_endpoint() -> str:
    if endpoint := os.environ.get("HF_ENDPOINT"):
        return endpoint
    try:
        from huggingface_hub.constants import ENDPOINT
    except ImportError as error:
        raise Unobtainable("HF_ENDPOINT is not set, and huggingface_hub is missing") from error
    return ENDPOINT


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _continue(url: str, size_bytes: int, part: Path, progress: Progress) -> None:
    have = _size(part)
    if have >= size_bytes:
        return  # the hash decides whether it is the right one
    headers = _HEADERS | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream(
        "GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True
    ) as answer:
        _check(answer, url)
        append = _goes_on_at(answer, have)
        if not append:
            progress.advance(-have)
        room_bytes = size_bytes - have if append else size_bytes
        # No chunk size: with one, what has come of an unfinished chunk is lost at a cut.
        chunks = _at_most(room_bytes, answer.iter_bytes())
        write(chunks, part, progress, append=append)


def _at_most(room_bytes: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass the chunks on, so that a server which sends too much cannot fill the disk."""
    for chunk in chunks:
        room_bytes -= len(chunk)
        if room_bytes < 0:
            raise Unobtainable("the server sends more than the file should have")
        yield chunk


def _check(answer: httpx.Response, url: str) -> None:
    if answer.status_code not in (200, 206):
        raise Unobtainable(f"{answer.status_code} {answer.reason_phrase} for {url}")


def _goes_on_at(answer: httpx.Response, have: int) -> bool:
    """Say whether the server honoured the Range; if not, it sends the file from its start."""
    if answer.status_code != 206:
        return False
    if answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        return True
    raise Unobtainable("the server answered another range than was asked for")
