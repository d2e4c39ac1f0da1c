"""Sound and pictures that a client sends as messages, on their way into its line's source."""

from collections import deque
from typing import Any, Protocol

import numpy as np
from starlette.concurrency import run_in_threadpool

from omnilive.server.openai.formats import AudioFormat
from omnilive.server.openai.pictures import MAX_BYTES, unbase64
from omnilive.server.openai.problems import Problem

APPEND_MAX_BYTES = 4 * 2**20  # of sound in one message
EARLY_S = 60.0  # sound kept while the line opens; its source takes as much at once
COMMIT_MIN_S = 0.1  # as OpenAI's


class Sink(Protocol):
    """What takes sound and pictures: a PushSource."""

    @property
    def now_t(self) -> float:
        """Session time now."""
        ...

    def push_audio(self, pcm: np.ndarray, rate_hz: int) -> bool:
        """Take (S,) float32 samples; False when they came too fast and are lost."""
        ...

    def push_picture(self, picture: np.ndarray) -> bool:
        """Take an (H, W, 3) uint8 picture; False when one was taken just before."""
        ...

    def wants_picture(self) -> bool:
        """Tell whether a picture would be taken now."""
        ...


class Intake:
    """Checks what comes, and keeps it until the line is open. Bounded: see EARLY_S."""

    def __init__(self) -> None:
        self.uncommitted_s = 0.0  # sound since the last commit
        self._sink: Sink | None = None
        self._early: deque[tuple[np.ndarray, int]] = deque()
        self._early_s = 0.0
        self._picture: np.ndarray | None = None
        self._newest_ms = -1.0

    def open(self, sink: Sink) -> None:
        """Hand on what came before, and everything from now on."""
        self._sink = sink
        for pcm, rate_hz in self._early:
            sink.push_audio(pcm, rate_hz)
        if self._picture is not None:
            sink.push_picture(self._picture)
        self._early.clear()
        self._picture = None

    def append_audio(self, audio: Any, form: AudioFormat) -> None:
        """Take base64 sound; raises Problem."""
        data = unbase64(audio, "audio", APPEND_MAX_BYTES)
        if not data:
            return
        pcm = form.decode(data)
        length_s = len(pcm) / form.rate_hz
        if self._sink is not None:
            is_taken = self._sink.push_audio(pcm, form.rate_hz)
        else:
            is_taken = self._early_s + length_s <= EARLY_S
            if is_taken:
                self._early.append((pcm, form.rate_hz))
                self._early_s += length_s
        if not is_taken:
            raise Problem(
                f"more than {EARLY_S:.0f} s of sound came ahead of its time and some is lost: "
                "send it no faster than it lasts",
                code="audio_too_fast", param="audio",
            )  # fmt: skip
        self.uncommitted_s += length_s

    async def append_picture(self, image: Any, timestamp_ms: Any) -> None:
        """Take a base64 picture; one that is not newer than the last is refused with Problem."""
        if isinstance(image, str) and image[:5].lower() == "data:":
            image = image.partition(",")[2]
        data = unbase64(image, "image", MAX_BYTES)
        if timestamp_ms is not None:
            self._check_order(timestamp_ms)
        if self._sink is not None and not self._sink.wants_picture():
            return  # more often than pictures are looked at: this one is skipped
        rgb = await run_in_threadpool(_rgb_of, data)
        if self._sink is None:
            self._picture = rgb
        else:
            self._sink.push_picture(rgb)

    def commit(self) -> None:
        """Begin another buffer; raises Problem when next to nothing is in this one."""
        if self.uncommitted_s < COMMIT_MIN_S:
            raise Problem(
                f"buffer too small: {self.uncommitted_s * 1000:.0f} ms of sound came since the "
                f"last commit, at least {COMMIT_MIN_S * 1000:.0f} ms are needed",
                code="input_audio_buffer_commit_empty",
            )
        self.uncommitted_s = 0.0

    def _check_order(self, timestamp_ms: Any) -> None:
        is_number = isinstance(timestamp_ms, int | float) and not isinstance(timestamp_ms, bool)
        if not is_number or not 0 <= timestamp_ms < 1e15:
            raise Problem("milliseconds, counted from any time", param="timestamp_ms")
        if timestamp_ms <= self._newest_ms:
            raise Problem(
                f"a picture of {timestamp_ms} ms after one of {self._newest_ms:g} ms is dropped",
                code="out_of_order", param="timestamp_ms",
            )  # fmt: skip
        self._newest_ms = float(timestamp_ms)


def _rgb_of(data: bytes) -> np.ndarray:
    from omnilive.server.openai.pixels import rgb_of

    return rgb_of(data, "image")
