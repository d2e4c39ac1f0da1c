"""A streaming dialogue as token ids and labels, for each of the three objectives.

Streaming EOS (arXiv 2406.11816, Eq. 5) is what LIVE proposes: one sequence of frames and text, in
which the last token of every silent frame is to be answered with silence, that of a frame at which
a reply is due with the reply's opening. Its two rivals there: interleaved dialogue learns the
replies alone; per-frame dialogue makes a turn of every frame, answered with nothing but the end of
sequence where nothing is to be said.

Shape legend: L tokens of the sequence, K tokens that figures are computed on, T frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from omnilive.live.template import Template
from omnilive_lab.live.grid import Message

Objective = Literal["streaming", "interleaved", "per-frame"]
OBJECTIVES: tuple[Objective, ...] = ("streaming", "interleaved", "per-frame")
IGNORED = -100


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What figures are computed on: the dialogue as the streaming layout has it.

    `at_K` says which row of the sequence's logits belongs to a token, whatever the layout.
    Frames in whose turn the user speaks first are not learned here: no reply was due.
    """

    ids_K: np.ndarray
    labels_K: np.ndarray
    at_K: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A dialogue laid out. Labels are shifted: `labels_L[i]` is what follows token i."""

    ids_L: np.ndarray
    labels_L: np.ndarray
    frames: int
    view: View

    def __len__(self) -> int:
        return len(self.ids_L)


class Layout:
    """Lays dialogues out for one objective. `tokens` are those of a frame (N)."""

    def __init__(self, template: Template, objective: Objective, tokens: int = 1) -> None:
        self.template, self.objective, self.tokens = template, objective, tokens

    @property
    def silence(self) -> int:
        """The token that a silent frame is answered with."""
        return self.template.eos if self.objective == "per-frame" else self.template.silence

    def lay(self, messages: Sequence[Message], max_frames: int | None = None) -> Laid:
        """Return the sequence; the dialogue is cut where `max_frames` would be exceeded."""
        rows = _Rows(self)
        rows.text(self.template.start())
        for message, after in zip(messages, [*messages[1:], None], strict=True):
            if message.role == "stream":
                room = None if max_frames is None else max_frames - rows.frames
                if not rows.stream(message, after, room):
                    break
            elif message.role == "user":
                rows.user(message.text, is_asked=after is not None and after.role == "assistant")
            else:
                rows.reply(message.text, learn=bool(message.learn))
        return rows.laid()

    def silent(self, count: int) -> tuple[list[int], list[int]]:
        """Return what follows a silent frame when `count` more go by in silence, as (ids, places).

        The places are where, in these ids, the decision of each frame is read.
        """
        rows = _Rows(self, is_open=self.objective != "per-frame")
        if self.objective == "per-frame":
            rows.text([self.template.eos])
        for _ in range(count):
            rows.frame(self.silence, learn=True, counts=True)
        ids, places = rows.ids, [at for _, _, at in rows.view[self.tokens - 1 :: self.tokens]]
        return (ids[:-1] if self.objective == "per-frame" else ids), places


class _Rows:
    """The tokens so far."""

    def __init__(self, layout: Layout, *, is_open: bool = False) -> None:
        self._objective, self._template = layout.objective, layout.template
        self._tokens, self._silence = layout.tokens, layout.silence
        self._is_open, self._is_prompted = is_open, False
        self.frames = 0
        self.ids: list[int] = []
        self.labels: list[int] = []
        self.view: list[tuple[int, int, int]] = []  # id, label, row of the logits

    def text(self, ids: Sequence[int]) -> None:
        """Add what is not learned."""
        self.ids += ids
        self.labels += [IGNORED] * len(ids)

    def stream(self, message: Message, after: Message | None, room: int | None) -> bool:
        """Add frames; return whether there was room for all of them."""
        count = message.num_frames if room is None else min(message.num_frames, room)
        speaks = after is not None and after.role == "assistant"
        counts = after is None or after.role != "user"
        taught = count if message.learn is True else int(message.learn)
        for i in range(count):
            is_due = speaks and i == message.num_frames - 1
            label = self._template.speak if is_due else self._silence
            self.frame(label, learn=i < taught, counts=counts, is_due=is_due)
        return count == message.num_frames

    def frame(self, label: int, *, learn: bool, counts: bool, is_due: bool = False) -> None:
        """Add a frame and what it is to be answered with; one that `counts` is in the view."""
        begins = not self._is_open or self._objective == "per-frame"
        self.text(self._template.open() if begins else self._template.interval)
        self.text([self._template.frame] * self._tokens)
        self.frames, self._is_open = self.frames + 1, True
        if self._objective == "per-frame":
            self._ask_of_frame(learn=learn, is_due=is_due)
        elif learn and self._objective == "streaming":
            self.labels[-1] = label
        at = len(self.ids) - (2 if self._objective == "per-frame" and not is_due else 1)
        blank = (self._template.frame, IGNORED, at)
        wanted = label if learn and counts else IGNORED
        self.view += [blank] * (self._tokens - 1) + [(self._template.frame, wanted, at)]

    def user(self, text: str, *, is_asked: bool) -> None:
        """Add what the user says."""
        make = self._template.ask if is_asked else self._template.instruct
        self.text(make(text, is_open=self._is_open))
        self._is_open, self._is_prompted = False, is_asked

    def reply(self, text: str, *, learn: bool) -> None:
        """Add what the assistant says, each token learned by the one before it."""
        if not self._is_prompted:
            self.text(self._template.prompt(is_open=self._is_open))
        first = len(self.ids) - 1
        self.text([*self._template.words(text), self._template.eos])
        for at in range(first, len(self.ids) - 1):
            self.labels[at] = self.ids[at + 1] if learn else IGNORED
            own = self._template.prompt(is_open=False)[-1] if at == first else self.ids[at]
            self.view.append((own, self.labels[at], at))
        self.view.append((self.ids[-1], IGNORED, len(self.ids) - 1))
        self._is_open = self._is_prompted = False

    def laid(self) -> Laid:
        """Return the arrays."""
        view = np.array(self.view, np.int64).reshape(-1, 3)
        return Laid(
            np.array(self.ids, np.int64), np.array(self.labels, np.int64), self.frames,
            View(view[:, 0].copy(), view[:, 1].copy(), view[:, 2].copy()),
        )  # fmt: skip

    def _ask_of_frame(self, *, learn: bool, is_due: bool) -> None:
        self.text(self._template.prompt(is_open=True))
        self._is_open, self._is_prompted = False, is_due
        if not is_due:
            self.labels[-1] = self._template.eos if learn else IGNORED
            self.text([self._template.eos])
