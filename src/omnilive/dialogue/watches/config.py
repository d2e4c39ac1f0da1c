"""The settings of standing watches."""

from typing import Literal

from pydantic import Field

from omnilive.core.config import Config


class WatchesConfig(Config):
    """How candidates of watches are checked, and how much of it there may be."""

    policy: str = "auto"
    """What checks the candidates of watches that ask for it: "rule" (nothing), "threshold",
    "two_head", "no_reply"; "auto" asks the language model when one is set up that may word
    answers freely, else "two_head"."""

    silence: float = Field(default=0.5, ge=0, le=1)
    """`threshold`: speak when the model's probability of silence is under this."""

    informative: float = Field(default=0.15, ge=0, le=1)
    """`two_head`: least informative score (how new this is) to speak."""

    relevance: float = Field(default=0.25, ge=0, le=1)
    """`two_head`: least relevance score (how near to what was asked for) to speak."""

    scorer: str = "likeness"
    """What gives `threshold` and `two_head` their scores."""

    timeout_s: float = Field(default=8.0, gt=0, le=120)
    """Longest time one check may take."""

    queue: int = Field(default=32, ge=1, le=1000)
    """Candidates that may wait; beyond that the least urgent, oldest one is decided unchecked."""

    unchecked: Literal["fire", "silent"] = "fire"
    """What becomes of a candidate whose check failed, timed out or found no room."""

    most: int = Field(default=500, ge=1)
    """Watches that one session may have."""
