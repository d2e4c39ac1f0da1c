"""Makes a file of the part of a clip that is to be watched, or of a folder of pictures."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from omnilive.core.errors import SourceError
from omnilive_lab.bench.base import Clip
from omnilive_lab.evaluation.sampling import length_s, numbered


def is_whole(clip: Clip) -> bool:
    """Tell whether a clip is a media file from its beginning to its end."""
    return clip.fps is None and clip.start_s == 0 and clip.end_s is None


def cut(clip: Clip, out: Path) -> Path:
    """Write the clip's part into `out` (.mkv), coded anew, from time zero on."""
    if clip.fps is not None:
        return _of_pictures(clip, out)
    from omnilive.core.events import AudioChunk, VideoFrame
    from omnilive.media.base import MediaConfig
    from omnilive.media.file import FileSource

    end_s = clip.end_s if clip.end_s is not None else float("inf")
    config = MediaConfig(max_fps=8.0)
    source = FileSource(str(clip.path), config, offset_s=0.0, start_s=clip.start_s)
    film = _Film(out, config)
    try:
        for item in source.items():
            if item.t >= end_s:
                break
            if isinstance(item, VideoFrame):
                film.show(item.rgb, item.t - clip.start_s)
            elif isinstance(item, AudioChunk):
                film.sound(item.pcm, item.t - clip.start_s)
    finally:
        source.close()
        film.close()
    if not film.is_written:
        raise SourceError(str(clip.path), f"has nothing after {clip.start_s} s")
    return out


def _of_pictures(clip: Clip, out: Path) -> Path:
    from omnilive.media.base import MediaConfig
    from omnilive.perception.still import decoded

    assert clip.fps is not None
    film = _Film(out, MediaConfig())
    files = numbered(clip.path)
    first, count = round(clip.start_s * clip.fps), round(length_s(clip) * clip.fps)
    try:
        for index, path in enumerate(files[first : first + count]):
            film.show(decoded(path.read_bytes()), index / clip.fps)
    finally:
        film.close()
    return out


class _Film:
    """A file that grows by pictures and sound; streams begin with their first piece."""

    def __init__(self, path: Path, config: Any) -> None:
        import av

        self._container = av.open(str(path), "w")
        self._rate_hz = config.rate_hz
        self._video: Any = None
        self._audio: Any = None
        # Streams must exist before the first packet is written: pieces wait until both are known.
        self._waiting: list[tuple[str, Any, float]] = []
        self.is_written = False

    def show(self, rgb: Any, t: float) -> None:
        """Add a picture at `t`."""
        self._waiting.append(("video", rgb, t))
        self._flush(len(self._waiting) > 64)

    def sound(self, pcm: Any, t: float) -> None:
        """Add a piece of sound that starts at `t`."""
        self._waiting.append(("audio", pcm, t))
        self._flush(len(self._waiting) > 64)

    def close(self) -> None:
        """Write what waits, and the end."""
        self._flush(True)
        for stream in (self._video, self._audio):
            if stream is not None:
                self._container.mux(stream.encode(None))
        self._container.close()

    def _flush(self, wanted: bool) -> None:
        if not wanted:
            return
        for kind, piece, _ in self._waiting:
            if kind == "video" and self._video is None and not self.is_written:
                self._add_video(*piece.shape[:2])
            elif kind == "audio" and self._audio is None and not self.is_written:
                self._audio = self._container.add_stream(
                    "pcm_s16le", rate=self._rate_hz, layout="mono"
                )
        for kind, piece, t in self._waiting:
            self._write(kind, piece, t)
        self._waiting.clear()

    def _add_video(self, height: int, width: int) -> None:
        self._video = self._container.add_stream("mpeg4", rate=25)
        self._video.width, self._video.height = width // 2 * 2, height // 2 * 2
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = Fraction(1, 1000)
        self._video.codec_context.bit_rate = 8_000_000

    def _write(self, kind: str, piece: Any, t: float) -> None:
        import av
        import numpy as np

        stream = self._video if kind == "video" else self._audio
        if stream is None:
            return
        if kind == "video":
            even = np.ascontiguousarray(piece[: stream.height, : stream.width])
            frame: Any = av.VideoFrame.from_ndarray(even, format="rgb24")
            frame.pts, frame.time_base = round(t * 1000), Fraction(1, 1000)
        else:
            samples = (np.clip(piece, -1, 1) * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = self._rate_hz
            frame.pts = round(t * self._rate_hz)
            frame.time_base = Fraction(1, self._rate_hz)
        self._container.mux(stream.encode(frame))
        self.is_written = True
