"""Stands between a session's sources and its memory: quiet hours, masks, recordings, ages."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo

from omnilive.core.clock import wall_time
from omnilive.core.errors import OmniLiveError
from omnilive.core.masking import masked
from omnilive.media.base import Item, MaskConfig, MediaConfig, SourceInfo
from omnilive.media.mask import Masks, masks_of
from omnilive.media.quiet import outside
from omnilive.memory.control.keeping import RecordingConfig, RetentionConfig
from omnilive.memory.control.recordings import Recorder, recover
from omnilive.memory.control.retention import REST_S, Retention
from omnilive.memory.store import Store

MASKS = "masks"  # in `meta`: source -> the masks under which it was watched
TAKE_UP_S = 0.5  # spent on what is too old before watching begins; the rest goes on beside it
logger = logging.getLogger(__name__)


class Keeper:
    """Keeps the rules of one session's memory. Used by its one writer."""

    def __init__(
        self, store: Store, media: MediaConfig, recording: RecordingConfig,
        retention: RetentionConfig, quiet_hours: Sequence[str], zone: tzinfo | None = None,
    ) -> None:  # fmt: skip
        self._store, self._media, self._recording = store, media, recording
        self._quiet, self._zone = tuple(quiet_hours), zone
        self._retention = Retention(store, retention)
        self._recorders: dict[int, Recorder] = {}

    def take_up(self) -> None:
        """Make good what a crash left, and forget some of what has become too old meanwhile."""
        recover(self._store)
        self._retention.run(wall_time(), TAKE_UP_S)

    def age(self) -> float:
        """Forget some of what is too old; return the seconds until the next time."""
        try:
            return self._retention.step(wall_time())
        except OmniLiveError as error:  # a full disk is told by whoever writes; this tries again
            logger.warning("retention: %s", error)
            return REST_S

    def items(
        self, source: int, info: SourceInfo, url: str, items: Iterator[Item],
        on_quiet: Callable[[], None],
    ) -> Iterator[Item]:  # fmt: skip
        """Yield what may be perceived of a source; `end` must follow.

        Nothing of live sources in quiet hours, when `on_quiet` is called; no picture without its
        masks. What is left of a live source is recorded, if that is wanted.
        """
        if info.live and self._quiet:
            items = outside(items, self._quiet, wall_time, self._zone, on_quiet)
        masks = masks_of(self._media.masks, url, info.url)
        note_masks(self._store, source, masks)
        items = Masks(masks).items(items)
        if info.live and self._recording.enabled:
            recorder = Recorder(
                self._store, source, self._recording, self._media.rate_hz,
                has_video=info.has_video, has_audio=info.has_audio,
            )  # fmt: skip
            self._recorders[source] = recorder
            items = recorder.tee(items)
        return items

    def end(self, source: int) -> None:
        """Store what was recorded of a source that is over."""
        if (recorder := self._recorders.pop(source, None)) is not None:
            recorder.close()


def note_masks(store: Store, source: int, masks: Sequence[MaskConfig]) -> None:
    """Remember under which masks a source is watched, those of earlier times included."""
    known = known_masks(store, source)
    every = (*known, *(mask for mask in masks if mask not in known))
    if every != known:
        text = store.value("SELECT value FROM meta WHERE key = ?", MASKS)
        stored = json.loads(text) if text else {}
        stored[str(source)] = [mask.model_dump() for mask in every]
        store.set_meta(MASKS, json.dumps(stored))


def known_masks(store: Store, source: int) -> tuple[MaskConfig, ...]:
    """Return the masks under which a source was watched."""
    text = store.value("SELECT value FROM meta WHERE key = ?", MASKS)
    stored = json.loads(text).get(str(source), ()) if text else ()
    return tuple(MaskConfig.model_validate(mask) for mask in stored)


def masks_for(
    store: Store, source: int, url: str, masks: Sequence[MaskConfig]
) -> tuple[MaskConfig, ...]:
    """Return the masks for showing a source: those it was watched under, and those set now."""
    known = known_masks(store, source)
    now = masks_of(masks, url, masked(url))
    return (*known, *(mask for mask in now if mask not in known))
