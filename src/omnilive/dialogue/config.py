"""The settings of a conversation."""

from typing import Literal

from pydantic import Field

from omnilive.core.config import Config


class DialogueConfig(Config):
    """When the assistant answers, waits, and falls silent."""

    answer: Literal["always", "wake_word", "push_to_talk", "off"] = "always"
    """What is answered: always (questions and requests; a plain remark only when memory has
    something to say about it), after a wake word, only what is committed by hand (push to talk),
    or nothing spoken."""

    wake_words: tuple[str, ...] = ("omni",)
    """Words that address the assistant, matched by sound-alike spelling."""

    follow_up_s: float = Field(default=8.0, ge=0)
    """In wake word mode, no wake word is needed this long after the assistant spoke."""

    end_of_turn: Literal["smart-turn", "silence"] = "smart-turn"
    """Who judges that a turn is over: a model at each pause, or silence alone."""

    threshold: float = Field(default=0.5, gt=0, lt=1)
    """Probability from which a pause counts as the end of the turn."""

    min_pause_s: float = Field(default=0.2, ge=0.1, le=2)
    """Silence before the end of the turn is judged."""

    max_delay_s: float = Field(default=1.6, ge=0.2, le=10)
    """Silence after which a turn is over whatever the model thinks."""

    join_s: float = Field(default=1.0, ge=0, le=5)
    """Who goes on talking this soon after the turn was taken for over is still in that turn."""

    interrupt: bool = True
    """Whether speech interrupts the assistant."""

    decide_s: float = Field(default=1.2, ge=0.3, le=5)
    """Longest pause for speech in which no real word is understood: then it goes on."""

    backchannels: tuple[str, ...] = ()
    """More words that are no turn of their own, beside the built-in ones (mm-hm, okay, ...)."""

    quiet_s: float = Field(default=0.6, ge=0)
    """Silence before something is said unasked."""
