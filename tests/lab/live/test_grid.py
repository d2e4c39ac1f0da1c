"""From times to frames, each rule by hand."""

import math
import random

import pytest

from omnilive_lab.live.dialogue import Learned, Sample, Turn
from omnilive_lab.live.grid import Message, ceil_frame, floor_frame, frame_range, frames, layout


def sample(
    *turns: Turn,
    duration_s: float = 5.0,
    start_s: float = 0.0,
    wait: Learned = True,
    video: str = "a.mp4",
) -> Sample:
    return Sample(
        id="a", source="test", licence="CC0-1.0", video=video, duration_s=duration_s,
        start_s=start_s, wait=wait, turns=turns,
    )  # fmt: skip


def user(t: float, text: str = "what?") -> Turn:
    return Turn(role="user", t=t, text=text)


def says(t: float, text: str = "that.", learn: bool = True, wait: Learned = True) -> Turn:
    return Turn(role="assistant", t=t, text=text, learn=learn, wait=wait)


def short(messages: list[Message]) -> list[object]:
    """Return frames as (count, learn) and turns as text."""
    return [(m.num_frames, m.learn) if m.role == "stream" else m.text for m in messages]


def test_the_documented_form():
    made = frames(sample(user(0, "Narrate."), says(3.8, "You pick up a knife."), wait=False))
    assert made == [
        Message("stream", 0.0, num_frames=1, learn=False),
        Message("user", 0.0, text="Narrate."),
        Message("stream", 4.0, num_frames=8, learn=True),
        Message("assistant", 4.0, text="You pick up a knife."),
        Message("stream", 4.5, num_frames=1, learn=True),
    ]


def test_a_user_is_floored_and_an_assistant_ceiled():
    assert short(frames(sample(user(1.3), says(1.7)))) == [
        (3, True), "what?", (2, True), "that.", (5, True)
    ]  # fmt: skip


def test_an_answer_at_once_stays_on_the_users_frame():
    assert short(frames(sample(user(1.3), says(1.3)))) == [(3, True), "what?", "that.", (7, True)]
    assert short(frames(sample(user(1.5), says(1.5)))) == [(4, True), "what?", "that.", (6, True)]


def test_floats_do_not_ceil_one_too_far():
    assert 0.1 * 3 * 10 > 3
    assert ceil_frame(0.1 * 3, 10) == floor_frame(0.1 * 3, 10) == 3
    for fps in (1.0, 2.0, 2.5, 10.0, 24.0, 30000 / 1001):
        for k in [*range(2000), 10**6, 10**7]:
            assert ceil_frame(k / fps, fps) == floor_frame(k / fps, fps) == k


def test_the_last_of_one_frame_replaces_the_earlier():
    made = layout(sample(says(1.1, "a"), says(1.4, "b"), says(2.0, "c")))
    assert [(p.turn.text, p.frame) for p in made.placed] == [("b", 3), ("c", 4)]
    assert (made.replaced, made.repeated) == (1, 0)


def test_an_answer_is_never_replaced():
    both = sample(user(1), says(1, "answer"), says(1, "remark"), says(2, "later"))
    assert short(frames(both)) == [
        (3, True), "what?", "answer", (1, True), "remark", (1, True), "later", (5, True)
    ]  # fmt: skip
    end = sample(user(5), says(5, "answer"), says(5, "remark"))
    assert short(frames(end)) == [(10, True), "what?", "answer", "remark"]


def test_a_repeat_is_left_out_but_not_after_a_user_or_what_is_not_learned():
    assert short(frames(sample(says(1), says(2), says(3)))) == [(3, True), "that.", (7, True)]
    asked = frames(sample(says(1), user(2), says(2)))
    assert [m.text for m in asked if m.role == "assistant"] == ["that.", "that."]
    mended = frames(sample(says(1, learn=False), says(1.5)))
    assert [m.learn for m in mended if m.role == "assistant"] == [False, True]
    wrong = frames(sample(says(1), says(1.5, learn=False)))
    assert [m.learn for m in wrong if m.role == "assistant"] == [True, False]


def test_a_number_of_frames_is_that_of_the_samples_own_grid():
    made = sample(says(1, wait=2))
    assert [m.learn for m in frames(made, fps=4) if m.role == "stream"] == [True, 4]
    assert [m.learn for m in frames(made, fps=1) if m.role == "stream"] == [True, 1]


def test_what_replaced_another_may_be_a_repeat():
    made = layout(sample(says(1, "a"), says(1.9, "b"), says(2, "a")))
    assert [p.turn.text for p in made.placed] == ["a"]
    assert (made.replaced, made.repeated) == (1, 1)


def test_nothing_goes_back():
    made = layout(sample(says(1.2), user(1.4)))
    assert [(p.turn.role, p.frame) for p in made.placed] == [("assistant", 3), ("user", 3)]


def test_what_is_due_after_the_last_frame_is_said_at_it():
    assert short(frames(sample(says(5.0)))) == [(10, True), "that."]


@pytest.mark.parametrize(
    ("wait", "learn"), [(True, True), (False, False), (0, False), (2, 2), (7, True), (99, True)]
)
def test_how_many_frames_after_a_turn_are_learned(wait: Learned, learn: Learned):
    made = frames(sample(says(1, wait=wait)))[-1]
    assert (made.num_frames, made.learn, type(made.learn)) == (7, learn, type(learn))


def test_frames_are_those_of_the_video_wherever_a_sample_starts():
    part = sample(says(3.6), start_s=2.3, duration_s=2.0)
    assert frame_range(part) == range(5, 9)
    assert [(m.t, m.num_frames) for m in frames(part)] == [(4.0, 4), (4.0, 0)]
    assert sum(m.num_frames for m in frames(part, fps=10)) == len(frame_range(part, 10)) == 20


def test_there_is_a_first_frame_however_short():
    assert frame_range(sample(duration_s=0.01)) == range(1)
    assert short(frames(sample(says(0), duration_s=0.01))) == [(1, True), "that."]
    assert frame_range(sample(duration_s=0.01, start_s=0.4)) == range(1, 2)


def test_without_a_video_there_is_only_talk():
    made = frames(sample(user(0), says(0), video="", duration_s=0.0))
    assert [m.role for m in made] == ["user", "assistant"]


def test_many_questions_at_once_all_stay_and_frames_are_never_lost():
    busy = sample(*(user(2, f"q{i}") for i in range(300)), says(2), says(math.nextafter(2, 3)))
    made = frames(busy)
    assert sum(m.role == "user" for m in made) == 300
    assert sum(m.num_frames for m in made) == 10


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_said_no_frame_question_or_answer_is_lost(seed: int):
    rng = random.Random(seed)
    fps = rng.choice([0.3, 1.0, 2.0, 3.7, 29.97])
    start_s, duration_s = rng.choice([0.0, 0.1, 7.77]), rng.choice([0.05, 3.0, 60.0])
    turns: list[Turn] = []
    for _ in range(rng.randrange(12)):
        t = rng.uniform(start_s, start_s + duration_s)
        if rng.random() < 0.4:
            turns += [user(t, f"q{t}"), says(t, f"a{t}")]
        else:
            wait = rng.choice([True, False, 0, 3])
            turns.append(says(t, rng.choice("xyz"), learn=rng.random() < 0.8, wait=wait))
    turns.sort(key=lambda turn: turn.t)
    made = sample(*turns, start_s=start_s, duration_s=duration_s)
    messages = frames(made, fps)
    span = frame_range(made, fps)
    assert sum(m.num_frames for m in messages) == len(span) > 0
    roles = [m.role for m in messages]
    assert all(a != "stream" or b != "stream" for a, b in zip(roles, roles[1:], strict=False))
    assert [m.t for m in messages] == sorted(m.t for m in messages)
    assert all(m.num_frames > 0 for m in messages if m.role == "stream")
    for turn in turns:
        if turn.text[0] in "qa":  # questions and answers
            assert turn.text in [m.text for m in messages]
    for before, after in zip(messages, messages[1:], strict=False):
        if before.role == "user":
            assert (after.role, after.text) == ("assistant", before.text.replace("q", "a"))
    assert {m.text for m in messages if m.text} <= {turn.text for turn in turns}
