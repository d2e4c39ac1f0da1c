"""Somebody makes a sound while the assistant speaks: was it an interruption? Pure logic."""

from collections.abc import Sequence
from typing import Literal

from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.gate import COMMANDS, called_by, is_backchannel, words_of

Kind = Literal["real", "echo", "backchannel"]
ECHO_SHARE = 0.7  # share of what was heard, in order, in what the assistant was saying
SURE = 0.6  # confidence from which one word alone counts as meant


def judge(heard: str, confidence: float, said: Sequence[str], extra: tuple[str, ...] = ()) -> Kind:
    """Judge what was understood while (or just after) the assistant said the words `said`.

    A lone word that the recogniser is not sure of is taken for noise, unless it is one with
    which people interrupt ("stop").
    """
    words = words_of(heard)
    if is_backchannel(heard, extra):
        return "backchannel"
    if is_echo(words, said):
        return "echo"
    if len(words) == 1 and words[0] not in COMMANDS and confidence < SURE:
        return "backchannel"
    return "real"


def is_meant(heard: str, config: DialogueConfig) -> bool:
    """Tell whether words that come while it speaks are for it: people also talk together."""
    if not config.interrupt or config.answer == "off":
        return False
    if config.answer != "wake_word" or called_by(heard, config.wake_words)[0]:
        return True
    words = words_of(heard)
    return 0 < len(words) <= 3 and words[0] in COMMANDS


def is_echo(heard: Sequence[str], said: Sequence[str]) -> bool:
    """Tell whether what was heard is, for the most part and in order, what was being said."""
    if not heard or not said:
        return False
    return _common(heard, said) >= ECHO_SHARE * len(heard)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest common subsequence; a word may be off by a letter."""
    row = [0] * (len(b) + 1)
    for x in a:
        last = 0
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], max(row[j], row[j - 1], last + 1 if _alike(x, y) else 0)
    return row[-1]


def _alike(x: str, y: str) -> bool:
    """Tell whether two words sound alike enough: equal, or the one is a cut-off other."""
    return x == y or (min(len(x), len(y)) >= 4 and (x.startswith(y) or y.startswith(x)))
