"""Opens what FFmpeg can read, and says what is inside or why not."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition
from av.video.stream import VideoStream

from omnilive.core.errors import SourceError
from omnilive.core.masking import masked


@dataclass(frozen=True, slots=True)
class Opened:
    """An open container and its streams: the first of each kind that can be decoded."""

    container: InputContainer
    video: VideoStream | None
    audio: AudioStream | None

    @property
    def duration_s(self) -> float | None:
        """Length in seconds, where the container knows it."""
        length = self.container.duration
        return length / av.time_base if length and length > 0 else None

    @property
    def fps(self) -> float | None:
        """Average pictures a second."""
        rate = self.video and (self.video.average_rate or self.video.guessed_rate)
        return float(rate) if rate else None

    @property
    def start_s(self) -> float | None:
        """Where the earliest stream starts, on the container's own time."""
        streams = [stream for stream in (self.video, self.audio) if stream is not None]
        starts = [
            float(stream.start_time * stream.time_base)
            for stream in streams
            if stream.start_time is not None and stream.time_base is not None
        ]
        return min(starts, default=None)

    @property
    def may_restart(self) -> bool:
        """Whether this format's stamps may start over in mid-stream, as in MPEG-TS."""
        return bool(self.container.format.flags & Flags.ts_discont.value)


def open_container(
    url: str,
    name: str,
    *,
    format: str | None = None,
    options: Mapping[str, str] | None = None,
    timeout_s: tuple[float, float] | None = None,
) -> Opened:
    """Open `name` for FFmpeg; errors speak of `url`. `timeout_s`: to open, to read."""
    try:
        container: Any = av.open(
            name,
            format=format,
            container_options=dict(options or {}),
            metadata_errors="replace",
            timeout=timeout_s,
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceError(masked(url), _why_closed(error)) from error
    opened = Opened(container, _first(container.streams.video), _first(container.streams.audio))
    if opened.video is None and opened.audio is None:
        reason = _why_empty(container)
        container.close()
        raise SourceError(masked(url), reason)
    for stream in (opened.video, opened.audio):
        if stream is not None:
            stream.codec_context.thread_type = "AUTO"
    return opened


def _first(streams: Any) -> Any:
    for stream in streams:
        is_cover = bool(stream.disposition & Disposition.attached_pic)
        if stream.codec_context is not None and not is_cover:
            return stream
    return None


def _why_closed(error: Exception) -> str:
    if getattr(error, "errno", None) == errno.EIO:  # also a name that does not resolve
        return "host not found, or reading failed: check the address, the network or the disk"
    return reason_of(error)


def _why_empty(container: Any) -> str:
    kinds = {stream.type for stream in container.streams}
    if kinds & {"audio", "video"}:
        return (
            "it holds no sound or picture in a codec this FFmpeg build can decode: "
            "convert it to H.264 and AAC"
        )
    found = f"only {', '.join(sorted(kinds))}" if kinds else "nothing"
    return f"it holds {found}, no audio or video stream: give a media file or stream"


_REASONS: dict[type[Exception], str] = {
    av.error.InvalidDataError: (
        "its content is not audio or video that FFmpeg can read: check the file, or convert it"
    ),
    av.error.PermissionError: "access is denied: check the permissions or the password",
    av.error.FileNotFoundError: "there is nothing at this address: check its spelling",
    av.error.ConnectionRefusedError: (
        "the connection was refused: check host and port, and that the server is running"
    ),
    av.error.ConnectionResetError: "the server cut the connection: check that it serves this path",
    av.error.TimeoutError: "the server did not answer in time: check the address and the network",
    av.error.ExitError: "nothing arrived in time: check that the stream is being published",
    av.error.BrokenPipeError: "the connection broke in the middle: check the network",
    av.error.HTTPNotFoundError: "the server has nothing at this path (HTTP 404): check the address",
    av.error.HTTPUnauthorizedError: "it wants a login (HTTP 401): put user:password@ into the URL",
    av.error.HTTPForbiddenError: "the server denies access (HTTP 403): check the login or token",
    av.error.HTTPServerError: "the server failed (HTTP 5xx): try again later",
    av.error.ProtocolNotFoundError: (
        "this FFmpeg build lacks this protocol: offer the stream by RTSP, RTMP or HLS instead"
    ),
    av.error.DecoderNotFoundError: "its codec is unknown to this FFmpeg build: convert it to H.264",
    av.error.EOFError: "it ends before any media: check that it is complete and being published",
}


def reason_of(error: Exception) -> str:
    """Say cause and remedy of an FFmpeg error; never quotes the URL, which may hold a password."""
    for kind in type(error).__mro__:
        if kind in _REASONS:
            return _REASONS[kind]
    if getattr(error, "errno", None) == errno.EIO:
        return "reading broke off in the middle: check the connection or the disk"
    if getattr(error, "errno", None) in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return "the host cannot be reached: check the address and the network"
    text = getattr(error, "strerror", None) or type(error).__name__
    return f"FFmpeg could not read it ({text}): check the address and that it can be played"
