"""A path in, the file's pictures and sound out, as fast as they are asked for."""

import os
import stat
import threading
from collections.abc import Iterator

import av.error

from omnilive.core.errors import SourceError
from omnilive.core.events import SourceHealth
from omnilive.media.base import Item, MediaConfig, SourceInfo
from omnilive.media.container import open_container
from omnilive.media.decode import Counts, Decoder, moved

_HEAD_BYTES = 4096
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<MPD", b"v=0\r\n", b"v=0\n")


class FileSource:
    """One media file. What cannot be decoded is skipped and counted in `corrupt`."""

    dropped = 0

    def __init__(self, url: str, config: MediaConfig, *, offset_s: float, start_s: float) -> None:
        head = _checked_head(url)
        self._opened = _open(url, head)
        self._config, self._offset_s, self._start_s = config, offset_s, start_s
        self._counts = Counts(end_t=start_s)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._running = False
        video = self._opened.video
        self.info = SourceInfo(
            url=url,
            kind="file",
            duration_s=self._opened.duration_s,
            has_video=video is not None,
            has_audio=self._opened.audio is not None,
            width=video.width if video else None,
            height=video.height if video else None,
            fps=self._opened.fps,
            live=False,
        )

    @property
    def decoded(self) -> int:
        """Pictures decoded so far, from `start_s` on."""
        return self._counts.decoded

    @property
    def corrupt(self) -> int:
        """Packets and pictures that could not be used."""
        return self._counts.corrupt

    def items(self) -> Iterator[Item]:
        """Yield the file from `start_s` to its end, then one SourceHealth `ended`."""
        with self._lock:
            if self._stop.is_set():
                return
            self._running = True
        try:
            yield from self._decoded_items()
        finally:
            self._opened.container.close()
        if not self._stop.is_set():
            yield self._ended()

    def close(self) -> None:
        """Let `items` end soon; it frees the file, for it may be in the middle of a read."""
        with self._lock:
            self._stop.set()
            if not self._running:
                self._opened.container.close()

    def _decoded_items(self) -> Iterator[Item]:
        decoder = Decoder(
            self._opened,
            self._config,
            self._counts,
            start_s=self._start_s,
            stopped=self._stop.is_set,
        )
        try:
            for item in decoder.items():
                yield moved(item, self._offset_s)
        except SourceError as error:
            raise SourceError(self.info.url, error.reason) from error

    def _ended(self) -> SourceHealth:
        skipped = f"{self.corrupt} damaged packets skipped" if self.corrupt else ""
        t = round(self._counts.end_t + self._offset_s, 6)
        return SourceHealth(t=t, state="ended", detail=skipped)


def _checked_head(url: str) -> bytes:
    """Return the file's first bytes, after the checks FFmpeg has no clear words for."""
    try:
        mode = os.stat(url).st_mode
        if stat.S_ISDIR(mode):
            raise SourceError(url, "is a folder: give one media file in it")
        if stat.S_ISCHR(mode):
            raise SourceError(url, f"is a device, not a file: write device:{url}")
        if not stat.S_ISREG(mode):
            raise SourceError(url, "is not a regular file: give a media file")
        with open(url, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceError(url, "there is no such file: check the path") from error
    except PermissionError as error:
        raise SourceError(url, "may not be read: give this user permission to read it") from error
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise SourceError(url, f"cannot be read ({text}): check the path and the disk") from error
    _refuse_what_is_no_media(url, head)
    return head


def _refuse_what_is_no_media(url: str, head: bytes) -> None:
    if not head:
        raise SourceError(url, "is empty: copy or record it again")
    if any(mark in head[:512] for mark in _PLAYLISTS):
        # A playlist makes FFmpeg open other files and addresses that nobody has checked.
        raise SourceError(url, "is a playlist, not media: give the address of the stream itself")
    if not any(head):
        raise SourceError(url, "holds zeros, not media: copy or download it again")
    if _is_text(head):
        raise SourceError(url, "is a text file, not audio or video: give a media file")


def _is_text(head: bytes) -> bool:
    printable = all(byte >= 32 or byte in b"\t\n\r\f\x1b" for byte in head)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut at the end of the sample is no evidence against text.
        return printable and error.start >= len(head) - 3
    return printable


def _open(url: str, head: bytes):
    try:
        # "file:" keeps a path such as "concat:a|b" from being read as a protocol.
        return open_container(url, f"file:{url}", options={"protocol_whitelist": "file"})
    except SourceError as error:
        is_mp4 = head[4:8] in (b"ftyp", b"mdat", b"wide", b"free", b"moov")
        if is_mp4 and isinstance(error.__cause__, av.error.InvalidDataError):
            reason = (
                "is an incomplete mp4: its index (moov) is missing or truncated, as after a broken "
                "download or recording; copy it again, or repair it with a tool such as untrunc"
            )
            raise SourceError(url, reason) from error
        raise
