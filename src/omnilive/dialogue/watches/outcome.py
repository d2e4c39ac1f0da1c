"""What comes of reading a sentence: a rule with remarks on it, or a question back."""

from dataclasses import dataclass, field
from typing import Literal

from omnilive.dialogue.watches.rule import Rule

Code = Literal[
    "unclear",  # no watch was recognised in it
    "unseen",  # nothing that is switched on perceives it
    "missing",  # understood, but for one thing that must be said
    "contradiction",
    "never",  # it could never fire
    "flood",  # it would fire without end
    "source",  # no source of this name
    "target",  # cannot be sent there
    "time",  # no such time
    "removal",  # no watch: one that is there is to go
    "narration",  # no watch: a running commentary, or the steps of a procedure
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A rule, in words, with what its owner should know about it."""

    rule: Rule
    readable: str
    notes: tuple[str, ...] = ()
    by: str = "rules"
    """Who read it: "rules", or the name of the language model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Why no watch was made of it, and what can be done."""

    code: Code
    text: str
    suggestions: tuple[str, ...] = field(default=())
    """Sentences that would be understood instead."""

    def __str__(self) -> str:
        tried = "; ".join(f"“{one}”" for one in self.suggestions)
        return f"{self.text} You could say: {tried}." if tried else self.text


class Unread(Exception):
    """Raised inside the parser to give up with a reply."""

    def __init__(self, code: Code, text: str, *suggestions: str) -> None:
        super().__init__(text)
        self.reply = Reply(code=code, text=text, suggestions=suggestions)
