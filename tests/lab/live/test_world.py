"""The synthetic world: what is said is true, what happens can be seen, and it comes out alike."""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.live.dialogue import faults, read_samples
from omnilive_lab.live.grid import frames
from omnilive_lab.live.world.events import Event
from omnilive_lab.live.world.make import Stream, make_world, plan_stream, sample_of, truth_of
from omnilive_lab.live.world.phrases import STYLES, Wanted, any_wanted, event_text
from omnilive_lab.live.world.render import RGB, Background, pictures
from omnilive_lab.live.world.scene import MOVES_S, poses
from omnilive_lab.live.world.settings import PRESETS, Split, WorldConfig, world_config
from omnilive_lab.live.world.splits import HELD_ACTIONS, HELD_SHAPES

SPLITS: tuple[Split, ...] = ("train", "val", "test")
SHORT = WorldConfig(min_s=8, max_s=9, quiet_share=0)


@functools.cache
def plan(split: Split, index: int) -> Stream:
    return plan_stream(0, split, index, PRESETS["normal"])


def planned(split: Split = "train", count: int = 150) -> list[Stream]:
    return [plan(split, i) for i in range(count)]


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        return np.stack([f.to_ndarray(format="rgb24") for f in file.decode(video=0)])


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_world(tmp_path / name, 3, "val", 2, config=SHORT)
    for path in sorted((tmp_path / "one").rglob("*.*")):
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        )
    other = plan_stream(4, "val", 0, SHORT)
    assert other.events != plan_stream(3, "val", 0, SHORT).events


def test_an_interrupted_making_goes_on_and_more_can_be_added(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    make_world(whole, 0, "train", 3, config=SHORT)

    class Interrupts:
        def stage(self, name: str, total: int) -> None: ...

        def advance(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_world(cut, 0, "train", 2, report=Interrupts(), config=SHORT)
    assert not (cut / "samples.jsonl").exists()
    first = cut / "video" / "train-00000.mp4"
    made = first.stat().st_mtime_ns
    (cut / "video" / "train-00001.mp4.part").write_bytes(b"half")
    make_world(cut, 0, "train", 2, config=SHORT)
    make_world(cut, 0, "train", 3, config=SHORT)
    assert first.stat().st_mtime_ns == made  # not made again
    assert not list(cut.rglob("*.part"))
    for path in whole.rglob("*.*"):
        assert path.read_bytes() == (cut / path.relative_to(whole)).read_bytes()


def test_a_folder_holds_one_world(tmp_path: Path) -> None:
    make_world(tmp_path, 0, "train", 1, config=SHORT)
    with pytest.raises(ConfigError, match="another world .seed differ"):
        make_world(tmp_path, 1, "train", 1, config=SHORT)
    with pytest.raises(ConfigError, match="another world .noise differ"):
        make_world(tmp_path, 0, "train", 1, config=SHORT.model_copy(update={"noise": 1.0}))


def test_a_folder_that_will_not_do_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(ConfigError, match="cannot be made"):
        make_world(tmp_path / "file", count=1, config=SHORT)
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "world.json").write_text("{half")
    with pytest.raises(ConfigError, match="world.json cannot be read"):
        make_world(tmp_path / "w", count=1, config=SHORT)


@pytest.mark.parametrize("sets", [["noise"], ["gap_s=[1, 2]"], ["nose=3"], ["min_s=90"]])
def test_a_setting_that_is_wrong_is_named(sets: list[str]) -> None:
    with pytest.raises(ConfigError, match=sets[0].partition("=")[0].replace("min_s", "shortest")):
        world_config("normal", sets)


def test_the_files_hold_what_the_truth_says(tmp_path: Path) -> None:
    config = SHORT.model_copy(update={"max_s": 14.0, "min_s": 14.0})
    samples = list(read_samples(make_world(tmp_path, 1, "train", 4, config=config)))
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    looked = 0
    for sample, true in zip(samples, truth, strict=True):
        rgb = decoded(tmp_path / sample.video)
        assert rgb.shape == (56, 96, 96, 3)  # 14 s at 4 a second
        assert len(true["frames"]) == 28
        for frame in true["frames"]:
            picture = rgb[int(frame["t"] * config.fps)]
            for thing in frame["things"]:
                left, top, right, bottom = thing["box"]
                assert 0 <= left < right <= 96 and 0 <= top < bottom <= 96
                x, y = round((left + right) / 2), round((top + bottom) / 2)
                if thing["shape"] != "card":
                    seen = picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(axis=0)
                    nearest = min(RGB, key=lambda c: float(np.abs(seen - RGB[c]).sum()))
                    assert nearest == thing["colour"]
                    looked += 1
    assert looked > 50


def test_every_event_can_be_seen_from_its_very_time_on() -> None:
    """Where nothing else moves, the first frame of the grid differs from the one just before it."""
    still = PRESETS["normal"].model_copy(
        update={"noise": 0.0, "drift": 0.0, "wobble": 0.0, "quiet_share": 0.0}
    )
    seen: dict[str, int] = {}
    background = Background(still, 0)
    for index in range(12):
        stream = plan_stream(0, "train", index, still)
        for event, before in zip(stream.events, (None, *stream.events), strict=False):
            if (
                before
                and before.kind in MOVES_S
                and event.t - before.t < MOVES_S[before.kind] + 0.5
            ):
                continue  # what moved before may have come to rest between the two frames
            k = int(np.ceil(event.t * 2))
            shown = poses(stream.events, [event.t - 0.001, k / 2], still)
            old, new = pictures(background, shown, 4)
            changed = np.abs(old.astype(int) - new).max(axis=2) > 40
            assert changed.sum() >= 40, (event.kind, event.thing)
            seen[event.kind] = seen.get(event.kind, 0) + 1
    assert len(seen) == 9, seen


def test_the_file_shows_a_thing_from_its_first_frame_on(tmp_path: Path) -> None:
    """Encoding delays nothing: not there in the frame before its time, there in the one after."""
    config = SHORT.model_copy(update={"min_s": 20.0, "max_s": 20.0})
    samples = list(read_samples(make_world(tmp_path, 5, "train", 3, config=config)))
    looked = 0
    for index, sample in enumerate(samples):
        rgb = decoded(tmp_path / sample.video).astype(int)
        for event in plan_stream(5, "train", index, config).events:
            k = int(np.ceil(event.t * config.fps))
            if event.kind != "appear":
                continue
            new = next(p for p in next(poses([event], [event.t], config)) if p.thing == event.thing)
            patch = np.s_[round(new.y) - 1 : round(new.y) + 2, round(new.x) - 1 : round(new.x) + 2]
            colour = np.array(RGB[event.thing.colour])
            off = [np.abs(rgb[i][patch].mean(axis=(0, 1)) - colour).max() for i in (k - 1, k)]
            assert off[0] > 60 > 45 > off[1], (event, off)
            looked += 1
    assert looked >= 5


@pytest.mark.parametrize("split", SPLITS)
def test_events_keep_apart_and_off_the_grid(split: Split) -> None:
    low = PRESETS["normal"].gap_s[0]
    for stream in planned(split):
        times = [event.t for event in stream.events]
        assert all(b - a >= low - 1e-6 for a, b in zip(times, times[1:], strict=False))
        assert all(0.05 < t % 0.5 < 0.45 for t in times)
        assert all(1.0 < t < stream.duration_s - 1 for t in times)
        for event in stream.events:
            assert len(event.there) <= 3
            shapes = [o for o in event.there if not o.is_card]
            assert len({o.place for o in shapes}) == len({o.colour for o in shapes}) == len(shapes)
            assert all(-1 <= o.size <= 1 for o in shapes)


def combinations(streams: Sequence[Stream]) -> tuple[set[Any], set[Any]]:
    events = [event for stream in streams for event in stream.events]
    shown = {(o.colour, o.shape) for e in events for o in e.there}
    done = {(e.thing.colour, e.kind) for e in events}
    return shown, done


def test_held_out_combinations_are_never_in_train() -> None:
    """Neither is a combination of "test" in "val", nor the other way round."""
    assert HELD_SHAPES["val"].isdisjoint(HELD_SHAPES["test"])
    for split in SPLITS:
        shown, done = combinations(planned(split, 200))
        for owner in ("val", "test"):
            if owner == split:
                assert HELD_SHAPES[owner] <= shown and HELD_ACTIONS[owner] <= done
            else:
                assert not HELD_SHAPES[owner] & shown and not HELD_ACTIONS[owner] & done
    said = " ".join(turn.text for s in planned("train", 300) for turn in s.talk.turns)
    for pairs in HELD_SHAPES.values():
        assert not [pair for pair in pairs if " ".join(pair) in said]


def test_what_is_said_is_true() -> None:
    """Every remark and answer against the events, worked out here anew."""
    numbers = ["none", "one", "two", "three"]
    checked: dict[str, int] = {}
    for split in SPLITS:
        for stream in planned(split, 120):
            texts = {e.t: event_text(e, stream.talk.style) for e in stream.events}
            turns = stream.talk.turns
            for question, turn in zip(turns, turns[1:], strict=False):
                if turn.role == "user":
                    continue
                if turn.kind == "remark":
                    assert turn.text.removesuffix(".").removesuffix(" again") == texts[
                        turn.t
                    ].removesuffix(".")
                    continue
                assert question.role == "user" and question.t == turn.t
                gone = [e for e in stream.events if e.t < turn.t]
                there = gone[-1].there if gone else ()
                answer = turn.text.lower().strip(".")
                if question.kind == "next":  # a promise; the remark it asks for is checked above
                    continue
                elif "How many" in question.text:
                    wanted = numbers[len(there)]
                    wanted = "nothing" if not there and " " in answer else wanted
                elif "the card say?" in question.text or "on the card" in question.text:
                    wanted = next((o.word for o in there if o.is_card), "no card")
                elif "left last" in question.text or "there before" in question.text:
                    left = [e.thing for e in gone if e.kind == "leave"]
                    wanted = f"{left[-1].colour} {left[-1].shape}" if left else "nothing"
                elif "shown last" in question.text or "last card" in question.text:
                    words = [e.thing.word for e in gone if e.kind == "show"]
                    wanted = words[-1] if words else "no card"
                    wanted = "was no card" if not words and " was " in answer else wanted
                elif "happen" in question.text:
                    wanted = texts[gone[-1].t].lower().strip(".")
                elif "colour" in question.text:
                    shape = question.text.rstrip("?").split()[-1]
                    wanted = next(o.colour for o in there if o.shape == shape)
                else:
                    place = question.text.rstrip("?").split()[-1]
                    found = [o for o in there if o.place == place]
                    wanted = f"{found[0].colour} {found[0].shape}" if found else "nothing"
                assert wanted in answer, (question.text, turn.text)
                checked[question.kind] = checked.get(question.kind, 0) + 1
    assert min(checked["past"], checked["present"]) > 50


def due(mode: str, stream: Stream) -> list[float]:
    return [t.t for t in stream.talk.turns if t.kind == "remark" and stream.talk.mode == mode]


def test_a_narrator_remarks_on_everything_and_a_watcher_on_what_is_wanted_alone() -> None:
    watched = narrated = 0
    for stream in planned("train", 300):
        if stream.talk.mode == "narrate":
            assert due("narrate", stream) == [event.t for event in stream.events]
            narrated += 1
        if stream.talk.mode == "watch":
            clause = stream.talk.turns[0].text
            for event in stream.events:
                if event.t in due("watch", stream):
                    name = f"{event.thing.colour} {event.thing.shape}"
                    parts = {event.thing.colour, event.thing.shape, event.thing.word, "something"}
                    assert event.thing.is_card or any(p in clause for p in (name, *parts) if p)
            watched += len(due("watch", stream)) > 0
    assert min(watched, narrated) > 30


def test_where_nothing_happens_nothing_is_to_be_said() -> None:
    quiet = [s for s in planned("test", 300) if not s.events]
    assert 18 < len(quiet) < 60
    for stream in quiet:
        assert [turn.kind for turn in stream.talk.turns] == ["instruction"]
        assert sample_of(stream, 0).made["quiet"] is True
        assert all(not frame["things"] for frame in truth_of(stream)["frames"])


def test_style_and_event_give_one_text_and_instructions_tell_the_style() -> None:
    said: dict[str, set[str]] = {style: set() for style in STYLES}
    bidden: dict[str, set[str]] = {style: set() for style in STYLES}
    words: set[str] = set()
    for split in SPLITS:
        for stream in planned(split, 200):
            for turn in stream.talk.turns:
                words |= set(turn.text.strip(".?").replace(",", "").split())
            bidden[stream.talk.style].add(stream.talk.turns[0].text)
            said[stream.talk.style] |= {event_text(e, stream.talk.style) for e in stream.events}
    assert bidden["brief"].isdisjoint(bidden["full"])
    assert said["brief"].isdisjoint(said["full"])
    assert len(words) < 150


def test_dialogues_fit_the_schema_and_lose_nothing_on_the_grid() -> None:
    for stream in planned("val", 150):
        sample = sample_of(stream, 0)
        assert not faults(sample)
        messages = frames(sample)
        # Also the frame before the instruction is learned to be silent at: live there is one.
        assert (messages[0].role, messages[0].num_frames, messages[0].learn) == ("stream", 1, True)
        said = [m.text for m in messages if m.role == "assistant"]
        assert said == [turn.text for turn in sample.turns if turn.role == "assistant"]


def test_nothing_impossible_is_waited_for() -> None:
    from random import Random

    random = Random(0)
    found = {any_wanted(random, "train") for _ in range(2000)}
    assert Wanted("spin", "red", "circle") not in found
    assert not {(w.colour, w.shape) for w in found} & HELD_SHAPES["test"]
    assert not {(w.colour, w.kind) for w in found} & HELD_ACTIONS["val"]


def test_something_wanted_fits_its_events_only() -> None:
    stream = next(s for s in planned("train") if {"jump", "show"} <= {e.kind for e in s.events})
    jump: Event = next(e for e in stream.events if e.kind == "jump")
    show: Event = next(e for e in stream.events if e.kind == "show")
    assert Wanted("jump").fits(jump) and Wanted("jump", shape=jump.thing.shape).fits(jump)
    other = next(c for c in RGB if c != jump.thing.colour)
    assert not Wanted("jump", other).fits(jump) and not Wanted("spin").fits(jump)
    assert Wanted("show", word=show.thing.word).fits(show)
    assert not Wanted("show", word="nothing").fits(show)


@pytest.mark.parametrize("difficulty", ["easy", "hard"])
def test_every_difficulty_can_be_made(difficulty: Any, tmp_path: Path) -> None:
    config = PRESETS[difficulty].model_copy(update={"min_s": 8.0, "max_s": 8.0})
    sample = next(read_samples(make_world(tmp_path, 0, "train", 1, config=config)))
    assert decoded(tmp_path / sample.video).shape == (32, config.side_px, config.side_px, 3)
