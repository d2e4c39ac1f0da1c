"""From timelines to samples: which video, which stretch, which name."""

from pathlib import Path

import pytest

from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.live.converters.base import Notes, Span, Timeline
from omnilive_lab.live.converters.choose import CONVERTERS
from omnilive_lab.live.dialogue import Sample, faults
from omnilive_lab.live.grid import frame_range, frames
from omnilive_lab.live.making import Making, by_templates, jobs, windows
from omnilive_lab.live.styles import Wording


def made(timeline: Timeline, making: Making, kind: str = "table") -> tuple[list[Sample], Notes]:
    notes, chosen = Notes(), CONVERTERS[kind]
    todo = jobs(iter([timeline]), chosen, making, notes)
    return list(by_templates(todo, chosen, making, notes)), notes


def making(tmp_path: Path, **fields) -> Making:  # type: ignore[no-untyped-def]
    return Making(tmp_path / "out" / "s.jsonl", licence="CC0-1.0", **fields)


MOMENTS = Timeline("v", tuple(Span(t, t, f"C cuts {t}.") for t in (30.2, 31.0, 44.9)))


def test_a_narration_starts_a_few_frames_before_its_first_remark_and_ends_with_the_last(
    tmp_path: Path,
):
    leads = set()
    for seed in range(20):
        found, _ = made(MOMENTS, making(tmp_path, seed=seed), "ego4d-narration")
        assert len(found) == 1 and faults(found[0]) == []
        messages = frames(found[0])
        assert [m.text for m in messages if m.role == "assistant"] == [
            "C cuts 30.2.", "C cuts 31.0.", "C cuts 44.9."
        ]  # fmt: skip
        assert messages[-1].role == "assistant" and frame_range(found[0]).stop == 91
        leads.add(61 - frame_range(found[0]).start)
    assert min(leads) >= 0 and max(leads) <= 20 and len(leads) > 5


def test_windows():
    assert windows(0, 600, 600) == [(0, 600)]
    assert windows(10, 1210, 0) == [(10, 1210)]
    assert windows(0, 900, 600) == [(0, 450), (450, 900)]
    assert windows(3, 3, 600) == [(3, 3)]


def test_a_long_video_is_cut_and_no_remark_is_said_twice(tmp_path: Path):
    spans = tuple(Span(t, t + 8, f"step {t}") for t in range(0, 300, 10))
    long = Timeline("v", spans, duration_s=300)
    found, _ = made(long, making(tmp_path, max_s=70))
    assert [s.id for s in found] == [f"table/v/{i}.0" for i in range(5)]
    assert [s.start_s for s in found] == [0, 60, 120, 180, 240]
    said = [t.text for s in found for t in s.turns if t.role == "assistant"]
    assert said == [f"step {t}" for t in range(0, 300, 10)]
    assert all(faults(s) == [] for s in found)


def test_what_comes_next_is_known_across_a_cut_and_its_moment_belongs_to_one_side(tmp_path: Path):
    spans = (Span(10, 50, "cut"), Span(50, 60, "fry"), Span(70, 100, "eat"))
    whole = Timeline("v", spans, duration_s=100)
    found, _ = made(whole, making(tmp_path, max_s=50, style="guide"))
    said = [[t.text for t in s.turns if t.role == "assistant"] for s in found]
    assert said == [
        ["The action of cut starts."],
        ["The action of cut ends. The next action is fry. The action of fry starts.",
         "The action of fry ends. The next action is eat.", "The action of eat starts.",
         "The action of eat ends. That was the last action."],
    ]  # fmt: skip
    how = making(tmp_path, max_s=50, style="dialogue", dialogues=30)
    answers = [
        turn.text for s in made(whole, how)[0] if not s.start_s for turn in s.turns
        if turn.kind == "next" and turn.role == "assistant"
    ]  # fmt: skip
    assert answers and all("fry" in text or "cut" in text for text in answers)


def test_the_video_is_found_by_name_and_asked_for_its_length(tmp_path: Path):
    write_film(tmp_path / "videos" / "v.mkv", [Scene(0, 12, "red")])
    timeline = Timeline("v", (Span(1, 3, "x"),))
    found, notes = made(timeline, making(tmp_path, videos=tmp_path / "videos"))
    assert found[0].video == "../videos/v.mkv" and not notes.counts
    assert found[0].duration_s == pytest.approx(12, abs=0.3)
    found, _ = made(timeline, making(tmp_path))
    assert (found[0].video, found[0].duration_s) == ("v.mp4", 4)


def test_a_video_that_is_not_there_is_noted(tmp_path: Path):
    found, notes = made(Timeline("w", (Span(1, 3, "x"),)), making(tmp_path, videos=tmp_path))
    assert found[0].video == "../w.mp4" and "no such video" in notes.lines[0]


def test_short_stretches_and_those_that_give_the_time_away_are_left_out(tmp_path: Path):
    short = Timeline("v", (Span(1, 3, "x"),), duration_s=9)
    assert made(short, making(tmp_path, min_s=10))[0] == []
    leaky = Timeline("v", (Span(1, 3, "at 12.5s he cuts"),), duration_s=9)
    found, notes = made(leaky, making(tmp_path))
    assert found == [] and dict(notes.counts) == {"gives a time away: left out": 1}
    assert len(made(leaky, making(tmp_path, keep_leaks=True))[0]) == 1


def test_a_sample_does_not_depend_on_what_else_is_made(tmp_path: Path):
    spans = (Span(2, 10, "cut"), Span(12, 20, "fry"))
    how = making(tmp_path, style="dialogue", dialogues=4, wording=Wording(queries=2))
    one, _ = made(Timeline("b", spans, duration_s=30), how)
    notes, chosen = Notes(), CONVERTERS["table"]
    both = iter([Timeline("a", spans, duration_s=30), Timeline("b", spans, duration_s=30)])
    two = list(by_templates(jobs(both, chosen, how, notes), chosen, how, notes))
    assert [s for s in two if s.video == "b.mp4"] == one
    assert len({s.turns for s in one}) == 4
    assert one[0].made == {
        "converter": "table", "seed": 0, "mode": "template", "style": "dialogue"
    }  # fmt: skip


@pytest.mark.parametrize("style", ["narrate", "guide", "dialogue"])
@pytest.mark.parametrize("fps", [0.5, 2.0, 10.0, 29.97])
def test_no_turn_is_lost_on_the_grid_and_nothing_is_answered_late(
    tmp_path: Path, style: str, fps: float
):
    spans = tuple(
        Span(s, e, f"step {i}") for i, (s, e) in enumerate(((0, 3.3), (3.3, 9), (8.1, 9), (20, 30)))
    )
    how = making(tmp_path, style=style, wording=Wording(fps=fps), dialogues=5)
    for sample in made(Timeline("v", spans, duration_s=30), how)[0]:
        messages = frames(sample)
        talk = [m for m in messages if m.role != "stream"]
        assert [m.text for m in talk] == [t.text for t in sample.turns]
        for turn, message in zip(sample.turns, talk, strict=True):
            assert message.t == pytest.approx(turn.t, abs=1e-6)
