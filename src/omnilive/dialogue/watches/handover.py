"""Hands a watch to the live model: what no detector perceives, in the words of whoever asked."""

from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.outcome import Understood
from omnilive.dialogue.watches.parse import vet
from omnilive.dialogue.watches.rule import Caption, Rule, parts_of
from omnilive.memory.search.words import content_words

LEAST_WORDS = 2  # that carry meaning; a greeting is no watch
NOTE = (
    "no detector perceives this: the live model follows it in these words, its remarks are the "
    "alerts, and it cannot be tried on the past"
)


def handed_over(said: str, known: Known) -> Understood | None:
    """Return a watch that the live model follows in these words; None where it cannot."""
    text = " ".join(said.split())
    if not known.followed or len(content_words(text)) < LEAST_WORDS or len(text) > 500:
        return None
    read = vet(Rule(text=text, what=Caption(instruction=text)), known, (NOTE,))
    return read if isinstance(read, Understood) else None


def instructions_of(rule: Rule) -> set[str]:
    """Return what a rule tells the live model to look out for."""
    parts = (part for part, _ in parts_of(rule.what))
    return {part.instruction for part in parts if isinstance(part, Caption) and part.instruction}
