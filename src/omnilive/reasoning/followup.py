"""Makes questions whole that lean on the dialogue: "and what was next to it?". Pure logic.

Words such as "it", "she", "那个" are replaced by what the last questions were about; what only
points at the last answer ("and before that?", "who said that?") is named in `wants`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from omnilive.memory.dialogue import Exchange
from omnilive.memory.search.words import words
from omnilive.reasoning.lexicon import CHINESE, COLOURS, ORDINALS, labels_for, plural
from omnilive.reasoning.present import gaze
from omnilive.reasoning.question import Target, parse
from omnilive.reasoning.wants import END, SAY, Wants, wants_of

_LEAD = re.compile(
    r"^(?:(?:and|so|okay|ok|well|but|then|also|alright|right|thanks|thank you|hm+|uh|um|oh)\b"
    r"[,.]?\s+)+"
    r"|^(?:那么?|然后|还有|那)[,\uff0c]?(?=[^个只辆条位边里之时天后])", re.I,
)  # fmt: skip
_INSTEAD = re.compile(
    r"^(?:what|how) about (?P<a>.+)$|^and (?P<b>(?:the|a|an|any|in) .+|[a-z]+s)$|"
    r"^(?:那么?)?(?P<c>[^,\uff0c?]{1,8}?)呢$"
)
_DULL = (  # "it" that stands for nothing
    r"rain\w*|snow\w*|time|day|night|dark|light|cold|warm|hot|sunny|late|early|morning|evening|"
    r"possible|true|right|wrong|okay|ok|quiet|loud|noisy|windy|cloudy|daytime|weekend|like outside"
)
_EXPLETIVE = re.compile(
    rf"\b(?:is|was|does|did|will)\s+it\s+(?:going to\s+)?(?:\w+\s+)?(?:{_DULL})\b|time is it|"
    rf"\bit(?:'s| is| was| will be)\s+(?:\w+\s+)?(?:{_DULL})\b"
)
_YOURS = re.compile(
    r"\b(?:did|have|do) (?:you|i) (?:just )?(?:say|said|ask|asked|tell|told|answer)\b"
)
_THING = re.compile(r"\b(?:it|that|that one)\b(?!'s)", re.I)
_PERSON = re.compile(r"\b(?:he|she|him|her|they|them)\b", re.I)
_OWNER = re.compile(r"\b(its|his|her|their)\b(?=\s+[a-z])", re.I)
_MANY = re.compile(r"\b(?:they|them|those)\b", re.I)
_ONE = re.compile(rf"\b({'|'.join([*sorted(COLOURS), *(o for o in ORDINALS if o.isascii())])}) "
                  r"(ones?)\b", re.I)  # fmt: skip
_BESIDE = re.compile(
    r"\b(?:before|after|next to|beside|behind|under|above|near|by|with|than|in front of|on|in|"
    r"left of|right of|about|to|like|of) (?:it|that|her|him|them)\b"
    r"(?!\s+(?!left|came|come|was|were|is|went|appeared|arrived|disappeared|began|ended)\w)"
)
_CHINESE_THING = re.compile(r"它们?|那[个只辆条]?(?=是|在|有|什么|旁|后|前|上|下)")
_CHINESE_PERSON = re.compile(r"[他她]们?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Followup:
    """A question made whole; or what it `wants` to know about an earlier answer."""

    text: str
    wants: Wants = ""
    about: Exchange | None = None


@dataclass(frozen=True, slots=True)
class _Topic:
    """What an exchange was about."""

    name: str  # as it is put into a question: "the red car", "Anna", "狗"
    head: str  # "car"
    is_person: bool
    is_many: bool = False


def resolve(text: str, past: Sequence[Exchange], vocabulary: tuple[str, ...]) -> Followup:
    """Return what a question means after these exchanges, oldest first.

    A question without words that refer to them is returned as it is.
    """
    whole: list[Exchange] = []
    for exchange in past:
        means = _resolved(exchange.question, whole, vocabulary).text
        whole.append(_with_question(exchange, means))
    found = _resolved(text, whole, vocabulary)
    if found.about is None:
        return found
    return Followup(text=found.text, wants=found.wants, about=past[whole.index(found.about)])


def _with_question(exchange: Exchange, question: str) -> Exchange:
    return Exchange(
        t=exchange.t, question=question, text=exchange.text, full_text=exchange.full_text,
        evidence=exchange.evidence, spoken=exchange.spoken, interrupted=exchange.interrupted,
    )  # fmt: skip


def _resolved(text: str, past: Sequence[Exchange], vocabulary: tuple[str, ...]) -> Followup:
    if not past or not text.strip():
        return Followup(text=text)
    stripped = " ".join(text.replace("’", "'").split()).strip(END)
    bare = _LEAD.sub("", stripped)
    if (wants := wants_of(stripped) or wants_of(bare)) and (about := _pointed_at(wants, past)):
        return Followup(text=text, wants=wants, about=about)
    if (instead := _instead(stripped, past, vocabulary)) is not None:
        return Followup(text=instead)
    if gaze(text):
        return Followup(text=text)
    replaced = _replaced(bare, past, vocabulary)
    return Followup(text=text if replaced == bare else f"{replaced}?")


def _pointed_at(wants: Wants, past: Sequence[Exchange]) -> Exchange | None:
    if wants in ("again", "rest"):
        return past[-1]
    return next((e for e in reversed(past) if e.evidence), None)


# the last question again, about something else


def _instead(text: str, past: Sequence[Exchange], vocabulary: tuple[str, ...]) -> str | None:
    low = text.lower()
    last = past[-1].question.strip(END)
    if re.fullmatch(r"(?:and )?(?:right )?now|(?:那)?现在呢", low):
        return f"{last} now?" if last.isascii() else f"现在{last}?"
    match = _INSTEAD.match(low)
    if match is None:
        return None
    new = next(group for group in match.groups() if group)
    question = parse(past[-1].question, vocabulary)
    target = question.targets[0] if question.targets else None
    if target is None:
        return None
    if match["c"] is not None:
        if target.phrase not in last:
            return None
        if new.endswith("的"):  # another of the kind: "蓝色的呢?"
            kind = rf"[\u4e00-\u9fff]+的(?={target.phrase})|(?={target.phrase})"
            return re.sub(kind, new, last, count=1) + "?"
        return last.replace(target.phrase, new) + "?"
    new_words = words(new)
    if not parse(new, vocabulary).targets and not set(new_words) & ({"one"} | set(ORDINALS)):
        return None
    return _with_target(last, target, new)


def _with_target(last: str, target: Target, new: str) -> str | None:
    """Put another thing in the place of the one that the last question named."""
    head = _head(target)
    new = re.sub(r"^(?:the|a|an|any) ", "", new)
    new = re.sub(r"\bones?\b", head, new)
    at = re.search(rf"(?:[\w'-]+ )?\b{re.escape(head)}\b", last, re.I)
    if at is None:
        return None
    old = at[0] if _narrows(at[0].split()[0]) else head
    return f"{re.sub(re.escape(old), lambda _: new, last, count=1, flags=re.I)}?"


def _narrows(word: str) -> bool:
    return word.lower() in COLOURS or word.lower() in ORDINALS


def _head(target: Target) -> str:
    return target.phrase.split()[-1]


# what words stand for


def _replaced(text: str, past: Sequence[Exchange], vocabulary: tuple[str, ...]) -> str:
    low = text.lower()
    if re.search(r"[\u4e00-\u9fff]", text):
        return _replaced_chinese(text, past, vocabulary)
    if match := _ONE.search(text):
        if any(t.labels for t in parse(low[: match.start()], vocabulary).targets):
            return text  # "the car next to the silver one"
        if topic := _topic(past, vocabulary, person=None):
            head = plural(topic.head, 2) if match[2].lower() == "ones" else topic.head
            return text[: match.start(2)] + head + text[match.end(2) :]
        return text
    if _EXPLETIVE.search(low) or _YOURS.search(low) or _stands_alone(text, vocabulary):
        return text
    is_said = bool(re.search(rf"\b{SAY}\b", low))
    for pattern, person in ((_OWNER, None), (_THING, False), (_PERSON, True), (_MANY, None)):
        match = _last_reference(pattern, text, is_said)
        if match is None:
            continue
        person = _kind(match[0].lower(), person)
        topic = _topic(past, vocabulary, person=person)
        if topic is None:
            continue
        name = topic.name + ("'s" if pattern is _OWNER else "")
        if is_said and pattern is _THING:
            name = name.removeprefix("the ")
        return text[: match.start()] + name + text[match.end() :]
    return text


def _kind(word: str, person: bool | None) -> bool | None:
    """Return whether a word means a person (True), a thing (False) or either (None)."""
    if word in ("its",):
        return False
    if word in ("his", "her", "he", "she", "him"):
        return True
    return None if word in ("they", "them", "those", "their") else person


def _last_reference(pattern: re.Pattern[str], text: str, is_said: bool) -> re.Match[str] | None:
    """Return the place of a word that refers to something, None for none.

    Who speaks is not known: of "what did he say about it?", only "it" is looked up.
    """
    low = text.lower()
    if pattern in (_PERSON, _MANY) and is_said:
        return None
    for match in pattern.finditer(text):
        after = low[match.end() :].strip()
        if match[0].lower().startswith("that") and (
            re.match(r"\w", after) and not re.match(r"(?:still|there|then|before|again)\b", after)
        ):
            continue  # "that he was late", "that sign"
        if low[: match.start()].strip() in ("what is", "what's", "what are") and not after:
            continue  # it is being pointed at
        return match
    return None


def _stands_alone(text: str, vocabulary: tuple[str, ...]) -> bool:
    """Tell whether the words that could refer mean something in the question itself."""
    low = text.lower()
    if _BESIDE.search(low) and not re.search(r"\bthat (?:he|she|it|they)\b", low):
        return False
    match = re.search(r"\b(?:it|that|he|she|they|him|her|his|its|their|them|those)\b", low)
    if match is None:
        return True
    before = parse(re.sub(r"^how \w+ (?=\w+ $)", "", low[: match.start()]), vocabulary).targets
    return any(t.labels or t.phrase.split()[-1] not in _QUALITIES for t in before)


_QUALITIES = frozenset("colour color mood size shape hand name side job language".split())


def _replaced_chinese(text: str, past: Sequence[Exchange], vocabulary: tuple[str, ...]) -> str:
    for pattern, person in ((_CHINESE_THING, False), (_CHINESE_PERSON, True)):
        match = pattern.search(text)
        if match is None or match[0] == text or text.startswith("其"):
            continue
        if any(name in text[: match.start()] for name in CHINESE):
            continue
        if topic := _topic(past, vocabulary, person=person):
            return text[: match.start()] + topic.name + text[match.end() :]
    return text


_ANYBODY = frozenset("somebody someone anybody anyone nobody everybody everyone thing".split())


def _topic(
    past: Sequence[Exchange], vocabulary: tuple[str, ...], *, person: bool | None
) -> _Topic | None:
    """Return what was talked about last, a person or a thing as wanted."""
    for exchange in reversed(past):
        topic = _topic_of(exchange, vocabulary)
        if topic is not None and person in (None, topic.is_person):
            return topic
    return None


def _topic_of(exchange: Exchange, vocabulary: tuple[str, ...]) -> _Topic | None:
    question = exchange.question
    things = [e for e in exchange.evidence if e.kind == "object"]
    asks_what = bool(re.match(r"(?:and )?(?:what|which|who)\b(?! colou?r)", question.lower()))
    asks_what = asks_what or bool(re.search(r"什么东西|有什么|有谁", question))
    if things and (gaze(question) or (asks_what and _names_place(question))):
        return _seen(things[0].text, vocabulary)
    if name := _proper_name(question):
        return _Topic(name, name, is_person=True)
    target = next(iter(parse(question, vocabulary).targets), None)
    if target is None or target.phrase in ("", target.colour) or _head(target) in _ANYBODY:
        return _seen(things[0].text, vocabulary) if things else None
    if any("\u4e00" <= c <= "\u9fff" for c in target.phrase):
        return _Topic(target.phrase, target.phrase, is_person=target.labels == ("person",))
    return _named(question, target)


def _named(question: str, target: Target) -> _Topic:
    """Return the thing as the question calls it: "train to Oslo", "red car"."""
    head = _head(target)
    phrase = target.phrase
    if not target.labels and len(target.nouns) > 1:
        low = question.lower()
        first, last = low.find(target.nouns[0]), low.rfind(target.nouns[-1])
        if 0 <= first < last:
            phrase = question[first : last + len(target.nouns[-1])]
    elif target.labels and (match := re.search(
        rf"\b{re.escape(head)} (?:to|of|for|from) [\w' -]+?(?=[?.,!]|$)", question, re.I
    )):  # fmt: skip
        phrase = phrase.removesuffix(head) + match[0]
    is_person = target.labels == ("person",)
    return _Topic(f"the {phrase}", head, is_person, is_many=head.endswith("s"))


def _names_place(question: str) -> bool:
    """Tell whether a question names where something is, and asks what: "what is on the table?"."""
    return bool(re.search(r"\b(?:on|in|under|behind|beside|next to|near|at) (?:the|a|my)\b|"
                          r"上|里|旁", question.lower()))  # fmt: skip


def _seen(text: str, vocabulary: tuple[str, ...]) -> _Topic:
    if text.startswith("person"):
        return _Topic(f"the {text}", "person", is_person=True)
    head = text.split()[-1] if text else text
    head = head if labels_for(head, vocabulary) else text
    return _Topic(f"the {text}", head, is_person=False)


def _proper_name(question: str) -> str:
    """Return a name that begins with a capital inside a question about somebody."""
    match = re.search(
        r"\b(?:[Ii]s|[Ww]as|[Dd]id|[Dd]oes|[Hh]as|are|were|about|of|to|with) ([A-Z][a-z]+)\b",
        question,
    )
    if match is None or re.match(r"(?:what|which) (?:did|was|is)", question.lower()):
        return ""
    return match[1]
