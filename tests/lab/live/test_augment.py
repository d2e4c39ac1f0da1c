"""The augmentation, and the samples of what goes wrong with a stream."""

import random
from collections import Counter
from pathlib import Path

import av
import numpy as np

from omnilive_lab.live.augment import SORRY, augment
from omnilive_lab.live.check import Checker
from omnilive_lab.live.dialogue import Sample, Turn, faults, video_path, write_samples
from omnilive_lab.live.grid import Message, frames
from omnilive_lab.live.robustness import robustness_samples


def says(t: float, text: str) -> Turn:
    return Turn(role="assistant", t=t, text=text)


def sample(*turns: Turn) -> Sample:
    return Sample(
        id="a", source="test", licence="CC0-1.0", video="a.mp4", duration_s=10, turns=turns
    )


THREE = sample(
    Turn(role="user", t=0, text="Narrate."), says(2, "one"), says(5, "two"), says(8, "three")
)


def kinds_of(base: Sample, sorry: bool = False) -> dict[str, list[Sample]]:
    """Return what comes of many seeds, by what was done."""
    found: dict[str, list[Sample]] = {}
    for seed in range(200):
        made = augment(base, random.Random(seed), sorry=sorry)
        is_wrong = made.made.get("augmented") == "wrong"
        count = len([t for t in made.turns if t.role == "assistant" and t.learn])
        name = "same" if made is base else f"{'wrong' if is_wrong else 'missing'} {count}"
        found.setdefault(name, []).append(made)
    return found


def stream(made: Sample) -> list[tuple[int, object]]:
    return [(m.num_frames, m.learn) for m in frames(made) if m.role == "stream"]


def test_all_four_cases_come_about_and_the_last_reply_stays():
    found = kinds_of(THREE)
    assert set(found) == {"wrong 3", "wrong 2", "missing 3", "missing 2"}
    assert min(map(len, found.values())) > 10
    assert all(made.turns[-1] == THREE.turns[-1] for many in found.values() for made in many)


def test_wrong_and_mended_at_the_next_frame():
    for made in kinds_of(THREE)["wrong 3"]:
        i = next(i for i, turn in enumerate(made.turns) if not turn.learn)
        fake, mended, real = made.turns[i], made.turns[i + 1], THREE.turns[i]
        assert fake.t == real.t and fake.text != real.text
        assert (mended.t, mended.text, mended.learn) == (real.t + 0.5, real.text, True)
        assert sum(m.num_frames for m in frames(made)) == 20
        assert all(m.learn is True for m in frames(made) if m.role == "stream")


def test_wrong_and_left_so():
    for made in kinds_of(THREE)["wrong 2"]:
        i = next(i for i, turn in enumerate(made.turns) if not turn.learn)
        assert made.turns[i].wait is False and len(made.turns) == 4
        wanted: list[tuple[int, object]] = [(1, True), (4, True), (6, True), (6, True), (3, True)]
        wanted[i + 1] = (6, False)
        assert stream(made) == wanted


def test_missing_and_late_by_a_frame():
    for made in kinds_of(THREE)["missing 3"]:
        i = next(i for i, turn in enumerate(made.turns) if turn.t % 1)
        assert made.turns[i].text == THREE.turns[i].text
        # 4 or 6 frames to the reply: the last of them would have been the time, and one came on.
        wanted: list[tuple[int, object]] = [(1, True), (4, True), (6, True), (6, True), (3, True)]
        count = wanted[i][0]
        wanted[i] = (count + 1, count - 1)
        wanted[i + 1] = (5, True)
        assert stream(made) == wanted


def test_missing_for_good():
    for made in kinds_of(THREE)["missing 2"]:
        gone = ({t.text for t in THREE.turns} - {t.text for t in made.turns}).pop()
        first = {"one": [(1, True), (10, 3)], "two": [(1, True), (4, True), (12, 5)]}[gone]
        assert stream(made)[: len(first)] == first


def test_the_apology_is_an_option():
    assert all(SORRY not in t.text for s in kinds_of(THREE)["wrong 3"] for t in s.turns)
    for made in kinds_of(THREE, sorry=True)["wrong 3"]:
        assert Counter(SORRY in turn.text for turn in made.turns)[True] == 1


def test_what_cannot_be_changed_stays_the_same():
    one = sample(says(2, "one"))
    assert augment(one, random.Random(0)) is one
    # An answer cannot be left out: it is wrong, or the sample stays as it is.
    asked = sample(Turn(role="user", t=2, text="What?"), says(2, "that"), says(6, "this"))
    assert not [name for name in kinds_of(asked) if name.startswith("missing")]


def test_what_is_made_is_whole_and_depends_on_the_seed_alone():
    for seed in range(50):
        made = augment(THREE, random.Random(seed))
        assert faults(made) == [] and made == augment(THREE, random.Random(seed))


def test_any_sample_stays_whole():
    for seed in range(300):
        rng = random.Random(seed)
        times = sorted(rng.uniform(0, 10) for _ in range(rng.randrange(8)))
        turns = [says(t, rng.choice("abc")) for t in times]
        for t in times[::2]:
            turns += [Turn(role="user", t=t, text="q"), says(t, f"answer {t}")]
        base = sample(*sorted(turns, key=lambda turn: turn.t))
        made = augment(base, rng)
        assert faults(made) == []
        assert sum(m.num_frames for m in frames(made)) == 20
        learned = [m.text for m in frames(made) if m.role == "assistant" and m.learn]
        assert len(learned) >= len([m for m in frames(base) if m.role == "assistant"]) - 1


def test_robustness_samples_with_real_videos(tmp_path: Path):
    path = tmp_path / "odd.jsonl"
    made = list(robustness_samples(path, seed=3))
    assert made == list(robustness_samples(path, seed=3)) and len(made) == 5
    write_samples(path, made)
    assert not list(Checker(path).findings())
    talk = [m for m in made if not m.video]
    assert [frames(m)[0].role for m in talk] == ["user"] * 3
    for one in made[3:]:
        file = video_path(one, path)
        assert file is not None
        with av.open(str(file)) as video:
            pictures = [frame.to_ndarray(format="gray") for frame in video.decode(video=0)]
        assert len(pictures) == 20
        spread = float(np.std(pictures[0]))
        assert spread > 30 if "noise" in one.id else spread < 1
        assert all(m.learn is False for m in frames(one) if m.role == "stream")
        assert isinstance(frames(one)[-1], Message)
