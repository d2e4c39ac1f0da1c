from collections.abc import Sequence

import cv2
import numpy as np

from omnilive.core.events import Keyframe, Percept, VideoFrame
from omnilive.perception.continuation import Continuation, OpenObject
from omnilive.perception.video.look import Eye, LookConfig, LookState
from tests.fakes import FakeDetector, FakeTagger
from tests.story import LONG_SHOTS, Shot, draw

STEP_S = 0.25


def film(shots: Sequence[Shot], seconds: float, start_s: float = 0.0) -> list[VideoFrame]:
    """Four pictures a second."""
    frames = []
    for i in range(round(seconds / STEP_S)):
        t = i * STEP_S
        shot = [shot for shot in shots if shot.start_s <= t][-1]
        frames.append(VideoFrame(t=start_s + t, rgb=draw(shot)))
    return frames


def see(
    frames: Sequence[VideoFrame], state: LookState | None = None, eye: Eye | None = None
) -> list[Percept | Keyframe]:
    eye = eye or Eye(LookConfig(), FakeDetector(), FakeTagger())
    state = state or eye.init_state()
    out: list[Percept | Keyframe] = []
    for frame in frames:
        look = eye.decide(frame, state)
        if look.wanted:
            out += eye.step(frame, look, state)
    assert state.looked + state.still == len(frames)
    return out + eye.end(state)


def percepts(found: Sequence[Percept | Keyframe], kind: str, final: bool) -> list[Percept]:
    return [p for p in found if isinstance(p, Percept) and p.kind == kind and p.final == final]


def test_objects_come_and_leave_once_with_the_same_id() -> None:
    found = see(film(LONG_SHOTS, 12.0))
    came, left = percepts(found, "object", False), percepts(found, "object", True)
    assert [(p.text, p.start_s) for p in came] == [
        ("red car", 0.0),
        ("blue dog", 3.0),
        ("yellow bus", 9.0),
    ]
    assert [p.data["id"] for p in came] == ["object0", "object1", "object2"]
    assert sorted((p.text, p.start_s) for p in left) == sorted((p.text, p.start_s) for p in came)
    assert [p.end_s for p in left] == [6.0, 6.0, 11.75]  # until the cut, and until the end
    assert {p.data["label"] for p in left} == {"car", "dog", "bus"}
    assert [p.data["first_position"] for p in came] == ["left", "right", "centre"]


def test_scenes_follow_each_other_without_a_hole() -> None:
    found = see(film(LONG_SHOTS, 12.0))
    scenes = [p for p in percepts(found, "scene", True) if "palette" in p.data]
    assert [(p.start_s, p.end_s) for p in scenes] == [(0.0, 6.0), (6.0, 9.0), (9.0, 11.75)]
    assert [p.data["id"] for p in scenes] == ["scene0", "scene1", "scene2"]
    assert scenes[1].text == "picture in white"
    assert [p.data["cut"] for p in scenes] == [False, True, True]


def test_what_a_picture_looks_like_is_a_span_of_its_own() -> None:
    tags = [p for p in percepts(see(film(LONG_SHOTS, 12.0)), "scene", True) if "tag" in p.data]
    assert [(p.text, p.start_s, p.end_s) for p in tags] == [("looks like snow", 6.0, 9.0)]
    assert tags[0].data["names"] == ["snow", "winter"]


def test_keyframes_are_small_jpegs_of_what_is_new() -> None:
    eye = Eye(LookConfig(keyframe_px=64), FakeDetector(), None)
    pictures = [item for item in see(film(LONG_SHOTS, 12.0), eye=eye) if isinstance(item, Keyframe)]
    assert [(k.t, k.is_cut) for k in pictures] == [
        (0.0, True),
        (3.0, False),
        (6.0, True),
        (9.0, True),
    ]
    rgb = cv2.imdecode(np.frombuffer(pictures[0].jpeg, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert rgb.shape == (43, 64, 3)
    assert rgb[15, 14, 0] > 150 and rgb[15, 14, 2] < 80  # the car is red, not blue


def test_without_models_there_are_scenes_and_keyframes() -> None:
    found = see(film(LONG_SHOTS, 12.0), eye=Eye(LookConfig(), None, None))
    assert {p.kind for p in found if isinstance(p, Percept)} == {"scene"}
    assert any(isinstance(p, Keyframe) for p in found)


def test_end_closes_everything_and_the_stream_may_go_on() -> None:
    eye = Eye(LookConfig(), FakeDetector(), None)
    state = eye.init_state()
    first = see(film(LONG_SHOTS, 2.0), state, eye)
    assert len(percepts(first, "object", True)) == 1
    assert eye.end(state) == []


def test_a_continuation_goes_on_with_numbers_and_objects() -> None:
    frames = film((Shot(0.0, 60, (("red", 0.1),)), Shot(4.0, 60, (("blue", 0.6),))), 8.0, 20.0)
    eye = Eye(LookConfig(), FakeDetector(), FakeTagger())
    data = dict(percepts(see(frames[:4], eye=eye), "object", False)[0].data)
    car = OpenObject(start_s=11.0, end_s=19.5, confidence=0.9, data={**data, "id": "object7"})
    state = eye.init_state(Continuation(next_number=30, objects=(car,)))
    found = see(frames, state, eye)
    assert [(p.data["id"], p.data["label"]) for p in percepts(found, "object", False) if (
        p.data["event"] == "appeared"
    )] == [("object30", "dog")]  # fmt: skip
    left = {p.data["id"]: p for p in percepts(found, "object", True)}
    assert set(left) == {"object7", "object30"}
    assert left["object7"].start_s == 11.0 and left["object7"].end_s >= 23.0
    assert {p.data["id"] for p in percepts(found, "scene", True)} == {"scene30"}


def test_an_object_gone_during_the_break_leaves_when_it_was_last_seen() -> None:
    eye = Eye(LookConfig(), FakeDetector(), None)
    data = dict(percepts(see(film(LONG_SHOTS, 2.0), eye=eye), "object", False)[0].data)
    car = OpenObject(start_s=11.0, end_s=19.5, confidence=0.9, data=data)
    state = eye.init_state(Continuation(next_number=30, objects=(car,)))
    moving = [
        VideoFrame(t=20 + i * 0.5, rgb=draw(Shot(0, 60 + 2 * i, (("blue", 0.6),))))
        for i in range(12)
    ]
    left = percepts(see(moving, state, eye), "object", True)
    assert (left[0].data["id"], left[0].start_s, left[0].end_s) == ("object0", 11.0, 19.5)
