import numpy as np
import pytest

from omnilive.live.template import Marks, Template
from omnilive_lab.live.grid import Message
from omnilive_lab.live.sequences import IGNORED, Layout, Objective
from omnilive_lab.live.tokenizer import BOS, EOS, train_tokenizer

TEXTS = ["Tell me.", "It rains.", "What now?", "Snow."] * 2
DIALOGUE = [
    Message("stream", 0.0, num_frames=1, learn=False),
    Message("user", 0.0, text="Tell me."),
    Message("stream", 1.0, num_frames=2, learn=True),
    Message("assistant", 1.0, text="It rains."),
    Message("stream", 2.0, num_frames=2, learn=True),
    Message("user", 2.0, text="What now?"),
    Message("assistant", 2.0, text="Snow."),
    Message("stream", 3.0, num_frames=2, learn=1),
]


def layout(objective: Objective, interval: str = "", tokens: int = 1) -> Layout:
    marks = Marks(BOS, EOS, interval, system="Sys.")
    return Layout(Template(train_tokenizer(TEXTS, marks), marks), objective, tokens)


def words(of: Layout, ids: np.ndarray) -> list[str]:
    tokenizer = of.template.tokenizer
    return [tokenizer.decode([i], skip_special_tokens=False) if i >= 0 else "" for i in ids]


def learned(of: Layout, objective_of: list[Message] = DIALOGUE) -> list[tuple[str, str]]:
    laid = of.lay(objective_of)
    pairs = zip(words(of, laid.ids_L), words(of, laid.labels_L), strict=True)
    return [(token, label) for token, label in pairs if label]


def text(of: Layout) -> str:
    return "".join(words(of, of.lay(DIALOGUE).ids_L))


def test_the_end_of_sequence_is_a_target_and_never_in_the_sequence():
    of = layout("streaming")
    assert text(of) == (
        "<s>Sys.\n[<v>]\nUser: Tell me.\n[<v><v>]\nAssistant: It rains.</s>\n[<v><v>]\n"
        "User: What now?\nAssistant: Snow.</s>\n[<v><v>"
    )
    assert learned(of) == [
        ("<v>", "</s>"), ("<v>", "]\n"),
        (":", " It"), (" It", " rains"), (" rains", "."), (".", "</s>"),
        ("<v>", "</s>"), ("<v>", "</s>"),
        (":", " Snow"), (" Snow", "."), (".", "</s>"),
        ("<v>", "</s>"),
    ]  # fmt: skip


def test_with_an_interval_silence_is_that_token():
    of = layout("streaming", interval=",")
    assert "[<v>,<v>]\nAssistant: It rains.</s>\n[<v>,<v>]\nUser" in text(of)
    assert learned(of)[:2] == [("<v>", ","), ("<v>", "]\n")]


def test_only_the_last_token_of_a_frame_learns():
    of = layout("streaming", tokens=3)
    laid = of.lay(DIALOGUE)
    frames = laid.ids_L == of.template.frame
    assert frames.sum() == 3 * laid.frames == 21
    at = np.flatnonzero(frames & (laid.labels_L != IGNORED))
    assert all((laid.ids_L[i - 2 : i + 1] == of.template.frame).all() for i in at)
    assert len(at) == 5


def test_interleaved_learns_the_replies_alone():
    of = layout("interleaved")
    assert text(of) == text(layout("streaming"))
    assert [token for token, _ in learned(of)] == [
        ":", " It", " rains", ".", ":", " Snow", ".",
    ]  # fmt: skip


def test_per_frame_makes_a_turn_of_every_frame():
    of = layout("per-frame")
    silent = "\n[<v>]\nAssistant:</s>"
    assert text(of) == (
        f"<s>Sys.{silent}\nUser: Tell me.{silent}\n[<v>]\nAssistant: It rains.</s>{silent}{silent}"
        f"\nUser: What now?\nAssistant: Snow.</s>{silent}{silent}"
    )
    assert learned(of) == [
        (":", "</s>"), (":", " It"), (" It", " rains"), (" rains", "."), (".", "</s>"),
        (":", "</s>"), (":", "</s>"),
        (":", " Snow"), (" Snow", "."), (".", "</s>"),
        (":", "</s>"),
    ]  # fmt: skip


@pytest.mark.parametrize("objective", ["streaming", "interleaved", "per-frame"])
def test_all_objectives_are_judged_on_the_same_view(objective: Objective):
    of, first = layout(objective), layout("streaming").lay(DIALOGUE).view
    view = of.lay(DIALOGUE).view
    np.testing.assert_array_equal(view.ids_K, first.ids_K)
    np.testing.assert_array_equal(view.labels_K, first.labels_K)
    # Two frames that led up to the user's question were not to bring anything about.
    assert (view.labels_K[view.ids_K == of.template.frame] != IGNORED).sum() == 3


def test_the_view_reads_decisions_where_they_are_made():
    of = layout("per-frame")
    laid = of.lay(DIALOGUE)
    rows = laid.view.at_K[laid.view.ids_K == of.template.frame]
    assert words(of, laid.ids_L[rows]) == [":"] * 7
    streaming = layout("streaming").lay(DIALOGUE)
    rows = streaming.view.at_K[streaming.view.ids_K == of.template.frame]
    assert words(of, streaming.ids_L[rows]) == ["<v>"] * 7


def test_a_cut_dialogue_ends_with_a_silent_frame():
    of = layout("streaming")
    laid = of.lay(DIALOGUE, max_frames=2)
    assert laid.frames == 2
    assert words(of, laid.labels_L)[-1] == "</s>"


@pytest.mark.parametrize(
    ("objective", "interval", "expected"),
    [
        ("streaming", "", "<v><v>"),
        ("streaming", ",", ",<v>,<v>"),
        ("per-frame", "", "</s>\n[<v>]\nAssistant:</s>\n[<v>]\nAssistant:"),
    ],
)
def test_what_follows_a_silent_frame(objective: Objective, interval: str, expected: str):
    of = layout(objective, interval)
    ids, places = of.silent(2)
    said = words(of, np.array(ids))
    assert "".join(said) == expected
    assert [said[i] for i in places] == ([":"] * 2 if objective == "per-frame" else ["<v>"] * 2)
