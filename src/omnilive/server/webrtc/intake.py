"""What a peer sends, decoded without piling up and handed to its source.

aiortc decodes behind queues without bounds. They are replaced by short ones here, which is the
only place that touches its private names; tests/server/webrtc/test_intake.py guards them.
"""

import logging
import queue
import socket
from collections.abc import Callable
from typing import Any

import numpy as np
from aiortc import RTCPeerConnection
from aiortc.jitterbuffer import JitterBuffer
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from omnilive.media.push import PushSource

MOST_PICTURES = 15  # coded pictures that wait for the decoder
MOST_SOUNDS = 50  # packets of 20 ms
# aiortc waits for 4 packets before it plays the first and for 16 after a loss: 0.1 to 0.3 s
# that every answer would come later. Four packets still put right what comes out of order.
SOUND_PACKETS = 4
RECEIVE_BYTES = 2 * 2**20


# One line for each picture that cannot be decoded would let a bad sender fill the log.
logging.getLogger("aiortc.rtcrtpreceiver").setLevel(logging.ERROR)


class ShortQueue(queue.Queue[Any]):
    """Coded frames on their way to the decoder. When full: sound loses its oldest packet,
    pictures wait for the next key picture, which is asked for. `None` ends the decoder at once:
    aiortc waits for that on the event loop, which may not wait for what nobody will see."""

    def __init__(self, most: int, ask_for_key: Callable[[], None] | None) -> None:
        super().__init__()
        self.dropped = 0
        self._most, self._ask_for_key = most, ask_for_key
        self._waits_for_key = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add a frame, or drop it."""
        if item is None:
            self._most = 1
            self._make_room()
        elif self._ask_for_key is None:
            self._make_room()
        elif not self._may_pass(*item):
            return
        super().put(item, block, timeout)

    def _make_room(self) -> None:
        while self.qsize() >= self._most:
            self._drop_one()

    def _may_pass(self, codec: Any, frame: Any) -> bool:
        assert self._ask_for_key is not None
        if self.qsize() >= self._most:
            while self.qsize():
                self._drop_one()
            self._waits_for_key = True
        if self._waits_for_key and not is_key(codec.name, frame.data):
            self.dropped += 1
            self._ask_for_key()
            return False
        self._waits_for_key = False
        return True

    def _drop_one(self) -> None:
        try:
            self.get_nowait()
            self.dropped += 1
        except queue.Empty:
            pass  # the decoder was faster


def is_key(codec: str, data: bytes) -> bool:
    """Tell whether a coded picture can be decoded without those before it."""
    if codec.upper() == "VP8":
        return bool(data) and not data[0] & 1
    if codec.upper() == "H264":
        kinds = {part[0] & 31 for part in data.split(b"\x00\x00\x01")[1:] if part}
        return 5 in kinds
    return True


def bound(receiver: Any) -> ShortQueue:
    """Give a receiver of aiortc short queues, before it has begun; return the decoder's."""
    is_video = receiver.track.kind == "video"
    error = receiver._RTCRtpReceiver__decoder_error  # set: a key picture is asked for
    waiting = ShortQueue(MOST_PICTURES, error.set) if is_video else ShortQueue(MOST_SOUNDS, None)
    receiver._RTCRtpReceiver__decoder_queue = waiting
    if not is_video:
        receiver._RTCRtpReceiver__jitter_buffer = JitterBuffer(capacity=SOUND_PACKETS)
    return waiting


def widen(pc: RTCPeerConnection) -> None:
    """Let the kernel hold a second or two of packets while this process is busy.

    Linux caps it at net.core.rmem_max; what it grants is enough or it is not.
    """
    for transceiver in pc.getTransceivers():
        for protocol in transceiver.receiver.transport.transport._connection._protocols:
            socket_ = protocol.transport.get_extra_info("socket")
            if socket_ is not None:  # relayed ones have none of their own
                socket_.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)


async def drain(track: MediaStreamTrack, source: PushSource | None) -> None:
    """Hand all that comes to the source, or to nobody, until the track ends."""
    try:
        while True:
            frame = await track.recv()
            if source is None:
                continue
            if isinstance(frame, AudioFrame):
                source.push_audio(mono(frame), frame.sample_rate)
            elif isinstance(frame, VideoFrame):
                source.push_picture(frame)
    except MediaStreamError:
        return


def mono(frame: AudioFrame) -> np.ndarray:
    """Return the sound as (S,) float32. Shapes: packed frames are (1, S * C)."""
    samples = frame.to_ndarray()
    channels = frame.layout.nb_channels
    planes = samples if frame.format.is_planar else samples.reshape(-1, channels).T
    mean = planes.mean(axis=0, dtype=np.float32)
    return mean / 32768.0 if samples.dtype == np.int16 else mean
