"""From the times of a dialogue to the frames of a video: frame k is what is seen at k / fps.

The rules are those of VideoLLM-online (arXiv 2406.11816, data/ of its code), with its holes mended:

1. An assistant's turn goes to the first frame that is not before its time (it cannot speak of what
   it has not seen); a user's to the last frame that is not after (what is asked is asked after it).
2. An assistant's turn at the very time of the user's turn before it is the answer: it stays on the
   user's frame, and no frame comes between.
3. Nothing goes back: a turn that would fall on an earlier frame than the turn before it goes to
   that turn's frame. What is due after the last frame is said at the last.
4. Of the assistant's turns on one frame the last replaces the earlier. An answer to a user is
   never replaced and never lost: what follows it on its frame is said one frame later.
5. A turn of the assistant that repeats the one before word for word is left out, unless a user
   spoke in between, or one of the two is not learned.

The original loses a turn of the assistant that falls on the frame of the turn before it at another
time (remarks at 5.2 and 5.6 s at one frame a second, or an answer 0.1 s after its question).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from omnilive_lab.live.dialogue import Learned, Sample, Turn


@dataclass(frozen=True, slots=True)
class Message:
    """Frames that pass, or something that is said, in the order in which a model sees them."""

    role: Literal["stream", "user", "assistant"]
    t: float  # seconds on the video's clock: of the last frame that was seen when it is over
    num_frames: int = 0  # of a stream message: at least 1
    text: str = ""
    learn: Learned = True  # frames: all, the first so many, or none; words: whether
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A turn on its frame, a number on the video's grid."""

    turn: Turn
    frame: int
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """All turns that stay, and how many did not."""

    placed: tuple[Placed, ...]
    replaced: int  # by a later turn on the same frame
    repeated: int  # word for word the one before


def ceil_frame(t: float, fps: float) -> int:
    """Return the first frame that is not before `t` seconds; 0.1 * 3 at 10 a second is frame 3."""
    return math.ceil(round(t * fps, 6))


def floor_frame(t: float, fps: float) -> int:
    """Return the last frame that is not after `t` seconds."""
    return math.floor(round(t * fps, 6))


def frame_range(sample: Sample, fps: float | None = None) -> range:
    """Return the numbers of the frames in a sample's stretch: at least one where it has a video.

    Frame k is at k / fps on the video's clock, so samples of one video share its frames.
    """
    if not sample.video:
        return range(0)
    fps = fps or sample.fps
    first = ceil_frame(sample.start_s, fps)
    return range(first, max(first + 1, ceil_frame(sample.end_s, fps)))


def frames(sample: Sample, fps: float | None = None) -> list[Message]:
    """Return the dialogue with the frames between its turns, all of `frame_range` in order.

    A user's message is followed by the assistant's where that is its answer.
    """
    fps = fps or sample.fps
    span = frame_range(sample, fps)
    messages, seen, wait = [], span.start, sample.wait
    for item in layout(sample, fps).placed:
        until = min(item.frame + 1, span.stop)  # without a video there is no frame
        messages += _passing(seen, until, _scaled(wait, fps / sample.fps), fps)
        seen, wait = until, item.turn.wait
        turn = item.turn
        t = item.frame / fps if span else turn.t
        messages.append(Message(turn.role, t, text=turn.text, learn=turn.learn, kind=turn.kind))
    return [*messages, *_passing(seen, span.stop, _scaled(wait, fps / sample.fps), fps)]


def layout(sample: Sample, fps: float | None = None) -> Layout:
    """Return each turn on its frame, by the rules above."""
    fps = fps or sample.fps
    span, kept, replaced = frame_range(sample, fps), [], 0
    for item in _placed(sample, fps, span):
        if kept and _same_frame(kept[-1], item):
            kept.pop()
            replaced += 1
        kept.append(item)
    said = _without_repeats(kept)
    return Layout(tuple(said), replaced, len(kept) - len(said))


def _placed(sample: Sample, fps: float, span: range) -> Iterator[Placed]:
    """Yield the turns by time on frames that never fall (rules 1 to 3, and 4 for answers)."""
    before: Placed | None = None
    for turn in sorted(sample.turns, key=lambda turn: turn.t):
        at = _frame(turn, before, fps)
        is_answer = turn.role == "assistant" and before is not None and before.turn.role == "user"
        if before is not None:
            at = max(at, before.frame)
            is_answer = is_answer and at == before.frame
            if turn.role == "assistant" and before.is_answer and at == before.frame:
                at += 1
        at = min(max(at, span.start), span.stop - 1) if span else 0
        before = Placed(turn, at, is_answer)
        yield before


def _frame(turn: Turn, before: Placed | None, fps: float) -> int:
    if turn.role == "user":
        return floor_frame(turn.t, fps)
    if before is not None and before.turn.role == "user" and before.turn.t == turn.t:
        return before.frame
    return ceil_frame(turn.t, fps)


def _same_frame(old: Placed, new: Placed) -> bool:
    """Whether the new turn replaces the old: rule 4."""
    roles = {old.turn.role, new.turn.role}
    return roles == {"assistant"} and old.frame == new.frame and not old.is_answer


def _without_repeats(items: list[Placed]) -> list[Placed]:
    kept: list[Placed] = []
    for item in items:
        if not (kept and _repeats(kept[-1].turn, item.turn)):
            kept.append(item)
    return kept


def _repeats(old: Turn, new: Turn) -> bool:
    """Whether the new turn is left out: rule 5."""
    is_same = old.role == new.role == "assistant" and old.text == new.text
    return is_same and old.learn and new.learn


def _scaled(wait: Learned, factor: float) -> Learned:
    """Return how many frames of this grid are as long as `wait` of the sample's own."""
    return wait if isinstance(wait, bool) else floor_frame(wait, factor)


def _passing(start: int, stop: int, wait: Learned, fps: float) -> list[Message]:
    """Return the frames from `start` to before `stop` as a message, if there are any."""
    count = stop - start
    if count <= 0:
        return []
    if not isinstance(wait, bool):
        wait = True if wait >= count else wait or False
    return [Message("stream", (stop - 1) / fps, num_frames=count, learn=wait)]
