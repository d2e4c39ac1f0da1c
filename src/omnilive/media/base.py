"""What every source is: a blocking iterator of events, and facts about where they come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import Field, model_validator

from omnilive.core.config import Config
from omnilive.core.events import AudioChunk, Gap, Mark, SourceHealth, VideoFrame

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Corner = tuple[Share, Share]
Item: TypeAlias = VideoFrame | AudioChunk | Gap | SourceHealth | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """Facts known when a source is open. Passwords in `url` are masked."""

    url: str
    kind: Literal["file", "device", "network", "push"]
    duration_s: float | None
    has_video: bool
    has_audio: bool
    width: int | None  # px as coded, before rotation and scaling
    height: int | None
    fps: float | None  # average; None when unknown
    live: bool  # cannot be paused: what is not read in time is lost


class MaskConfig(Config):
    """One part of the picture to hide, upright as it is shown, in shares of its width and height.

    Either `rect` or `polygon`. (0, 0) is the top left corner, (1, 1) the bottom right one.
    """

    rect: tuple[Share, Share, Share, Share] | None = None
    """left, top, right, bottom"""

    polygon: tuple[Corner, ...] | None = None
    """Corners (x, y) in order, at least three."""

    source: str = "*"
    """Which sources: the address or path as it was given, with * and ? as wildcards."""

    fill: Literal["black", "blur"] = "black"
    """"blur" leaves a few means of colour, so that one sees that something moves there."""

    @model_validator(mode="after")
    def _check(self) -> "MaskConfig":
        if (self.rect is None) == (self.polygon is None):
            raise ValueError("a mask is either a rect or a polygon")
        if self.rect is not None:
            left, top, right, bottom = self.rect
            if left >= right or top >= bottom:
                raise ValueError("a rect is left, top, right, bottom, from small to large")
        if self.polygon is not None and len(self.polygon) < 3:
            raise ValueError("a polygon has at least three corners")
        return self

    @property
    def corners(self) -> tuple[Corner, ...]:
        """The corners of what is hidden, in order."""
        if self.polygon is not None:
            return self.polygon
        assert self.rect is not None
        left, top, right, bottom = self.rect
        return (left, top), (right, top), (right, bottom), (left, bottom)


class MediaConfig(Config):
    """How media are read."""

    max_fps: float = Field(default=4.0, gt=0.0)
    """Pictures a second handed on, at most, on a regular grid of stream time."""

    max_side_px: int = Field(default=1280, ge=16)
    """Larger pictures are scaled down to this longer side, aspect kept."""

    rate_hz: int = Field(default=16000, ge=1000)
    """Sample rate of the sound handed on, mono."""

    chunk_s: float = Field(default=0.1, gt=0.0)
    """Length of one piece of sound."""

    connect_s: float = Field(default=10.0, gt=0.0)
    """Time one connection may take to deliver its first data; the first one ends in an error."""

    stall_s: float = Field(default=8.0, gt=0.0)
    """Silence on an open connection after which it is cut and made anew."""

    backoff_s: float = Field(default=0.5, gt=0.0)
    """Wait before the first reconnection; doubles with each failure, with jitter."""

    backoff_max_s: float = Field(default=10.0, gt=0.0)
    """Longest wait between two reconnections."""

    give_up_s: float = Field(default=60.0, gt=0.0)
    """Time without any data after which a source that once worked ends in an error."""

    public_only: bool = False
    """Refuse streams that lead to private, loopback or link-local addresses. The server sets
    this for its clients, see server.allow_private_sources."""

    masks: tuple[MaskConfig, ...] = ()
    """Parts of the picture that are hidden before any model sees it and before it is kept."""

    networks: tuple[str, ...] = ()
    """Private networks that are allowed all the same, such as 192.168.1.0/24."""


class Source(Protocol):
    """An open file, device or stream.

    `items` is called once, from one worker thread, and blocks; items come in order of `t`
    as far as the stream allows (at most 2 s apart). It raises SourceError when the source
    breaks for good. `close` may be called from any thread, any number of times.
    """

    info: SourceInfo
    decoded: int  # pictures decoded so far, handed on or not
    dropped: int  # pictures lost because the reader was slow

    def items(self) -> Iterator[Item]:
        """Yield what is seen and heard, `t` in seconds on the session clock."""
        ...

    def close(self) -> None:
        """Let `items` end soon and free the source."""
        ...
