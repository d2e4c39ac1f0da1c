"""Where a line's sound goes when its client is a WebRTC peer: one 20 ms packet after another."""

from collections import deque
from fractions import Fraction

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.frame import AudioFrame
from av.packet import Packet

from omnilive.core.clock import Clock, SystemClock

RATE_HZ = 48000
PACKET_S = 0.02
SAMPLES = round(RATE_HZ * PACKET_S)
MOST_PENDING_S = 300.0  # sound beyond this is dropped: no answer is so long
LATE_S = 0.2  # packets later than this are not made up for, which would be heard as a rush
SILENCE = b"\xf8\xff\xfe"  # 20 ms of silence as Opus: saves encoding while nothing is said


class Speaker(MediaStreamTrack):
    """An Output that is also the audio track of a peer: paced by the clock, never ahead of it."""

    kind = "audio"
    rate_hz = RATE_HZ

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._pieces: deque[np.ndarray] = deque()
        self._pending = self._played = 0  # samples
        self._is_paused = False
        self._start_t: float | None = None
        self._sent = 0  # packets

    # what a conversation does

    def begin(self) -> None:
        """Open a new response; what is left of the one before is dropped."""
        self._drop()
        self._played, self._is_paused = 0, False

    def play(self, pcm: np.ndarray) -> None:
        """Queue (S,) float32 mono samples."""
        room = round(MOST_PENDING_S * RATE_HZ) - self._pending
        samples = (np.clip(np.nan_to_num(pcm[: max(0, room)]), -1.0, 1.0) * 32767).astype(np.int16)
        if len(samples):
            self._pieces.append(samples)
            self._pending += len(samples)

    def pause(self) -> None:
        """Fall silent with the next packet and keep the place."""
        self._is_paused = True

    def resume(self) -> None:
        """Go on from where it paused."""
        self._is_paused = False

    def clear(self) -> float:
        """Drop the rest; return the seconds of this response that were sent."""
        self._drop()
        self._is_paused = False
        return self.played_s

    @property
    def played_s(self) -> float:
        """Seconds of this response that were sent."""
        return self._played / RATE_HZ

    @property
    def pending_s(self) -> float:
        """Seconds queued and not yet sent."""
        return self._pending / RATE_HZ

    # what the peer connection does

    async def recv(self) -> AudioFrame | Packet:
        """Return the next packet when it is due: sound, or silence ready made."""
        if self.readyState != "live":
            raise MediaStreamError
        now = self._clock.now()
        if self._start_t is None:
            self._start_t = now
        due_t = self._start_t + self._sent * PACKET_S
        if now - due_t > LATE_S:
            self._start_t += now - due_t
        await self._clock.sleep_until(due_t)
        stamp = self._sent * SAMPLES
        self._sent += 1
        if self._is_paused or not self._pending:
            return _silence(stamp)
        return _frame(self._next(), stamp)

    def _next(self) -> np.ndarray:
        """Take one packet's samples, with silence at its end where there are too few."""
        taken = np.zeros(SAMPLES, np.int16)
        at = 0
        while self._pieces and at < SAMPLES:
            piece = self._pieces[0][: SAMPLES - at]
            taken[at : at + len(piece)] = piece
            at += len(piece)
            if len(piece) == len(self._pieces[0]):
                self._pieces.popleft()
            else:
                self._pieces[0] = self._pieces[0][len(piece) :]
        self._pending -= at
        self._played += at
        return taken

    def _drop(self) -> None:
        self._pieces.clear()
        self._pending = 0


def _frame(samples: np.ndarray, stamp: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples[None], "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, stamp, Fraction(1, RATE_HZ)
    return frame


def _silence(stamp: int) -> Packet:
    packet = Packet(SILENCE)
    packet.pts, packet.time_base = stamp, Fraction(1, RATE_HZ)
    return packet
