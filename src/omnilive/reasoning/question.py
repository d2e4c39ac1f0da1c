"""Reads a question: what kind it is, what it is about, and which time it means. Pure logic."""

import re
from dataclasses import dataclass, field
from typing import Literal

from omnilive.memory.search.words import content_words, words
from omnilive.reasoning.lexicon import CHINESE, COLOURS, LANGUAGES, ORDINALS, labels_for

Intent = Literal[
    "when", "how_long", "how_many", "exists", "order", "colour", "said", "text", "what"
]
_LEAVE = re.compile(
    r"\b(leave|leaves|left|leaving|gone|go away|went away|goes away|disappear\w*|vanish\w*|"
    r"exit\w*|depart\w*|taken|take|took|removed?|put away|walk(ed)? (away|out)|end|ended|stop\w*|"
    r"over)\b|离开|消失|拿走|走了|结束"
)
_NOW = re.compile(
    r"\b(now|right now|currently|at the moment|at present|left|remaining|still)\b|现在|目前|还"
)
_TOTAL = re.compile(
    r"\b(so far|in total|in all|altogether|overall|ever|different|times|has|have|had|did|were|was)"
    r"\b|一共|总共|曾"
)
_TOGETHER = re.compile(r"\b(together|at the same time|at once|simultaneously|at any time)\b|同时")
_SAY = (
    r"(say|says|said|saying|tell|tells|told|talk|talks|talked|talking|speak|speaks|spoke|spoken|"
    r"speaking|mention\w*|call|calls|called|ask|asks|asked|explain\w*|announce\w*|claim\w*|"
    r"speech|speaker|speakers|conversation|dialogue|discuss\w*|according to)"
)
_SAID = re.compile(rf"\b{_SAY}\b|说|讲|提到")
_TEXT = re.compile(
    r"\b(text|written|write|writes|read|reads|sign|title|caption|card|label|printed|"
    r"headline|subtitle|banner|poster|name)\b|文字|写|标题|字"
)
_TEXT_SAYS = re.compile(
    r"\b(card|sign|screen|label|text|title|poster|board|slide|page|caption|banner|note)s?\b"
    r".*\b(say|says|said|read|reads)\b"
)
_WHERE = re.compile(r"(?:and |so )?where(?:'s| is| are| was| were| did| do| have)\b")
_LENGTH = re.compile(
    r"^(?:for )?how long\b(?! ago)|^how much time\b|"
    r"^what(?:'s| is| was) the (?:length|duration)\b|多久|多长时间|얼마나 오래"
)
_COMPARED = re.compile(  # "was the car there earlier than the bus, or later?"
    r"^(?:was|were|is|did|has|have) (.+?) (?:there |here |come |came |appear |seen |heard )*"
    r"(?:earlier|sooner|later|before|after)(?: than)? (.+?),? "
    r"or (?:earlier|sooner|later|after|before)"
)
_NEED = re.compile(  # asks for advice; whether a thing is in view is no answer to it
    r"(?:do|does|should|shall|can|could|may|must|will|would) (?:i|we|he|she|they)\b"
    r"(?! (?:see|hear|appear|come|look|have (?:a|an|any)\b))"
)
_OFTEN = re.compile(
    r"\bhow (?:often|many times)\b|\b(?:what|which) number of times\b|几次|多少次|多少回|몇 번"
)
_FILLER = frozenset(
    """see seen saw look looked looking show shown shows showed appear appears appeared appearing
    come comes came coming arrive arrives arrived arriving enter enters entered pass passes passed
    passing visible present picture video clip film scene screen camera view stream time times
    minute second seconds minutes start started begin began kind sort type whole
    first last third left right now moment
    currently far total different number count colour color many much long ever yet together
    play plays played playing
    happen happened happens there get got getting thing things shown according next
    earlier before after during while currently remaining walk walked away out into""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something a question is about, in the words of the question."""

    phrase: str
    nouns: tuple[str, ...]  # content words, the head last
    labels: tuple[str, ...]  # labels of the detector that the head may mean
    colour: str = ""
    modifiers: tuple[str, ...] = ()  # words that narrow the head and that no label holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, taken apart."""

    text: str
    intent: Intent
    chinese: bool
    targets: tuple[Target, ...]
    ordinal: int | None = None
    leaving: bool = False
    now: bool = False
    total: bool = False
    together: bool = False
    fewest: bool = False
    how_often: bool = False
    time_words: str = ""  # that say when, and are no part of `text` any more
    nth: int | None = None  # which of several times, when the question says so in as many words
    side: str = ""
    sides: bool = False  # compares the left one with the right one
    language: str = ""
    about_speech: bool = False
    about_text: bool = False
    relation: Literal["before", "after", ""] = ""
    terms: tuple[str, ...] = field(default=())

    @property
    def asks_where(self) -> bool:
        """Whether it asks for a place."""
        low = self.text.lower()
        return bool(_WHERE.match(low) or re.search(r"在哪|哪里|哪儿", low))


def parse(text: str, vocabulary: tuple[str, ...]) -> Question:
    """Take a question apart. `vocabulary` holds the labels that the detector knows."""
    low = " ".join(text.lower().split())
    chinese = bool(re.search(r"[\u4e00-\u9fff]", text))
    intent = _intent(low)
    compares_sides = bool(
        re.search(r"\bleft\b.*\bor\b.*\bright\b|\bright\b.*\bor\b.*\bleft\b", low)
    )
    alternatives = _alternatives(low) if intent == "order" and not compares_sides else [low]
    targets = tuple(
        target for phrase in alternatives if (target := _target(phrase, vocabulary)) is not None
    )
    is_now = bool(_NOW.search(low)) or bool(re.match(r"(is|are) there\b|what is\b|is anyb", low))
    present = bool(re.search(r"\b(is|are)\b", low)) and not re.search(r"\b(was|were|did)\b", low)
    total = bool(re.search(r"so far|in total|in all|altogether|overall|ever\b|一共|总共", low))
    return Question(
        text=text,
        intent=intent,
        chinese=chinese,
        targets=targets,
        ordinal=next((n for word, n in ORDINALS.items() if _has(low, word)), None),
        leaving=bool(_LEAVE.search(low)),
        now=(is_now or present) and not total,
        total=total or bool(_TOTAL.search(low)),
        together=bool(_TOGETHER.search(low)),
        how_often=bool(_OFTEN.search(low)),
        fewest=bool(re.search(r"\b(smallest|fewest|least|lowest|minimum)\b|最少", low)),
        side=next((side for side in ("left", "right") if _on_side(low, side)), ""),
        sides=compares_sides,
        language=next((code for name, code in LANGUAGES.items() if name in low), ""),
        about_speech=bool(_SAID.search(low)),
        about_text=bool(_TEXT.search(low)),
        relation="before" if _has(low, "before") else "after" if _has(low, "after") else "",
        terms=tuple(
            w for w in content_words(low) if w not in _FILLER and not re.fullmatch(_SAY, w)
        ),
    )


def _intent(low: str) -> Intent:
    if re.match(r"(when|at what time|what time|since when|how long ago)\b", low) or re.search(
        r"什么时候|何时|几点|哪一秒", low
    ):
        return "when"
    if _LENGTH.search(low):
        return "how_long"
    if re.search(r"\bhow (many|often)\b|\bnumber of\b|^count\b|多少|几[个辆只瓶次位名条]", low):
        return "how_many"
    if re.search(r"\bwhat colou?r\b|\bwhich colou?r\b|什么颜色|black and white", low):
        return "colour"
    if _is_order(low):
        return "order"
    if _NEED.match(low):
        return "what"
    if re.match(
        r"(did|was|were|is|are|has|have|had|does|do|can|could|any|was there|is there)\b", low
    ) or re.search(r"有没有|是否|吗[?？]?$", low):
        return "exists"
    if _TEXT_SAYS.search(low):
        return "text"
    if _SAID.search(low):
        return "said"
    if _TEXT.search(low):
        return "text"
    return "what"


def _is_order(low: str) -> bool:
    if re.search(r"\bbefore or after\b|\bafter or before\b", low) or _COMPARED.search(low):
        return True
    if re.search(r"和.+(哪|谁).*(先|后)", low):
        return True
    return bool(re.search(r"\bor\b|还是", low)) and bool(
        re.search(r"\b(first|earlier|before|later|after|last)\b|先|后", low)
    )


def _alternatives(low: str) -> list[str]:
    """Return the two things that an order question compares."""
    match = re.search(r"^did (.*?) (before or after|after or before) (.*)$", low)
    if match:
        return [match[1], match[3]]
    if compared := _COMPARED.search(low):
        return [compared[1], compared[2]]
    match = re.search(r"^(.+?)和(.+?)(?:哪|谁|是)", low)
    if match:
        return [match[1], match[2]]
    match = re.search(
        r"(?:first|earlier|last|later|before|after)\b[^,:]*[,:]\s*(.*?)\s+or\s+(.*)$", low
    )
    if match is None:
        match = re.search(r"(\S+(?: \S+){0,3}?)\s+or\s+(.*)$", low)
    if match:
        return [
            match[1],
            re.sub(r"\b(come|came|appear\w*|was|is)?\s*(first|earlier|last)\b.*", "", match[2]),
        ]
    return [low]


def _target(phrase: str, vocabulary: tuple[str, ...]) -> Target | None:
    for name, label in sorted(CHINESE.items(), key=lambda item: -len(item[0])):
        if name in phrase:
            return Target(phrase=name, nouns=(label,), labels=labels_for(label, vocabulary))
    colour = next((w for w in words(phrase) if w in COLOURS), "")
    known = [w for w in words(phrase) if w not in _FILLER and labels_for(w, vocabulary)]
    content = [w for w in content_words(phrase) if w not in _FILLER and w not in ORDINALS]
    content = [w for w in content if w not in COLOURS and not _is_verb(w)]
    if not known and not content and not colour:
        return None
    head = known[0] if known else (content[-1] if content else "")
    at = phrase.find(head)
    before = phrase[:at].split()[-1:] if head else []
    modifiers = tuple(w for w in before if w in content and w not in known)
    return Target(
        phrase=" ".join(filter(None, [colour, *modifiers, head])),
        nouns=tuple(content),
        labels=labels_for(head, vocabulary) if known else (),
        colour={"gray": "grey", "silver": "grey"}.get(colour, colour),
        modifiers=modifiers,
    )


def _is_verb(word: str) -> bool:
    return bool(re.fullmatch(_SAY, word)) or bool(_LEAVE.fullmatch(word))


def _has(low: str, word: str) -> bool:
    return bool(re.search(rf"\b{word}\b", low)) if word.isascii() else word in low


def _on_side(low: str, side: str) -> bool:
    return bool(re.search(rf"\b(on|to|at|from) the {side}\b|\bthe {side} (one|side|hand)\b", low))
