import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact
from omnilive.memory.compressor.base import Clip
from omnilive.memory.compressor.features import PerceptFeatures, SentenceReader
from omnilive.memory.moments import MomentConfig
from omnilive_lab.compressor.annotations import annotated_asks, annotated_clips, read_annotations
from omnilive_lab.compressor.cloze import clozes
from omnilive_lab.compressor.data import HELD_OUT, TUNING, asks_of, place_of, stream_seed
from omnilive_lab.compressor.reels import Ask, clips_of, reel, shared
from omnilive_lab.compressor.settings import train_config
from omnilive_lab.streams import plant, stream
from tests.memory.compressor.made import SHAPE


class Letters:
    """A sentence vector counts letters."""

    def tokens(self, text: str) -> np.ndarray:
        rows = [[word.count(letter) for letter in "aeioursn"] for word in text.split()]
        return np.array(rows, np.float32)

    def __call__(self, texts: list[str]) -> np.ndarray:
        return np.stack([self.tokens(text).sum(axis=0) for text in texts])


def fact(id: int, text: str, start_s: float, end_s: float, kind: str = "speech") -> Fact:
    return Fact(
        id=id, kind=kind, start_s=start_s, end_s=end_s, text=text, confidence=1, open=False,
        data={},
    )  # fmt: skip


def test_clips_are_the_moments_of_the_ledger():
    needles = plant(5, 0.25, 1.7e9, count=2)
    events = list(stream(5, 0.25, 1.7e9, place="shop", needles=needles))
    clips = clips_of(events, 900)
    assert len(clips) > 40 and clips[-1].end_s == 900
    assert all(clip.facts and clip.start_s < clip.end_s for clip in clips)
    said = [(c, f) for c in clips for f in c.facts if f.text.startswith("The spare key is")]
    assert said and all(c.start_s <= f.start_s < c.end_s for c, f in said)


def test_shared_seconds():
    spans = np.array([(0.0, 10.0), (10.0, 20.0), (20.0, 30.0)])
    assert shared(spans, [(8, 13)]).tolist() == [2, 3, 0]
    assert shared(spans, [(25, 25)]).tolist() == pytest.approx([0, 0, 0.1])
    assert shared(spans, [(1, 2), (21, 23)]).tolist() == [1, 0, 2]


def test_a_reel_keeps_what_can_be_answered():
    features, reader = (
        PerceptFeatures(SHAPE.model_copy(update={"feature_width": 16}), Letters()),
        (SentenceReader(Letters())),
    )
    clips = [Clip(id=0, start_s=0, end_s=8, facts=[fact(1, "a red car", 1, 2)])]
    asks = [Ask("red car", ((1, 2),)), Ask("never was", ((50, 60),))]
    made = reel(clips, asks, features, reader)
    assert [ask.text for ask in made.asks] == ["red car"]
    assert made.shared_QK.tolist() == [[1.0]]
    assert made.questions[0].shape == (3, 8)  # two words, and the sentence
    assert made.mask_KTN.sum() == 1


def test_features_keep_order_and_leave_nothing_out():
    shape = SHAPE.model_copy(update={"feature_width": 16, "frames": 1, "patches": 2, "slots": 1})
    facts = [fact(i, "a" * (i + 1), i, i + 0.5) for i in range(3)]
    found = PerceptFeatures(shape, Letters())(Clip(id=0, start_s=0, end_s=8, facts=facts))
    assert found.mask_TN.tolist() == [[True, True]]
    assert found.values_TND[0, :, 0].tolist() == [1.5, 3.0]  # the first two share a place
    assert found.values_TND[0, 0, 8] == 1.0  # the mark of speech


def test_the_same_text_and_that_somebody_speaks_count_once_and_not_at_all():
    facts = [
        fact(1, "hello", 1, 2), fact(2, "hello", 3, 4), fact(3, "speech", 1, 2, "sound"),
        fact(4, "later", 9, 10),
    ]  # fmt: skip
    shape = SHAPE.model_copy(update={"feature_width": 16})
    found = PerceptFeatures(shape, Letters())(Clip(id=0, start_s=0, end_s=8, facts=facts))
    assert found.mask_TN.sum() == 1


def test_clozes_ask_for_all_clips_that_hold_their_words():
    clips = [
        Clip(id=0, start_s=0, end_s=8, facts=[fact(1, "The kettle boils.", 1, 2)]),
        Clip(id=1, start_s=8, end_s=16, facts=[fact(2, "A dog barks outside.", 9, 10)]),
        Clip(id=2, start_s=16, end_s=24, facts=[fact(3, "The kettle boils again.", 17, 18)]),
    ]
    made = clozes(clips, 10, Random(1))
    assert len(made) == 3
    for ask in made:
        about_kettle = "kettle" in ask.text or "boils" in ask.text
        if about_kettle and "again" not in ask.text:
            assert ask.spans == ((0, 8), (16, 24))
        if "dog" in ask.text or "barks" in ask.text:
            assert ask.spans == ((8, 16),)
    assert made == clozes(clips, 10, Random(1))


def test_questions_about_this_are_left_out():
    needles = plant(3, 1, 1.7e9, count=3)
    kinds = {ask.kind for ask in asks_of(needles, "train")}
    assert "reference" not in kinds and "unanswerable" not in kinds and "what" in kinds


def test_seeds_never_meet():
    trained = {stream_seed(seed, number) for seed in range(50) for number in range(100)}
    assert max(trained) < TUNING < HELD_OUT
    assert {place_of(seed) for seed in range(4)} == {"home", "shop", "lab", "workshop"}


@pytest.mark.parametrize("name", ["cuts.csv", "cuts.json"])
def test_annotations_become_clips_and_questions(tmp_path: Path, name: str):
    rows = [(0, 4, "opens the door"), (18.5, 20, "pours tea"), (40, 41, "opens the door")]
    path = tmp_path / name
    if name.endswith("csv"):
        path.write_text("start,end,text\n" + "".join(f"{a},{b},{t}\n" for a, b, t in rows))
    else:
        path.write_text(json.dumps([{"start": a, "end": b, "text": t} for a, b, t in rows]))
    facts = read_annotations(path)
    clips = annotated_clips(facts, MomentConfig())
    assert [(c.start_s, c.end_s) for c in clips] == [(0, 16), (16, 32), (32, 41)]
    asks = annotated_asks(facts)
    assert asks[0] == Ask("opens the door", ((0, 4), (40, 41)), "annotation")
    assert len(asks) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start,end,text\n5,2,x\n", "row 1: needs 0 <= start <= end"),
        ("start,end,text\n1,2,a\n1,two,b\n", "row 2: could not convert"),
        ("start,end\n1,2\n", "row 1: text is missing"),
        ("start,end,text\n", "holds no rows"),
        ("start,end,text\n1,nan,a\n", "row 1: needs 0 <= start <= end"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, text: str, message: str):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_annotations(path)


def test_what_is_no_annotation_file_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_annotations(tmp_path / "none.csv")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ConfigError, match="is no JSON"):
        read_annotations(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("[3]")
    with pytest.raises(ConfigError, match="row 1: all names is missing"):
        read_annotations(tmp_path / "a.json")


def test_settings_of_training(tmp_path: Path):
    config = train_config(3, ("a.csv",), None, ("steps=7", "shape.layers=2", "gradient=joint"))
    assert (config.seed, config.steps, config.shape.layers) == (3, 7, 2)
    assert (config.gradient, config.annotations) == ("joint", ("a.csv",))
    (tmp_path / "config.json").write_text('{"hidden_size": 576}')
    hub = train_config(0, (), tmp_path, ())
    assert (hub.backbone, hub.shape.backbone, hub.shape.width) == (str(tmp_path), "hub", 576)
    with pytest.raises(ConfigError, match="is no folder of a language model"):
        train_config(0, (), tmp_path / "none", ())
    with pytest.raises(ConfigError, match=r"shape: .*patches .3. must divide by slots .2."):
        train_config(0, (), None, ("shape.patches=3", "shape.slots=2"))
    with pytest.raises(ConfigError, match="stepz"):
        train_config(0, (), None, ("stepz=3",))
    with pytest.raises(ConfigError, match="write NAME=VALUE"):
        train_config(0, (), None, ("steps",))
