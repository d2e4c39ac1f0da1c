"""Recognises questions about the present picture. Pure logic.

"What am I holding?" names no time and means now: what is in view is the context.
"""

import re
from typing import Literal

Gaze = Literal["view", "held", "this", "read", "who", ""]
_HELD = re.compile(
    r"\bwhat(?:'s| is| do i have| have i got| am i (?:holding|carrying|showing))\b.*"
    r"\b(?:hands?|holding|carrying|showing)\b|\bwhat am i (?:holding|carrying|showing)\b|"
    r"\bwhat do i hold\b|手[里上中]|拿着|举着"
)
_READ = re.compile(
    r"^(?:(?:can|could|would) you )?(?:please )?read (?:this|that|it|the|what|aloud|out)\b|"
    r"\bwhat does (?:this|it) (?:\w+ )?say\b|\bwhat(?:'s| is) written\b(?! (?:when|before))|"
    r"\bread (?:this|that|it) (?:aloud|out|to me|for me)\b|"
    r"\bwhat does (?:this|that) (?:text|sign|label|page|card|screen) (?:say|read)\b|"
    r"^读|念一下|读一下|写着什么|写的是什么"
)
_THIS = re.compile(
    r"\bwhat(?:'s| is| are| am i looking at| kind of \w+ (?:is|are))\s*(?:this|these|that thing)\b|"
    r"\bwhat am i looking at\b|\bwhat colou?rs? (?:is|are) (?:this|these)\b|"
    r"\bdo you know what this is\b|\bidentify this\b|(?:这个?|这些)是(?:什么|啥)|这是(?:什么|啥)"
)
_VIEW = re.compile(
    r"\bwhat (?:do|can) you (?:currently )?see\b|"
    r"\bwhat(?:'s| is| are) (?:in front of (?:you|me|the camera)|in view|on (?:the )?"
    r"(?:screen|camera|picture)|in (?:the|this) (?:picture|image|photo|frame|view|room)|"
    r"here|around (?:me|here)|happening(?: (?:now|here|right now|at the moment))?[?.! ]*$)|"
    r"\bdescribe (?:the |this |what )?(?:scene|picture|image|photo|view|room|you see|it|this)?\b|"
    r"\blook at (?:this|me|that)\b|\bwhat do(?:es)? (?:it|this) look like\b|"
    r"(?:看到|看见|看得到)(?:了)?(?:什么|啥|哪些)|(?:画面|图片|照片|图)[里上中]?(?:有|是)(?:什么|啥)|"
    r"这里有(?:什么|啥)|描述一下"
)
_WHO = re.compile(
    r"\bwho(?:'s| is| are) (?:here|there|in (?:the|this) (?:room|picture|view|frame))\b|"
    r"\bis (?:anybody|anyone|somebody|someone) (?:here|there)\b|谁在(?:这|画面)"
)
_LOOKS: tuple[tuple[Gaze, re.Pattern[str]], ...] = (
    ("held", _HELD), ("read", _READ), ("this", _THIS), ("who", _WHO),
)  # fmt: skip
_HERE = re.compile(
    r"\b(?:now|right now|currently|at the moment|at present|here|this|these|still|just)\b|"
    r"^(?:is|are|am|do|does|can) (?!.*\b(?:was|were|did|ever|so far|yet|before|after)\b)|"
    r"\bwhat is\b|\bwhat are\b|\bwhat colou?r is\b|\bam i\b|\bdo i (?:have|look)\b|"
    r"现在|目前|这|刚"
)
_PAST = re.compile(
    r"\b(?:was|were|did|had|ago|earlier|yesterday|last|first|so far|ever|before|after)\b|"
    r"刚才|之前|以前|过|昨天"
)


def gaze(text: str) -> Gaze:
    """Return which look at the present picture a question wants, "" for none of these.

    "view": all that is to be seen; "held": what somebody holds up; "this": the thing shown;
    "read": the text; "who": the people.
    """
    low = " ".join(text.lower().replace("’", "'").split())
    if _tells_past(low):
        return ""
    for name, pattern in _LOOKS:
        if pattern.search(low):
            return name
    return "view" if _VIEW.search(low) else ""


def is_about_now(text: str) -> bool:
    """Tell whether the newest picture matters: then an answer waits for it to be looked at."""
    low = " ".join(text.lower().replace("’", "'").split())
    return bool(gaze(text)) or (bool(_HERE.search(low)) and not _tells_past(low)) or "just" in low


def is_about_text(text: str) -> bool:
    """Tell whether the text in the picture matters."""
    return gaze(text) == "read" or bool(
        re.search(r"\b(?:text|written|read|sign|label|title|says?|screen|page|card)\b|写|字", text)
    )


def _tells_past(low: str) -> bool:
    return bool(_PAST.search(low)) and not re.search(r"\b(?:right )?now\b|现在", low)
