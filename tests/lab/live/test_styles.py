"""What is said of a timeline: every answer by hand, and nothing known too early."""

import random

import pytest

from omnilive_lab.live import templates
from omnilive_lab.live.converters.base import Span
from omnilive_lab.live.dialogue import Turn
from omnilive_lab.live.leaks import is_published_leak, leak
from omnilive_lab.live.skeleton import event_frames, query_frames, skeleton
from omnilive_lab.live.styles import Part, Wording, dialogue, guide, joined, make_turns, narrate

CUT, FRY, EAT = Span(2, 10, "Cut the bread."), Span(10, 22, "fry TV egg"), Span(22.2, 30, "煎蛋")
STEPS = Part((CUT, FRY, EAT), (0.0, 40.0), goal="Make breakfast")


def said(turns: list[Turn]) -> list[tuple[float, str]]:
    return [(turn.t, turn.text) for turn in turns if turn.role == "assistant"]


def test_what_is_known_at_a_time():
    now = templates.known(STEPS.spans, 10.0)
    assert (now.done, now.current, now.coming) == ((CUT,), (FRY,), (EAT,))
    now = templates.known(STEPS.spans, 22.1)
    assert (now.done, now.current, now.coming) == ((CUT, FRY), (), (EAT,))


class First(random.Random):
    """Chooses the first of several, and never by half."""

    def choice(self, seq):  # type: ignore[no-untyped-def]
        return seq[0]

    def random(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("kind", "t", "wanted"),
    [
        ("past", 5, "No step has been finished yet."),
        ("past", 12, "You have just done this: cut the bread."),
        ("past_all", 39, "So far: cut the bread; fry TV egg; 煎蛋."),
        ("present", 1, "No step is under way right now."),
        ("present", 12, "Now: fry TV egg."),
        ("next", 12, "Next: 煎蛋."),
        ("next", 31, "That was all; no step is left."),
        ("present_goal", 3, "The goal: make breakfast."),
    ],
)
def test_answers(kind: str, t: float, wanted: str):
    now = templates.known(STEPS.spans, t, STEPS.goal)
    assert templates.ask(kind, now, First())[1] == wanted


def test_whether_something_has_been_done():
    for t, seed in ((5, 1), (12, 2), (12, 3), (12, 4), (35, 5)):
        now = templates.known(STEPS.spans, t)
        question, answer = templates.ask("past_whether", now, random.Random(seed))
        is_done = any(templates.phrase(span.text) in question for span in now.done)
        assert answer in templates.ANSWERS["yes" if is_done else "no"]
    # A step that comes again has been done.
    again = templates.known((CUT, Span(20, 30, "cut the bread")), 15)
    answers = {templates.ask("past_whether", again, random.Random(i))[1] for i in range(20)}
    assert answers <= set(templates.ANSWERS["yes"])


def test_queries_that_make_no_sense_are_not_asked():
    assert "present_goal" not in templates.askable(templates.known(STEPS.spans, 5))
    assert "past_whether" not in templates.askable(templates.known((), 5))


def test_several_phrasings_of_every_kind():
    assert all(len(set(forms)) == len(forms) >= 4 for forms in templates.QUERIES.values())


@pytest.mark.parametrize("text", ["Toast bread.", " toast bread "])
def test_phrase(text: str):
    assert templates.phrase(text) == "toast bread"
    assert templates.phrase("TV on") == "TV on" and templates.phrase("C cuts.") == "C cuts"
    assert templates.phrase("Kneads the dough..") == "knead the dough"
    for text in ("focus the lens", "glasses on a shelf", "press the button", "用刀切"):
        assert templates.phrase(text) == text


def test_a_step_in_pieces_is_one():
    weigh = [Span(0, 4, "weigh it"), Span(4, 9, "Weigh it."), Span(10, 12, "weigh it")]
    assert joined([*weigh, Span(20, 22, "weigh it"), CUT]) == (
        Span(0, 12, "weigh it"), Span(20, 22, "weigh it"), CUT
    )  # fmt: skip


def test_narration_of_moments_keeps_their_times():
    part = Part(tuple(Span(t, t, f"C cuts {t}.") for t in (1.3, 1.4, 9.0)), (0.5, 5.0))
    turns = narrate(part, Wording(tags=True), First())
    assert turns[0].t == 0.5 and "'C' to denote the camera wearer" in turns[0].text
    assert said(turns) == [(1.3, "C cuts 1.3."), (1.4, "C cuts 1.4.")]


@pytest.mark.parametrize(
    ("told", "wanted"), [("start", [2, 10, 22.5]), ("middle", [6, 16, 26.5]), ("end", [10, 22, 30])]
)
def test_narration_of_spans(told, wanted: list[float]):  # type: ignore[no-untyped-def]
    assert [t for t, _ in said(narrate(STEPS, Wording(told=told), First()))] == wanted


def test_what_falls_on_one_frame_is_said_together_once():
    part = Part((Span(0, 3.1, "a"), Span(1, 3.4, "b"), Span(2, 3.5, "a")), (0.0, 5.0))
    assert said(narrate(part, Wording(), First())) == [(3.5, "a b")]


def test_guide_is_coins_recipe():
    turns = guide(STEPS, Wording(), First())
    assert turns[0].text.startswith("The video is about to make breakfast. Please remind me")
    assert said(turns) == [
        (2, "The action of cut the bread starts."),
        (10, "The action of cut the bread ends. The next action is fry TV egg. "
             "The action of fry TV egg starts."),
        (22, "The action of fry TV egg ends. The next action is 煎蛋."),
        (22.5, "The action of 煎蛋 starts."),
        (30, "The action of 煎蛋 ends. That was the last action."),
    ]  # fmt: skip


def test_a_dialogue_answers_at_once_and_remarks_only_where_it_was_ordered():
    ordered = 0
    for seed in range(40):
        turns = dialogue(STEPS, Wording(), random.Random(seed))
        queries = [t for t in turns if t.role == "user" and t.kind != "instruction"]
        assert len(queries) == 3 and turns == sorted(turns, key=lambda turn: turn.t)
        for query in queries:
            assert turns[turns.index(query) + 1].t == query.t
            assert turns[turns.index(query) + 1].kind == query.kind
        is_ordered = turns[0].kind == "instruction"
        assert is_ordered == any(turn.kind == "remark" for turn in turns)
        ordered += is_ordered
    assert 10 < ordered < 30


@pytest.mark.parametrize("style", ["narrate", "guide", "dialogue"])
def test_the_same_seed_says_the_same(style):  # type: ignore[no-untyped-def]
    one, two = (make_turns(style, STEPS, Wording(), random.Random("7/x")) for _ in range(2))
    assert one == two


def test_queries_are_spread_and_never_on_one_frame():
    for seed in range(50):
        asked = query_frames((3.2, 8.0), random.Random(seed), 2.0, 3)
        assert len(set(asked)) == 3 and min(asked) >= 7 and max(asked) < 16
    assert query_frames((0.0, 0.6), random.Random(0), 2.0, 5) == [0, 1]
    assert query_frames((0.0, 0.0), random.Random(0), 2.0, 5) == [0]


def test_the_skeleton_has_a_place_at_each_start_and_end_after_the_first_query():
    slots = skeleton(STEPS.spans, STEPS.stretch, random.Random(5), fps=2.0)
    asked = [slot.t for slot in slots if slot.kind == "query"]
    events = [slot.t for slot in slots if slot.kind == "event"]
    assert event_frames(STEPS.spans, STEPS.stretch, 2.0) == [4, 20, 44, 45, 60]
    assert events == [t for t in (2, 10, 22, 22.5, 30) if t > asked[0] and t not in asked]


@pytest.mark.parametrize(
    "text",
    ["12.5s: cut", "at 12 s he cuts", "at 01:05 you cut", "12 seconds into the video",
     "at 12 seconds", "at second 12", "从12.5s开始", "1:02:03 x"],
)  # fmt: skip
def test_leaks(text: str):
    assert leak(text)


@pytest.mark.parametrize(
    "text",
    ["the second step", "boil for 30 seconds.", "the 1980s style", "It is 9:30 am.", "2 steps",
     "ratio 2:1", "30 seconds in the oven", "切成3块", ""],
)  # fmt: skip
def test_what_is_no_leak(text: str):
    assert not leak(text)


def test_the_published_rule():
    assert is_published_leak("the second step") and is_published_leak("12s in")
    assert not is_published_leak("at 12.5s")
