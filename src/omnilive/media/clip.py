"""A media file and a span in, an mp4 of that span out: H.264 and AAC, which every browser plays."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from omnilive.core.errors import BackendError
from omnilive.core.events import AudioChunk, VideoFrame
from omnilive.media.base import Item, MediaConfig
from omnilive.media.file import FileSource

MAX_FPS = 30.0
MAX_SIDE_PX = 1280
RATE_HZ = 48000
_LEAD_S = 2.0  # decoded before the span: the picture that it begins with may be older
_TICKS = 90000  # of video time a second


def cut_clip(path: str, start_s: float, end_s: float, out: Path) -> bool:
    """Write [start_s, end_s) of a file, in seconds from its own start, to `out`.

    It begins at exactly `start_s`, with the picture that was to be seen then. False, and no
    file, when there is nothing in the span. Raises SourceError when the file cannot be read.
    """
    config = MediaConfig(max_fps=MAX_FPS, max_side_px=MAX_SIDE_PX, rate_hz=RATE_HZ)
    begin_s = max(0.0, start_s - _LEAD_S)
    source = FileSource(path, config, offset_s=0.0, start_s=begin_s)
    part = out.with_suffix(".part")
    try:
        with av.open(part, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            info = source.info
            writer = _Writer(container, (start_s, end_s), info.has_video, info.has_audio)
            for item in source.items():
                if item.t >= end_s + _LEAD_S or not writer.take(item):
                    break
            count = writer.finish()
        if count:
            part.replace(out)
        return count > 0
    finally:
        source.close()
        part.unlink(missing_ok=True)


class _Writer:
    """Takes items in order of time; writes those inside the span, moved to begin at zero."""

    def __init__(
        self, container: Any, span: tuple[float, float], has_video: bool, has_audio: bool
    ) -> None:
        self._container, (self._start_s, self._end_s) = container, span
        self._video: Any = None
        self._audio: Any = None
        if has_audio:
            self._audio = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        self._held: VideoFrame | None = None  # its end is not known yet
        # All streams must be there before anything is written: sound waits for the first picture.
        self._waiting: list[Any] | None = [] if has_video else None
        self._samples = 0  # of sound, put down so far
        self._count = 0

    def take(self, item: Item) -> bool:
        """Take an item; False when the span is over for sure."""
        if isinstance(item, VideoFrame):
            if self._held is not None and item.t > self._start_s:
                self._paint(self._held)
            if item.t >= self._end_s:
                self._held = None
                return self._audio is not None
            self._held = item
        elif isinstance(item, AudioChunk):
            self._sound(item)
            return item.t < self._end_s
        return True

    def finish(self) -> int:
        """Write what is left; return how many pictures and sounds there are."""
        if self._held is not None:
            self._paint(self._held)
        self._release()
        for stream in (self._video, self._audio):
            if stream is not None and self._count:
                self._container.mux(stream.encode(None))
        return self._count

    def _paint(self, picture: VideoFrame) -> None:
        height, width = (side // 2 * 2 for side in picture.rgb.shape[:2])
        if self._video is None:
            self._video = self._video_stream(width, height)
            self._release()
        rgb = np.ascontiguousarray(picture.rgb[:height, :width])
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.time_base = Fraction(1, _TICKS)
        frame.pts = round(max(0.0, picture.t - self._start_s) * _TICKS)
        self._put(self._video, frame)

    def _video_stream(self, width: int, height: int) -> Any:
        try:
            stream = self._container.add_stream("libx264", rate=round(MAX_FPS))
        except ValueError as error:
            raise BackendError("this build of FFmpeg cannot write H.264 (libx264)") from error
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.codec_context.options = {"preset": "veryfast", "crf": "23"}
        stream.codec_context.max_b_frames = 0  # so that the first picture is at zero
        return stream

    def _sound(self, chunk: AudioChunk) -> None:
        """Put sound where it belongs: what is early is left out, what is missing is silence."""
        at = round((chunk.t - self._start_s) * RATE_HZ)
        until = round((self._end_s - self._start_s) * RATE_HZ)
        pcm = chunk.pcm[max(0, self._samples - at) : max(0, until - at)]
        at = max(at, self._samples)
        if not len(pcm):
            return
        if at > self._samples:
            pcm = np.concatenate([np.zeros(at - self._samples, np.float32), pcm])
        frame = av.AudioFrame.from_ndarray(pcm[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = self._samples
        self._samples += len(pcm)
        if self._waiting is None:
            self._put(self._audio, frame)
        else:
            self._waiting.append(frame)

    def _release(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for frame in waiting:
            self._put(self._audio, frame)

    def _put(self, stream: Any, frame: Any) -> None:
        self._count += 1
        self._container.mux(stream.encode(frame))
