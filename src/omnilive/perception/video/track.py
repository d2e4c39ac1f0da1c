"""Follows objects from picture to picture, so that each comes once and leaves once.

An object that the detector misses for a moment has not left: it is held while its place in
the picture looks as it did, and for `leave_s` in any case.
"""

from collections import Counter
from dataclasses import dataclass, field

import cv2
import numpy as np

from omnilive.perception.config import TrackerConfig
from omnilive.perception.video.base import Box, Detection
from omnilive.perception.video.colour import main_colour

PATCH_SIZE = (160, 90)  # the picture is kept this small (width, height) to compare places


@dataclass(slots=True)
class Track:
    """One object being followed. Times are seconds on the session clock."""

    number: int
    label: str
    box: Box
    score: float
    first_t: float
    seen_t: float  # last detection
    here_t: float  # last detection or hold
    first_box: Box
    hits: int = 1
    confirmed: bool = False
    hidden: bool = False  # missed by the latest look, and not held
    patch: np.ndarray | None = None
    colours: Counter[str] = field(default_factory=Counter)

    @property
    def colour(self) -> str:
        """The colour named most often so far."""
        return self.colours.most_common(1)[0][0] if self.colours else ""


@dataclass(slots=True)
class TrackState:
    """The objects being followed now."""

    tracks: list[Track] = field(default_factory=list)
    number: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What one picture changed: objects that came and objects that left."""

    came: list[Track]
    left: list[Track]


class Tracker:
    """Feed the detections of every picture looked at, in order."""

    def __init__(self, config: TrackerConfig | None = None) -> None:
        self.config = config or TrackerConfig()

    def init_state(self) -> TrackState:
        """Return the state of a stream that has not begun."""
        return TrackState()

    def step(
        self, t: float, rgb: np.ndarray, detections: list[Detection], state: TrackState
    ) -> Changes:
        """Match detections to tracks; return who came and who left. Shapes: rgb (H, W, 3)."""
        grey = cv2.cvtColor(cv2.resize(rgb, PATCH_SIZE), cv2.COLOR_RGB2GRAY)
        free = list(detections)
        for track in sorted(state.tracks, key=lambda track: -track.hits):
            match = self._best_match(track, free)
            if match is not None:
                free.remove(match)
                self._update(track, t, match, rgb, grey)
            elif self._holds(track, t, grey):
                track.here_t = t
        for detection in free:
            if detection.score >= self.config.start_score:
                self._begin(t, detection, rgb, grey, state)
        return Changes(came=self._confirm(state), left=self._drop(t, state))

    def end(self, state: TrackState) -> list[Track]:
        """End all tracks (a scene cut, the end of the stream); return those that were shown."""
        ended = [track for track in state.tracks if track.confirmed]
        state.tracks = []
        return ended

    def _best_match(self, track: Track, free: list[Detection]) -> Detection | None:
        def closeness(detection: Detection) -> float:
            overlap = track.box.iou(detection.box)
            return overlap if overlap > 0.15 else 0.15 - _distance(track.box, detection.box)

        same = [d for d in free if d.label == track.label]
        best = max(same, key=closeness, default=None)
        return best if best is not None and closeness(best) > -0.1 else None

    def _update(
        self, track: Track, t: float, found: Detection, rgb: np.ndarray, grey: np.ndarray
    ) -> None:
        track.box, track.score = found.box, max(track.score, found.score)
        track.seen_t = track.here_t = t
        track.hits += 1
        track.patch = _patch(found.box, grey)
        track.colours[main_colour(found.box.crop(rgb))] += 1

    def _begin(
        self, t: float, found: Detection, rgb: np.ndarray, grey: np.ndarray, state: TrackState
    ) -> None:
        track = Track(state.number, found.label, found.box, found.score, t, t, t, found.box)
        track.patch = _patch(found.box, grey)
        track.colours[main_colour(found.box.crop(rgb))] += 1
        state.tracks.append(track)
        state.number += 1

    def _holds(self, track: Track, t: float, grey: np.ndarray) -> bool:
        if track.patch is None or track.hits < 2 or t - track.seen_t > self.config.hold_s:
            return False
        now = _patch(track.box, grey)
        return float(np.abs(now - track.patch).mean()) < self.config.same_place

    def _confirm(self, state: TrackState) -> list[Track]:
        came = [
            track
            for track in state.tracks
            if not track.confirmed and (track.hits >= 2 or track.score >= self.config.sure_score)
        ]
        for track in came:
            track.confirmed = True
        return came

    def _drop(self, t: float, state: TrackState) -> list[Track]:
        def gone(track: Track) -> bool:
            patience = self.config.leave_s if track.confirmed else self.config.confirm_s
            return t - track.here_t > patience

        left = [track for track in state.tracks if gone(track)]
        state.tracks = [track for track in state.tracks if not gone(track)]
        return [track for track in left if track.confirmed]


def _distance(a: Box, b: Box) -> float:
    dx = (a.x0 + a.x1 - b.x0 - b.x1) / 2
    dy = (a.y0 + a.y1 - b.y0 - b.y1) / 2
    return float(np.hypot(dx, dy))


def _patch(box: Box, grey: np.ndarray) -> np.ndarray:
    return cv2.resize(box.crop(grey), (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)


def position(box: Box) -> str:
    """Name where in the picture a box is: left, centre or right third."""
    middle = (box.x0 + box.x1) / 2
    return "left" if middle < 0.36 else "right" if middle > 0.64 else "centre"
