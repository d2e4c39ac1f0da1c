"""What no rule can hold, known by its words: refused before anything else is guessed.

A sentence with an exception, a date or a "don't" in it would otherwise be read as if that were
not there, and a watch that does the opposite would be stored.
"""

import re
from typing import NamedTuple

from omnilive.dialogue.watches.numbers import DURATION
from omnilive.dialogue.watches.outcome import Code, Unread

_TELL = (
    r"(?:tell|telling|alert|alerting|notify|notifying|warn|warning|inform|informing|remind|"
    r"reminding|let|ping|pinging|say|saying|watch|watching|count|counting|look|looking)"
)
_LOOSE = r"(?:please |kindly |hey,? |ok(?:ay)?,? |can you |could you |just )*"
_WORSE = (
    r"taller|shorter|bigger|smaller|larger|heavier|lighter|faster|slower|closer|nearer|older|"
    r"younger|wider|louder|quieter|brighter|darker|warmer|colder|hotter"
)
_ORDINAL = r"second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,3}(?:st|nd|rd|th)"
_CLOCK = r"(?:\d{1,2}(?::\d\d)? ?[ap]\.?m\b\.?|\d{1,2}:\d\d(?: ?h\b)?|\d{1,2} o'?clock)"


class Refused(NamedTuple):
    """Words that no rule can hold, and what is said instead."""

    pattern: str
    code: Code
    text: str
    suggestions: tuple[str, ...] = ()


NARRATION = Refused(
    rf"^{_LOOSE}(?:narrate|comment(?:ate)?(?: on)?|(?:give|start|begin|do) (?:me |us )?(?:an? )?"
    r"(?:running |live )?(?:commentary|narration)|describe (?:to me |for me )?(?:everything|"
    r"what(?:ever)? (?:i|you|he|she|we|they|is|happens?)\b)|keep (?:me|us) (?:posted|informed|"
    r"updated) (?:on|about) (?:what|everything)|tell me (?:what i(?:'m| am) doing|the next step)|"
    r"(?:guide|lead|walk|talk) me through)\b|"
    r"^(?:请|帮我|给我)*(?:解说|旁白|实况|描述一?下?(?:你|我|所有|画面|正在|发生))|(?:告诉|提示)我下一步",
    "narration",
    "This asks for a narration, which is no watch but a mode of its own: start it with `omnilive "
    "watch SOURCE --narrate commentary` (or steps, with --steps FILE), on a running session with "
    'PUT /v1/sessions/ID/narration {"mode": "commentary"}.',
)  # fmt: skip
_ENGLISH = (
    NARRATION,
    Refused(
        rf"^{_LOOSE}(?:(?:do not|don't|never|stop|quit|cease|no need to)(?: ever)? {_TELL}\b"
        r"(?! out)(?! (?:me |us )?(?:again|anything|twice|more)\b)|(?:cancel|delete|remove|"
        r"forget|pause|disable|turn off|switch off) (?:the |my |all |this |that )?(?:alerts?|"
        r"watch(?:es)?|reminders?|rules?|notifications?)\b)",
        "removal",
        "This takes a watch away, where only new ones are made: pause or remove it on the page, or "
        "with `omnilive watches pause` and `omnilive watches remove`.",
    ),
    Refused(
        r"\b(?:unless|except(?:ing)?|other than|apart from|aside from|excluding|but for|"
        r"(?:any|every)(?:one|body|thing) but)\b",
        "unclear",
        "I cannot keep exceptions (“unless”, “except”): say instead what is to be there, or not to "
        "be there, at the same time.",
        ("tell me when a person comes in while no dog is there",
         "tell me when a person comes in, from 8:00 to 20:00"),
    ),
    Refused(
        r"(?<!mentions )(?<!says )(?<!about )\b(?:tomorrow|yesterday|tonight|today|"
        r"(?:next|this|last) (?:week(?:end)?|month|year|mon|tues|wednes|thurs|fri|satur|sun|"
        r"morning|afternoon|evening|night)\w*|in (?:january|february|march|april|june|july|"
        r"august|september|october|november|december)|(?:on|until|till) (?:the )?\d{1,2}(?:st|"
        r"nd|rd|th))\b",
        "time",
        "I know hours and days of the week, and no dates: say “from 18:00 to 22:00” or “on "
        "mondays”, and pause or remove the watch when it is over.",
        ("tell me when a person comes in, from 18:00 to 22:00", "tell me when a dog appears, once"),
    ),
    Refused(
        rf"^{_LOOSE}(?:tell|let|inform)(?: me| us)?(?: know)? how (?:many|often)\b",
        "unclear",
        "I tell you when something happens: say at which number, or let me count.",
        ("tell me when there are more than three people", "count the people who come in"),
    ),
    Refused(
        rf"(?<!every )(?<!each )\b(?:{_ORDINAL}) (?:time|person|people|man|woman|car|"
        r"truck|bus|dog|cat|one)\b",
        "unclear",
        "I do not pick the second or third of something: say how many times it is to happen.",
        ("tell me when a person appears three times",),
    ),
    Refused(
        r"\bthe same (?:person|man|woman|guy|people|car|truck|van|dog|cat|one)\b",
        "unseen",
        "I do not recognise one thing among others of its kind when it comes again.",
        ("tell me when a person appears",),
    ),
    Refused(
        rf"\b(?:{_WORSE}) than\b",
        "unseen",
        "Sizes, distances and speeds are not measured: I see what comes, stays and leaves, "
        "where in the picture, in which colour, and how many there are.",
    ),
)  # fmt: skip
_CHINESE = (
    NARRATION,
    Refused(
        r"^(?:请|麻烦|帮我)*(?:不要|别|不用|停止|取消|不必)(?:再)?(?:告诉|提醒|通知|叫|警告|报告|监视|看)",
        "removal",
        "This takes a watch away, where only new ones are made: pause or remove it on the page, or "
        "with `omnilive watches pause` and `omnilive watches remove`.",
    ),
    Refused(
        r"除了|除非|除外|以外(?!面)",
        "unclear",
        "I cannot keep exceptions (除了, 除非): say instead what is to be there, or not to be "
        "there, at the same time.",
        ("有人但没有狗的时候告诉我",),
    ),
    Refused(
        r"没有?(?:停|站|坐|待着|等|动|走|离开)",
        "unseen",
        "Whether something does not stay, move or leave cannot be told: say what is there, or not "
        "there, and for how long.",
        ("有人停留超过十秒就告诉我",),
    ),
)  # fmt: skip
# What is left after the qualifiers were read: an hour of no span, a period of no digest.
_PERIOD = Refused(
    rf"\b(?:every|each) (?:single )?(?:{DURATION})",
    "unclear",
    "Every so often I can tell you one line about what happened; of a number I tell when it is "
    "reached.",
    ("every hour, one line about what happened", "tell me when five cars have passed in an hour"),
)
_HOUR = Refused(
    rf"\b(?:at|by|around|about) {_CLOCK}",
    "time",
    "One moment is no span of time: say from when to when.",
    ("tell me when a car comes, from 17:00 to 18:00",),
)


def refuse(text: str, *, is_chinese: bool) -> None:
    """Raise Unread for a sentence, quotations taken out, that no rule can hold."""
    for one in _CHINESE if is_chinese else _ENGLISH:
        _check(text, one)


def refuse_rest(text: str) -> None:
    """Raise Unread for words that the readers of qualifiers should have taken, and left."""
    _check(text, _HOUR)
    _check(text, _PERIOD)


def _check(text: str, one: Refused) -> None:
    if re.search(one.pattern, text, re.IGNORECASE):
        raise Unread(one.code, one.text, *one.suggestions)
