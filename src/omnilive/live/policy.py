"""When the model speaks unasked: a decision at each frame, and which remarks are kept back.

`threshold` and `decay` are the published rule (arXiv 2406.11816): silence it is while the silence
token is the most likely one and has at least probability theta. `head` asks a second head on the
hidden state. `text` lets the model write at each frame and takes NO REPLY for silence.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from omnilive.core.config import Config

_REMEMBERED = 32  # replies that are compared with, at most


class PolicyConfig(Config):
    """How the decision to speak is made."""

    kind: Literal["threshold", "decay", "head", "text"] = "threshold"
    """Rule by which a frame is answered with silence or a remark."""

    theta: float = Field(default=0.725, ge=0.0, le=1.0)
    """Silence needs at least this probability; with `head`, speaking does."""

    decay: float = Field(default=0.00175, ge=0.0, le=1.0)
    """`decay`: what theta loses with each silent frame since the last reply."""

    lowest: float = Field(default=0.0, ge=0.0, le=1.0)
    """`decay`: theta does not fall below this."""

    no_reply: str = Field(default="NO REPLY", min_length=1)
    """`text`: what the model writes when there is nothing to say."""

    pause_s: float = Field(default=1.0, ge=0.0)
    """No remark sooner than this after the last reply (seconds of the stream)."""

    repeat_s: float = Field(default=10.0, ge=0.0)
    """A remark that says again what was said within these seconds is withheld."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the model gave at the last token of a frame."""

    t: float
    p_silent: float  # probability of the silence token
    is_best: bool  # no other token is more likely
    p_speak: float | None = None  # of the second head, where there is one


@dataclass(slots=True)
class PolicyState:
    """What a policy remembers of one stream."""

    silent: int = 0  # silent frames since the last reply
    quiet_until: float = float("-inf")
    said: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class Policy:
    """Decides for each frame, in order; holds no state of its own."""

    def __init__(self, config: PolicyConfig) -> None:
        self.config = config

    def init_state(self) -> PolicyState:
        """Return the state of a stream that has said nothing."""
        return PolicyState()

    def speaks(self, look: Look, state: PolicyState) -> bool:
        """Return whether the model speaks at this frame; a silent one is counted."""
        speaks = look.t >= state.quiet_until and self._wants(look, state)
        state.silent = 0 if speaks else state.silent + 1
        return speaks

    def theta(self, silent: int) -> float:
        """Return the threshold after so many silent frames."""
        config = self.config
        if config.kind != "decay":
            return config.theta
        return max(min(config.lowest, config.theta), config.theta - config.decay * silent)

    def ended(self, t: float, text: str, state: PolicyState) -> None:
        """Note a reply that was made, asked for or not, over at stream time `t`."""
        state.silent = 0
        state.quiet_until = t + self.config.pause_s
        state.said.append((t, _plain(text)))

    def withheld(self, t: float, state: PolicyState) -> None:
        """Note a remark that was kept back: thinking it again at once would cost as much again."""
        state.quiet_until = t + self.config.pause_s

    def is_kept_back(self, text: str, t: float, state: PolicyState) -> bool:
        """Return whether a finished remark is not to be made: empty, a repeat, or NO REPLY."""
        plain = _plain(text)
        return not plain or plain in self._unwanted(t, state)

    def may_be_kept_back(self, begun: str, t: float, state: PolicyState) -> bool:
        """Return whether a remark that begins like this may still turn out unwanted."""
        plain = _plain(begun)
        return any(other.startswith(plain) for other in ("", *self._unwanted(t, state)))

    def _wants(self, look: Look, state: PolicyState) -> bool:
        if self.config.kind == "text":
            return True
        if self.config.kind == "head":
            assert look.p_speak is not None
            return look.p_speak >= self.config.theta
        return look.p_silent < self.theta(state.silent) or not look.is_best

    def _unwanted(self, t: float, state: PolicyState) -> list[str]:
        recent = [text for at, text in state.said if t - at < self.config.repeat_s]
        return [_plain(self.config.no_reply), *recent] if self.config.kind == "text" else recent


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!")
