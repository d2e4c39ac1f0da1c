"""The LIVE figures against values worked out by hand, each quirk beside its fair counterpart."""

import math
from typing import Any

import numpy as np
import pytest

from omnilive_lab.metrics.live import (
    IGNORED,
    Dialogue,
    Figures,
    Layout,
    as_array,
    fair_figures,
    fair_turns,
    live_figures,
    published_means,
)
from omnilive_lab.metrics.remarks import match_remarks

A, B, EOS, COMMA, SPEAK, FRAME = range(6)  # SPEAK ends the frames, as "]\n" does
LAYOUT = Layout(frame=FRAME, eos=EOS, interval=COMMA)
SILENT, LOUD = {COMMA: 0.9, SPEAK: 0.1}, {SPEAK: 0.9, COMMA: 0.1}


def logits(*shares: dict[int, float]) -> np.ndarray:
    """Rows whose softmax gives these shares."""
    rows = np.full((len(shares), 6), -60.0)
    for row, wanted in zip(rows, shares, strict=True):
        for token, share in wanted.items():
            row[token] = math.log(share)
    return rows


def dialogue(*turns: tuple[list[dict[int, float]], list[tuple[int, dict[int, float]]]]) -> Dialogue:
    """Each turn: what the model says after each frame, then (true token, shares) of its reply.

    The last frame is to be answered with SPEAK, the others with COMMA. A reply ends with EOS, and
    the position of a token holds the logits for the next one.
    """
    ids: list[int] = []
    labels: list[int] = []
    rows: list[dict[int, float]] = []
    for frames, reply in turns:
        ids += [FRAME] * len(frames)
        labels += [COMMA] * (len(frames) - 1) + [SPEAK]
        rows += frames
        if reply:
            ids += [B] + [token for token, _ in reply[:-1]]  # B stands for "Assistant:"
            labels += [token for token, _ in reply]
            rows += [shares for _, shares in reply]
        ids.append(EOS)
        labels.append(IGNORED)
        rows.append({A: 1.0})
    return Dialogue(np.array(ids), np.array(labels), logits(*rows))


def never(position: int, first: int, count: int) -> Any:
    raise AssertionError("no frames are to be appended here")


SURE = [(A, {A: 1.0}), (B, {B: 1.0})]


def test_ppl_is_the_mean_of_turns_and_not_of_tokens() -> None:
    both = dialogue(
        ([LOUD], [(A, {A: 0.5, B: 0.5}), (A, {A: 0.25, B: 0.75})]), ([LOUD], [(A, {A: 1.0})])
    )
    figures = live_figures(both, LAYOUT, never)
    assert figures.lm_ppl == pytest.approx((math.sqrt(2 * 4) + 1) / 2)
    fair = fair_figures(fair_turns(both, LAYOUT, never, threshold=0.0), fps=2)
    assert fair["corpus_ppl"] == pytest.approx((2 * 4 * 1) ** (1 / 3))


def test_correctness_is_the_right_beginning() -> None:
    reply = [(A, {A: 0.9}), (B, {A: 0.9}), (A, {A: 0.9}), (A, {A: 0.9})]
    one = dialogue(([LOUD], reply))
    assert live_figures(one, LAYOUT, never).lm_correctness == 1 / 4
    turns = fair_turns(one, LAYOUT, never, threshold=0.0)
    assert fair_figures(turns, fps=2)["token_accuracy"] == 3 / 4
    assert live_figures(dialogue(([LOUD], SURE)), LAYOUT, never).lm_correctness == 1


def test_on_time() -> None:
    figures = live_figures(dialogue(([SILENT, SILENT, LOUD], SURE)), LAYOUT, never)
    assert (figures.frame_diff, figures.fluency) == (0, 1)


def test_early_by_two_frames() -> None:
    one = dialogue(([SILENT, LOUD, SILENT, SILENT], SURE))
    figures = live_figures(one, LAYOUT, never)
    assert figures.frame_diff == 2
    assert figures.fluency == (4 - 2) / (2 + 4)  # counts the frame that spoke as right
    turns = fair_turns(one, LAYOUT, never, threshold=0.0)
    fair = fair_figures(turns, fps=2)
    assert (fair["speak_error_s"], fair["run_share"]) == (1.0, 1 / 6)


def test_late_is_looked_for_in_the_frames_that_follow() -> None:
    both = dialogue(([SILENT] * 4, SURE), ([SILENT, SILENT, LOUD], SURE))
    asked: list[tuple[int, int, int]] = []

    def speaks_second(position: int, first: int, count: int) -> np.ndarray:
        asked.append((position, first, count))
        return logits(*[SILENT, LOUD, LOUD][:count])

    figures = live_figures(both, LAYOUT, speaks_second)
    assert asked == [(4, 4, 3)]  # after 4 tokens, from frame 4 on, 3 frames
    assert figures.frame_diff == (2 + 0) / 2
    assert figures.fluency == ((4 - 1) / 6 + 1) / 2


def test_late_is_capped_by_the_shorter_side() -> None:
    both = dialogue(([SILENT] * 2, SURE), ([SILENT] * 5 + [LOUD], SURE))

    def speaks_fifth(position: int, first: int, count: int) -> np.ndarray:
        return logits(*[SILENT, SILENT, SILENT, SILENT, LOUD, LOUD][:count])

    # One frame is looked at (2 - 1), although the next turn has six.
    assert live_figures(both, LAYOUT, speaks_fifth).frame_diff == (1 + 0) / 2
    fair = fair_turns(both, LAYOUT, speaks_fifth, threshold=0.0)
    assert [turn.frame_diff for turn in fair] == [-5, 0]
    assert fair_figures(fair, fps=2)["speak_error_s"] == (5 + 0) / 2 / 2


def test_silence_at_the_end_costs_nothing_officially() -> None:
    one = dialogue(([SILENT] * 3, SURE))
    figures = live_figures(one, LAYOUT, never)
    assert (figures.frame_diff, figures.fluency) == (0, 1)
    (turn,) = fair_turns(one, LAYOUT, never, threshold=0.0)
    assert (turn.frame_diff, turn.missed) == (-3, True)
    fair = fair_figures([turn], fps=2)
    assert (fair["missed_share"], fair["run_share"]) == (1, 2 / 5)


def test_a_reply_that_never_comes_is_missed() -> None:
    both = dialogue(([SILENT] * 2, SURE), ([SILENT, LOUD], SURE))

    def silent(position: int, first: int, count: int) -> np.ndarray:
        return logits(*[SILENT] * count)

    assert live_figures(both, LAYOUT, silent).frame_diff == 0.5  # one frame appended
    fair = fair_turns(both, LAYOUT, silent, threshold=0.0)
    assert [(turn.frame_diff, turn.missed) for turn in fair] == [(-2, True), (0, False)]


def test_the_threshold_makes_doubtful_silence_speak() -> None:
    unsure = {COMMA: 0.6, SPEAK: 0.4}
    one = dialogue(([unsure, SILENT, LOUD], SURE))
    assert live_figures(one, LAYOUT, never).frame_diff == 0
    assert live_figures(one, LAYOUT, never, threshold=0.725).frame_diff == 2
    (turn,) = fair_turns(one, LAYOUT, never)  # as it runs live
    assert turn.frame_diff == 2


def test_an_unlearned_turn_shifts_the_frames_officially() -> None:
    first = dialogue(([SILENT] * 2, []))
    rest = dialogue(([SILENT] * 3, SURE), ([SILENT, LOUD], SURE))
    labels = np.concatenate([np.full(len(first.labels), IGNORED), rest.labels])
    both = Dialogue(
        np.concatenate([first.ids, rest.ids]), labels, np.concatenate([first.logits, rest.logits])
    )
    asked: list[int] = []

    def note(position: int, first: int, count: int) -> np.ndarray:
        asked.append(first)
        return logits(*[LOUD] * count)

    live_figures(both, LAYOUT, note)
    fair_turns(both, LAYOUT, note, threshold=0.0)
    assert asked == [3, 5]  # the true one is 5: two frames of the first turn went by


def test_several_tokens_stand_for_a_frame() -> None:
    layout = Layout(frame=FRAME, eos=EOS, interval=COMMA, tokens_per_frame=2)
    ids = np.array([FRAME, FRAME, COMMA, FRAME, FRAME, B, EOS])
    labels = np.array([IGNORED, COMMA, IGNORED, IGNORED, SPEAK, A, IGNORED])
    rows = logits(SILENT, SILENT, SILENT, SILENT, LOUD, {A: 1.0}, {A: 1.0})
    figures = live_figures(Dialogue(ids, labels, rows), layout, never)
    assert figures == Figures(pytest.approx(1.0), 0, 1, 1)


def test_live1_takes_eos_for_silence() -> None:
    layout = Layout(frame=FRAME, eos=EOS)
    ids, labels = np.array([FRAME, FRAME, EOS]), np.array([EOS, A, IGNORED])
    rows = logits({EOS: 0.9, A: 0.1}, {A: 0.9, EOS: 0.1}, {A: 1.0})
    assert live_figures(Dialogue(ids, labels, rows), layout, never).frame_diff == 0


def test_nothing_to_learn() -> None:
    ids = np.array([FRAME, EOS])
    nothing = Dialogue(ids, np.full(2, IGNORED), logits(SILENT, SILENT))
    assert live_figures(nothing, LAYOUT, never) == Figures(1, 0, 1, 1)
    assert set(fair_figures([], fps=2).values()) == {None}


def test_published_units() -> None:
    means = published_means([Figures(2.0, 3.0, 0.5, 0.25), Figures(4.0, 1.0, 0.7, 0.75)], fps=2)
    assert means == {"LM-PPL": 3, "TimeDiff": 1, "Fluency": pytest.approx(60), "LM-Correctness": 50}


def test_tensors_are_taken_without_torch() -> None:
    class Tensor:  # what torch's tensors offer
        def __init__(self, values: np.ndarray) -> None:
            self.values = values

        def detach(self) -> "Tensor":
            return self

        def cpu(self) -> "Tensor":
            return self

        def is_floating_point(self) -> bool:
            return self.values.dtype.kind == "f"

        def float(self) -> "Tensor":
            return Tensor(self.values.astype(np.float32))

        def numpy(self) -> np.ndarray:
            return self.values

    plain = dialogue(([SILENT, LOUD], SURE))
    made = Dialogue(*[Tensor(as_array(v)) for v in (plain.ids, plain.labels, plain.logits)])
    assert live_figures(made, LAYOUT, never).fluency == 1


def test_remarks_are_paired_in_order_and_close() -> None:
    timing = match_remarks([1.0, 5.0, 6.0, 20.0], [1.5, 6.5, 12.0], within_s=2.0)
    assert timing.pairs == ((0, 0), (2, 1))
    assert timing.error_s == 0.5
    assert (timing.recall, timing.precision, timing.f1) == (2 / 3, 2 / 4, 4 / 7)


def test_as_many_pairs_as_can_be() -> None:
    # The closest pair alone (2.0 with 2.1) would leave 3.0 and 1.2 without one.
    assert match_remarks([2.0, 3.0], [1.2, 2.1], within_s=1.0).pairs == ((0, 0), (1, 1))


def test_no_remarks() -> None:
    nothing = match_remarks([], [1.0], within_s=1.0)
    assert (nothing.recall, nothing.precision, nothing.error_s) == (0, None, None)
