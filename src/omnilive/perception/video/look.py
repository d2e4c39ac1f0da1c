"""The watching eye: one picture in, percepts and keyframes out. Plain sync code, one stream."""

import re
from collections import Counter
from dataclasses import dataclass, replace

import cv2
import numpy as np

from omnilive.core.events import Keyframe, Percept, VideoFrame
from omnilive.perception.config import LookConfig
from omnilive.perception.continuation import Continuation, OpenObject
from omnilive.perception.spans import Span, SpanFollower, SpanState
from omnilive.perception.video.base import Box, ObjectDetector, Tagger
from omnilive.perception.video.colour import is_monochrome, palette
from omnilive.perception.video.sampler import Look, Sampler, SamplerState
from omnilive.perception.video.track import Track, Tracker, TrackState, position


@dataclass(slots=True)
class LookState:
    """All that the eye remembers of one stream."""

    sampler: SamplerState
    tracks: TrackState
    tags: SpanState
    keyframe_t: float = -1e9
    tag_t: float = -1e9
    still: int = 0
    looked: int = 0
    scenes: int = 0
    scene: Percept | None = None
    t: float = 0.0


class Eye:
    """Objects, scenes and tags of one stream of pictures."""

    def __init__(
        self, config: LookConfig, detector: ObjectDetector | None, tagger: Tagger | None
    ) -> None:
        self.config, self._detector, self._tagger = config, detector, tagger
        self._sampler = Sampler(config.sampler)
        self._tracker = Tracker(config.tracker)
        self._tags = SpanFollower(confirm=2, patience=2, sure=0.75, likeness=1.0)

    def init_state(self, before: Continuation = Continuation()) -> LookState:  # noqa: B008
        """Return the state of a stream that has not begun, or that goes on after a break."""
        state = LookState(
            self._sampler.init_state(), self._tracker.init_state(), self._tags.init_state()
        )
        state.scenes = state.tracks.number = state.tags.number = before.next_number
        state.tracks.tracks = [_resumed(item) for item in before.objects]
        return state

    def decide(self, frame: VideoFrame, state: LookState) -> Look:
        """Say whether this picture is worth looking at; cheap, and called for each one."""
        look = self._sampler.step(frame.t, frame.rgb, state.sampler)
        state.t = frame.t
        if not look.wanted:
            state.still += 1
        return look

    def step(self, frame: VideoFrame, look: Look, state: LookState) -> list[Percept | Keyframe]:
        """Look at one picture that `decide` wanted."""
        out: list[Percept | Keyframe] = []
        first = state.scene is None  # the stream began, or goes on after a gap
        if first or look.is_cut:
            if look.is_cut:
                out += self._close(frame.t, state)
            out.append(self._new_scene(frame, state))
        came = self._objects(frame, state, out)
        self._tag(frame, look, state, out)
        due = look.motion > 1 and frame.t - state.keyframe_t >= self.config.keyframe_every_s
        if first or look.is_cut or came or due:
            out.append(self._keyframe(frame, first or look.is_cut, state))
        state.looked += 1
        return out

    def _close(self, t: float, state: LookState) -> list[Percept | Keyframe]:
        """End what was in view until `t`: the sampler saw no change since the last look."""
        for track in state.tracks.tracks:
            if not track.hidden and t - track.here_t <= 1 / self.config.sampler.still_fps + 0.1:
                track.here_t = t
        _, ended = self._tags.step(t, [], state.tags, is_cut=True)
        tags: list[Percept | Keyframe] = [_tagged(span, ended=True) for span in ended]
        return [*self._end_scene(t, state), *self._end_objects(state), *tags]

    def _end_objects(self, state: LookState) -> list[Percept | Keyframe]:
        return [
            _object(track, state.tracks, left=True) for track in self._tracker.end(state.tracks)
        ]

    def end(self, state: LookState) -> list[Percept | Keyframe]:
        """Close what is open: the stream ended or broke off."""
        return self._close(state.t, state)

    def _new_scene(self, frame: VideoFrame, state: LookState) -> Percept:
        colours = palette(frame.rgb)
        text = "picture in " + " and ".join(colours) if colours else "new picture"
        if is_monochrome(frame.rgb):
            text = "black and white picture"
        state.scene = Percept(
            t=frame.t,
            kind="scene",
            start_s=frame.t,
            end_s=frame.t,
            text=text,
            confidence=1.0,
            final=False,
            data={"id": f"scene{state.scenes}", "palette": colours, "cut": state.looked > 0},
        )
        state.scenes += 1
        state.keyframe_t = state.tag_t = -1e9
        return state.scene

    def _end_scene(self, t: float, state: LookState) -> list[Percept | Keyframe]:
        if state.scene is None:
            return []
        ended = replace(state.scene, t=t, end_s=t, final=True)
        state.scene = None
        return [ended]

    def _objects(self, frame: VideoFrame, state: LookState, out: list[Percept | Keyframe]) -> bool:
        if self._detector is None:
            return False
        found = self._detector.detect(frame.rgb)
        changes = self._tracker.step(frame.t, frame.rgb, found, state.tracks)
        out += [_object(track, state.tracks, left=True) for track in changes.left]
        out += [_object(track, state.tracks, left=False) for track in changes.came]
        for track in state.tracks.tracks:
            if track.confirmed and track.hidden != (track.here_t < frame.t):
                track.hidden = not track.hidden
                out.append(_object(track, state.tracks, left=False))
        return bool(changes.came)

    def _tag(
        self, frame: VideoFrame, look: Look, state: LookState, out: list[Percept | Keyframe]
    ) -> None:
        if self._tagger is None or (
            frame.t - state.tag_t < self.config.tag_every_s and not look.is_cut
        ):
            return
        state.tag_t = frame.t
        tags = [(name, p) for name, p in self._tagger.tag(frame.rgb) if p >= self.config.tag_score]
        began, ended = self._tags.step(frame.t, tags, state.tags)
        out += [_tagged(span, ended=True) for span in ended]
        out += [_tagged(span, ended=False) for span in began]

    def _keyframe(self, frame: VideoFrame, is_cut: bool, state: LookState) -> Keyframe:
        height, width = frame.rgb.shape[:2]
        scale = min(1.0, self.config.keyframe_px / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA)
        bgr = np.ascontiguousarray(small[:, :, ::-1])
        _, jpeg = cv2.imencode(
            ".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self.config.keyframe_quality]
        )
        state.keyframe_t = frame.t
        return Keyframe(t=frame.t, jpeg=jpeg.tobytes(), is_cut=is_cut)


def _object(track: Track, state: TrackState, *, left: bool) -> Percept:
    same = [t for t in state.tracks if t.label == track.label and t.confirmed]
    colour = track.colour
    text = f"{track.label} in {colour}" if track.label == "person" else f"{colour} {track.label}"
    event = "left" if left else "appeared"
    if not left and (track.hidden or track.here_t > track.first_t + 3):
        event = "out of sight" if track.hidden else "back"
    return Percept(
        t=track.here_t,
        kind="object",
        start_s=track.first_t,
        end_s=track.here_t,
        text=text.strip(),
        confidence=track.score,
        final=left,
        data={
            "id": f"object{track.number}",
            "event": event,
            "hidden": track.hidden,
            "label": track.label,
            "colour": colour,
            "position": position(track.first_box if not left else track.box),
            "first_position": position(track.first_box),
            "box": [round(v, 3) for v in track.box],
            "visible": len(same),
        },
    )


def _tagged(span: Span, *, ended: bool) -> Percept:
    names = [re.sub(r"\s+", " ", name).strip() for name in span.text.split(",")]
    return Percept(
        t=span.last_t,
        kind="scene",
        start_s=span.first_t,
        end_s=span.last_t,
        text=f"looks like {names[0]}",
        confidence=span.score,
        final=ended,
        data={"id": f"tag{span.number}", "tag": names[0], "names": names},
    )


def _resumed(item: OpenObject) -> Track:
    data, box = item.data, Box(*item.data["box"])
    return Track(
        number=int(str(data["id"]).removeprefix("object")),
        label=data["label"],
        box=box,
        score=item.confidence,
        first_t=item.start_s,
        seen_t=item.end_s,
        here_t=item.end_s,
        first_box=box,
        hits=3,
        confirmed=True,
        colours=Counter({data["colour"]: 3}),
    )
