"""Recognises what only points at the last answer: "and before that?", "who said that?"."""

import re
from typing import Literal

Wants = Literal["", "before", "after", "who", "when", "again", "rest"]
END = " ?!.\uff1f\uff01\u3002"
SAY = r"(?:say|said|tell|told|talk|talking|speak|mention|ask)"
_HE = r"(?:he|she|they|someone|somebody|people)"
_HAPPENED = r"(?:what|who) (?:happened|was|was there|came|was said) (?:just |right )?"
_PATTERNS: tuple[tuple[Wants, str], ...] = (
    (
        "again",
        r"(?:(?:can|could|would|will) you )?(?:please )?(?:repeat|say) (?:that|it)(?: again)?"
        r"(?: please)?|say again|come again|pardon(?: me)?|what was that|sorry what|"
        r"excuse me what|what did you (?:just )?say|"
        r"请?再说一[遍次]|你(?:刚才?|刚刚)?说(?:了?什么|啥)",
    ),
    ("rest", r"(?:please )?(?:go on|continue|carry on|keep going)(?: please)?|请?(?:继续|接着说)"),
    (
        "before",
        rf"{_HAPPENED}before (?:that|this|it happened)|before (?:that|this)|"
        rf"what did {_HE} {SAY} (?:just |right )?before(?: that)?|"
        r"那?在?(?:这|那)?之前呢?|再之前呢?|之前(?:说|发生)了?什么",
    ),
    (
        "after",
        rf"{_HAPPENED}(?:after (?:that|this)|next|then)|after (?:that|this)|then|next|"
        rf"what then|what next|then what|"
        rf"what did {_HE} {SAY} (?:next|then|after(?:wards)?(?: that)?)|"
        r"那?(?:这|那)?(?:之后|然后|后来|接着)呢?|(?:之后|然后|后来)(?:说|发生)了?什么",
    ),
    (
        "who",
        r"who (?:said|was saying|says|told) (?:that|it|this|so)|who was (?:speaking|talking)|"
        r"(?:这|那)?是?谁(?:说|讲)的(?:这|那)?(?:句?话)?",
    ),
    (
        "when",
        r"when(?: was (?:that|it)(?: said| written| seen)?| did (?:that|it) happen|"
        rf" did {_HE} {SAY} (?:that|it|so|this))?|at what time(?: was (?:that|it))?|"
        r"(?:那|这)?是?在?(?:什么时候|几点|何时)(?:的|说的)?",
    ),
)
_WHOLE: tuple[tuple[Wants, re.Pattern[str]], ...] = tuple(
    (wants, re.compile(pattern)) for wants, pattern in _PATTERNS
)


def wants_of(text: str) -> Wants:
    """Return what a question wants to know about the last answer, "" when it is no such one."""
    low = re.sub("[,\uff0c]", "", text.lower().strip(END))
    for wants, pattern in _WHOLE:
        if pattern.fullmatch(low):
            return wants
    return ""
