"""One English clause -> one condition: "a red car shows up", "someone says stop or wait"."""

import re
from dataclasses import dataclass
from typing import Any

from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.nouns import Noun, find_noun, labels_of, tag_of, unseen
from omnilive.dialogue.watches.outcome import Unread
from omnilive.dialogue.watches.rule import Object, Scene, Sound, Speech, Text
from omnilive.dialogue.watches.shield import Shielded

NOISE = ("speech", "singing", "music")
_AUX = (
    r"(?:is|are|was|were|be|been|being|has|have|had|gets?|got|just|also|ever|suddenly|then|there|"
)
_AUX += r"again|really|still|now|finally|comes? to|can be|could be|starts? to|begins? to|will|can)"
LEAVES = (
    r"(?:leaves?|leaving|left|disappears?|disappeared|disappearing|vanish(?:es|ed)?|gone|"
    r"go(?:es|ing)? (?:away|out|off|missing)|walk(?:s|ed|ing)? (?:out|away|off)|exits?|exited|"
    r"departs?|departed|(?:drives?|drove|driving|runs?|flies|flew|moves?|rides?) (?:off|away|out)|"
    r"missing|removed|taken|stolen|picked up|carried (?:off|away|out)|"
    r"no longer (?:there|visible|in view|seen))"
)
COMES = (
    r"(?:appears?|appeared|appearing|arrives?|arrived|arriving|enters?|entered|entering|"
    r"(?:comes?|came|coming|walk(?:s|ed|ing)?|driv(?:es?|ing)|drove|runs?|running|ran|goes|go|going|"
    r"flies|fly|flew|flying|rides?|steps?|gets?|rolls?|pulls?|moves?|moving|swims?|crawls?|jumps?|"
    r"strolls?|wanders?|sneaks?|passes|pass|passed|passing|is|are|steps|pops?|turn(?:s|ed|ing)?|"
    r"show(?:s|ed|ing)?)"
    r"(?: (?:in|into|inside|by|past|through|along|home|over|across|here|there|back|up|near|on|to|"
    r"around|close|nearby))*|"
    r"lands?|landed|sets? foot|cross(?:es|ed|ing)?|approach(?:es|ed|ing)?|visits?|returns?|"
    r"returned|seen|spotted|detected|"
    r"visible|noticed|found|recognised|around|present|in (?:view|sight|the picture|shot|frame)|"
    r"on (?:camera|screen|the picture|the camera)|into view|outside|inside)"
)
STAYS = (
    r"(?:stays?|stayed|staying|stands?|stood|standing|waits?|waited|waiting|sits?|sat|sitting|"
    r"lingers?|lingering|hangs? (?:around|about)|hanging (?:around|about)|loiters?|loitering|"
    r"remains?|remaining|stops?|stopped|halts?|idles?|idling|parks?|parked|parking|lies|lying|"
    r"left (?:behind|alone|unattended|there)|"
    r"keeps? (?:standing|staying|waiting))"
)
_SAYS = (
    r"(?:says?|said|saying|mention(?:s|ed|ing)?|calls?|called|calling|shouts?|shouted|shouting|yells?|yelled|"
    r"speaks?|spoke|spoken|utters?|uttered|names?|named|brings? up|asks? for|refers? to|"
    r"screams?|whispers?)"
)
_ABOUT = (
    r"(?:talk(?:s|ed|ing)? about|speaks? about|speaking about|discuss(?:es|ed|ing)?|chat(?:s|"
    r"ting)? about|"
    r"asks? about|asking about|turns? to|is about|are about|comes? to|complains? about|"
    r"argues? about)"
)
_SCREEN = (
    r"(?:screen|display|sign|scoreboard|board|banner|poster|title|headline|caption|subtitle|slide|"
    r"page|label|monitor|text|words?|letters?|message|note|notice|clock|counter|writing|document|"
    r"placard|plate|licen[cs]e plate|card|tv)s?"
)
_WRITTEN = (
    r"(?:text|words?|letters?|caption|subtitle|headline|title|message|writing|number|phrase)s?"
)
_SHOWS = r"(?:says?|shows?|reads?|displays?|contains?|changes? to|turns? to|is showing|has|with)"
_SOUND_WORDS = {
    "music": r"(?:music|a song|the song|songs?|a melody|the band|a tune)",
    "singing": r"(?:singing|sings?|sang|a choir)",
    "speech": r"(?:speech|talk(?:s|ing|ed)?|speak(?:s|ing)?|spoken|voices?|conversation|"
    r"chatting|chatter)",
}
_LANGUAGES = "english|german|french|spanish|italian|portuguese|russian|chinese|japanese|korean"
UNHEARD = (
    r"(?:(?P<sound>laugh(?:s|ing|ter|ed)?|cr(?:y|ies|ying|ied)|bark(?:s|ing|ed)?|meow(?:s|ing)?|"
    r"ring(?:s|ing)?|rang|beep(?:s|ing)?|scream(?:s|ing)?|cough(?:s|ing)?|sneez(?:es?|ing)|"
    r"snor(?:es?|ing)|clap(?:s|ping)?|applause|knock(?:s|ing)?|doorbell|bell|alarm|siren|sirens|"
    r"glass break(?:s|ing)?|breaking glass|gun ?shots?|shots?|explosion|thunder|footsteps|"
    r"whistl(?:es?|ing)|"
    r"honk(?:s|ing)?|horn|chirp(?:s|ing)?|howl(?:s|ing)?|buzz(?:es|ing)?|a bang|noise|sound)\b)"
)
_SCENE_CHANGE = (
    r"\b(?:scene|shot|camera angle|picture|camera|view|channel|image)s? (?:changes?|changed|"
    r"switch(?:es|ed)?|cuts?)"
    r"|\b(?:scene change|(?:a|hard) cut|new (?:scene|shot)|change of scene|cuts? to)\b"
)
_DARK = (
    r"\b(?:gets?|goes|turns?|becomes?|is) (?:\w+ )?(?:dark|black)\b(?!\s+\w*(?:cat|dog|car))|"
    r"\blights? (?:go(?:es)?|went|is|are|turns?|gets?) (?:\w+ )?(?:out|off)\b|\bpower (?:goes|"
    r"is) out\b"
)
_PRONOUNS = frozenset(
    """it that this he she they them him her we you i there here one something things thing so such
    happens happen happened occurs occur begins starts is are was be does do did the a an me my and
    or to of in on at for with any some again ready time please when if then about out up down off
    careful mind never ok okay hello hi hey thanks thank nothing""".split()
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition, and whether the words held a verb or a noun alone."""

    what: Any
    bare: bool = False
    notes: tuple[str, ...] = ()


def read_clause(text: str, shielded: Shielded, known: Known, expected: bool = True) -> Clause:
    """Read one clause without "and", "while" and the like. Raises Unread.

    `expected`: the sentence says that it is a watch, so that an unknown word is a thing not
    known, rather than nonsense.
    """
    text = text.strip(" ,.;!?")
    for reader in (_written, _scene, _said, _heard):
        if (found := reader(text, shielded, known)) is not None:
            return found
    _refuse_unheard(text, shielded, known)
    return _seen(text, shielded, known, expected)


def event_of(text: str) -> str:
    """Return "leaves", "present", "appears", or "" for words without a verb of that kind."""
    text = re.sub(
        r"\b(?:on|to|from|at|in) the left\b|\bleft (?:behind|for|un|al)", " ", text, flags=re.I
    )
    if re.search(rf"\b{LEAVES}\b", text, re.I):
        return "leaves"
    if re.search(rf"\b{STAYS}\b", text, re.I):
        return "present"
    return "appears" if re.search(rf"\b{COMES}\b", text, re.I) else ""


def _written(text: str, shielded: Shielded, known: Known) -> Clause | None:
    event = "leaves" if event_of(text) == "leaves" else "appears"
    if re.search(r"\b(?:no longer|not|stops?|stopped) (?:say|show|read|display)", text, re.I):
        event = "leaves"
        text = re.sub(r"\b(?:no longer|not any ?more|stops?|stopped) ", "", text, flags=re.I)
        text = re.sub(r"\bsaying\b", "says", text, flags=re.I)
    quotes = shielded.quoted(text)
    about_screen = re.search(rf"\b(?:{_SCREEN})\b", text, re.I)
    new = re.search(
        r"\b(?:page|slide)s? (?:turns?|is turned|changes?|flips?)|\b(?:new|next) (?:page|slide|"
        r"title|"
        r"caption|subtitle|text|headline)\b|\b(?:any|some|new) (?:text|writing|words|letters)\b|"
        r"\bturns? (?:a|the) page|\btext (?:appears|shows up|comes up|is visible)|"
        r"\bsomething (?:is )?written\b",
        text, re.I,
    )  # fmt: skip
    said = re.search(rf"\b(?:{_SAYS}|{_ABOUT}|heard|hear|listen(?:ing)? (?:for|to))\b", text, re.I)
    if (
        quotes
        and about_screen
        and not re.search(r"\b(?:spoken|said|mentioned|uttered|heard|hear|listen)\b", text, re.I)
    ):
        subject = re.search(rf"\b(?:{_SCREEN})\b.*?\b{_SHOWS}\b", text, re.I)
        if subject or not said:
            return _text(tuple(quotes), event, known)
    if quotes and not said and _heard(text, shielded, known) is None:
        seen = event_of(text) or re.search(r"\b(?:stays?|is|are|reads?|shows?|see)\b", text, re.I)
        if seen:
            return _text(tuple(quotes), event, known)
    shown = re.search(rf"\b{_SCREEN} (?:\w+ )?{_SHOWS} (?!up\b)(.+)$", text, re.I)
    if shown and not re.search(r"\b(?:goes|turns) (?:black|dark|off)", text, re.I):
        words = tuple(_alternatives(shielded.restore(_article(_tail(shown[1])))))
        if words and labels_of(words[0], known) == () and not _is_new(words[0]):
            return _text(words, event, known)
    written = re.search(
        rf"\b(?:the|a|an)? ?{_WRITTEN} ((?!appear|show|come|disappear|is|are|goes|on|of\b)\S+)",
        text,
        re.I,
    )
    if written and not said and not new and not quotes:
        return _text((shielded.restore(written[1]),), event, known)
    return _text((), event, known) if new and not said else None


def _is_new(word: str) -> bool:
    return bool(re.match(r"(?:any|some|new|something|text)\b", word, re.I))


def _text(words: tuple[str, ...], event: str, known: Known) -> Clause:
    if not known.text:
        raise Unread(
            "unseen",
            "Text is not read at the moment: reading is switched off (perception.text).",
        )
    return Clause(Text.model_validate({"contains": words, "event": event}))


def _said(text: str, shielded: Shielded, known: Known) -> Clause | None:
    if re.search(r"\b(?:my|her|his|our) name\b", text, re.I) and not shielded.quoted(text):
        raise Unread(
            "missing",
            "Which name is it?",
            'tell me when someone says "Anna"',
        )
    if match := re.search(rf"\b{_ABOUT} (.+)$", text, re.I):
        if re.search(r"\bto $", text[: match.start(1)]) and find_noun(text[: match.start()], known):
            return None  # "a person comes to the door" is no talk that comes to something
        if re.match(r"(?:black|dark|red|green)", match[1], re.I):
            return None
        _need_speech(known)
        return Clause(Speech(meaning=shielded.restore(_tail(match[1]))))
    quotes = tuple(shielded.quoted(text))
    passive = re.search(
        r"^(?:the )?(?:words? |name |phrase )?(.+?) (?:is|are|has been|gets|was|were) (?:\w+ )?"
        r"(?:said|mentioned|spoken|uttered|named|brought up|called)\b", text, re.I,
    )  # fmt: skip
    if passive:
        _need_speech(known)
        return Clause(Speech(any_of=quotes or (shielded.restore(_article(passive[1])),)))
    heard = quotes and re.search(r"\b(?:heard|hear|listen)\b", text, re.I)
    match = re.search(
        rf"\b(?:{_SAYS}|listen for|hear) (.+)$" if heard else rf"\b{_SAYS} (.+)$", text, re.I
    )
    if match is None and heard:
        _need_speech(known)
        return Clause(Speech(any_of=quotes))
    if match is None:
        return None
    _need_speech(known)
    if re.fullmatch(r"(?:anything|something|a word|some words)(?: at all)?", match[1], re.I):
        return Clause(Sound.model_validate({"names": ("speech",)}))
    if quotes:
        both = re.search(r"\bboth\b|Q\d+Q and (?:also )?Q\d+Q", match[1], re.I)
        return Clause(Speech(all_of=quotes) if both and len(quotes) > 1 else Speech(any_of=quotes))
    tail = _tail(re.sub(r"^(?:the (?:words?|name) |out |that |something about )", "", match[1]))
    _refuse_beside(tail)
    words = tuple(_alternatives(shielded.restore(_article(tail))))
    return Clause(Speech(any_of=words)) if words else None


def _refuse_beside(said: str) -> None:
    """Refuse what stands behind the words that are said, and is none of them."""
    if re.search(rf" in (?:{_LANGUAGES})$", said, re.I):
        raise Unread("unseen", "I do not watch for a language: name the words in that language.")
    if re.search(rf" and (?:then )?(?:{LEAVES}|{COMES})$", said, re.I):
        raise Unread(
            "unclear",
            "Is what follows “and” said as well? Put what is said into quotation marks.",
            'tell me when someone says "hello", then a person leaves',
        )


def _need_speech(known: Known) -> None:
    if not known.speech:
        raise Unread(
            "unseen",
            "Nobody is understood at the moment: speech recognition is off (perception.asr).",
        )


def _tail(text: str) -> str:
    """Leave out what often stands behind the words that matter."""
    text = re.sub(r"\byet\b", "", text)
    return re.sub(
        r"(?:,? (?:again|please|aloud|out loud|to (?:me|you|him|her|them)|in the (?:meeting|room|"
        r"talk|lecture|call)|during the \w+|at all))+$", "", text.strip(" ,.;!?"), flags=re.I,
    )  # fmt: skip


def _article(text: str) -> str:
    return re.sub(
        r"^(?:the (?:word|name|text|message|number) |the |an? |any |some )", "", text.strip()
    )


def _alternatives(text: str) -> list[str]:
    """Split "stop, wait or go" at its commas and "or"."""
    parts = re.split(r",? or (?:the |an? )?|, ", text)
    return [part.strip(" ,.;!?") for part in parts if part.strip(" ,.;!?")][:20]


def _heard(text: str, shielded: Shielded, known: Known) -> Clause | None:
    for name, words in _SOUND_WORDS.items():
        if not re.search(rf"\b{words}\b", text, re.I):
            continue
        if re.search(r"\b(?:about|to (?:me|you|each other))\b", text) and name != "speech":
            return None
        if name not in known.sounds:
            raise unseen(name, known, is_sound=True)
        ends = re.search(
            r"\b(?:stops?|stopped|ends?|ended|over|finish(?:es|ed)?|quits?|ceases?|pauses?|"
            r"fades? out|dies|(?:goes|is|turns|turned|gets turned) off|"
            r"fall(?:s)? silent)\b", text, re.I,
        )  # fmt: skip
        begins = re.search(
            r"\b(?:starts?|started|begins?|began|comes? on|sets? in|hear|heard)\b", text, re.I
        )
        lasting = re.search(
            r"\b(?:is|are|has been|have been|being|while|goes on|plays)\b", text, re.I
        )
        event = "leaves" if ends else "appears"
        bare = not (ends or begins or lasting)
        return Clause(Sound.model_validate({"names": (name,), "event": event}), bare=bare)
    return None


def _scene(text: str, shielded: Shielded, known: Known) -> Clause | None:
    if re.search(_SCENE_CHANGE, text, re.I) and not re.search(r"\b(?:to|into) Q\d", text):
        return Clause(Scene(change=True))
    if re.search(_DARK, text, re.I) and find_noun(_no_screen(text), known) is None:
        note = "Dark means here that the picture is mostly black."
        return Clause(Scene(colour="black"), notes=(note,))
    return None


def _no_screen(text: str) -> str:
    return re.sub(r"\b(?:screen|tv|monitor|display|laptop|room)\b", " ", text, flags=re.I)


def _refuse_unheard(text: str, shielded: Shielded, known: Known) -> None:
    match = re.search(rf"\b{UNHEARD}", text, re.I)
    if match and not re.search(r"\bbell (?:pepper|boy)|\bshots? (?:of|glass)", text, re.I):
        subject = re.sub(r"^(?:i |you |we )?(?:can )?hears? ", "", text, flags=re.I)
        raise unseen(f"“{shielded.restore(subject)}”", known, is_sound=True)
    if re.search(r"\b(?:i |you |we )?(?:hear|heard)\b", text, re.I):
        raise unseen(f"“{shielded.restore(text)}”", known, is_sound=True)


def _seen(text: str, shielded: Shielded, known: Known, expected: bool) -> Clause:
    taken = re.search(
        r"\b(?:takes?|took|steals?|stole|removes?|removed|picks? up|carries? (?:off|away)|"
        r"grabs?) (?:away )?"
        r"((?:the|my|your|an?|his|her|one|some) .+)$", text, re.I,
    )  # fmt: skip
    if taken and (noun := find_noun(taken[1], known)):
        return Clause(_with(noun.object(), event="leaves", position=_side(text)))
    noun = find_noun(text, known)
    if noun is None:
        return _picture(text, shielded, known, expected)
    event = event_of(text)
    notes = _refuse_action(text, noun, shielded, known, event)
    check = bool(notes)
    what = _with(noun.object(), event=event or "appears", position=_side(text))
    if event == "present":
        what = _with(what, event="appears")
    place = re.search(
        r"\b(?:at|in|into|on|onto|near|by|from|to|through|beside|next to|under|behind|in front of) "
        r"(?:the|my|our|a) (?!left|right|middle|cent|picture|view|screen|camera|frame|shot|same|"
        r"background|image)(\w+(?: \w+)?)", text[noun.end :], re.I,
    )  # fmt: skip
    if place and not check:
        notes = (
            f"I cannot tell where “{place[1]}” is: this counts anywhere in the picture. Point the "
            "camera there, or say left, right or middle.",
        )
    return Clause(what, bare=not event, notes=notes)


def _with(condition: Object, **changes: Any) -> Object:
    return Object.model_validate({**condition.model_dump(), **changes})


def _side(text: str) -> str:
    side = r"(left|right|middle|centre|center)\b"
    match = re.search(rf"\b(?:on|to|from|at|in) the {side}", text, re.I)
    if match is None:
        return ""
    if re.search(rf"\bor (?:(?:on|to|from|at|in) )?(?:the )?{side}", text[match.end() :], re.I):
        raise Unread("unclear", "I look at one side of the picture: make a watch for each.")
    return {"left": "left", "right": "right"}.get(match[1].lower(), "centre")


def _refuse_action(
    text: str, noun: Noun, shielded: Shielded, known: Known, event: str
) -> tuple[str, ...]:
    """Refuse what a thing does, where only that it is there can be perceived."""
    rest = text[noun.end :]
    if re.match(r" (?:shaped|like|coloured|case|park|seat|phone|number|food|house|wash)\b|-", rest):
        raise unseen(shielded.restore(text), known)
    if state := re.match(r" (?:is|are|gets?|turns?|goes) (?:on|off|open|closed|full|empty)$", rest):
        raise unseen(f"a {noun.phrase}", known, doing=shielded.restore(state[0].strip()))
    rest = re.sub(
        r"^ (?:in|with|wearing|who wears|dressed in)(?: an?| the)? \w+(?: \w+)?"
        r"(?: shirt| jacket| coat| dress| hat)?(?= |$)", "", rest,
    ) if noun.labels == ("person",) and noun.colour else rest  # fmt: skip
    if re.match(r"(?: is| are)? not \w+ing\b", rest):
        raise unseen(f"a {noun.phrase}", known, doing=shielded.restore(rest.strip(" ,.")))
    verb = re.match(rf"(?: {_AUX}\b)*+(?: \w+ly\b)? ([a-z]+)(?: (\w+))?", rest, re.I)
    if verb is None or re.match(
        rf"(?: {_AUX}\b)*+(?: \w+ly\b)? (?:{LEAVES}|{COMES}|{STAYS})\b(?! (?:green|red|black|on "
        rf"fire))",
        rest,
        re.I,
    ):
        return ()
    benign = r"(?:in|on|at|near|by|from|to|of|that|who|which|without|for|or|and|than|the|a|"
    benign += r"at|together|more|over|under|outside|one|two|passes|behind|beside|next|"
    benign += r"camera|view|sight|as|every|each|within|after|before|while|but|not|hasn|haven|any|"
    benign += r"close|back|home)"
    if re.fullmatch(benign, verb[1], re.I):
        return ()
    doing = shielded.restore(rest.strip(" ,."))
    if known.checks:
        shielded.acts.append(doing)
        return (f"Whether it “{doing}” is checked by the vision model at each candidate.",)
    raise unseen(f"a {' or '.join(noun.labels[:3])}", known, doing=doing)


def _picture(text: str, shielded: Shielded, known: Known, expected: bool) -> Clause:
    """Look for a name of the picture model; else say what is not known."""
    things = re.sub(
        r"^(?:i |you |we )?(?:can )?(?:see|spot|notice|detect|find|there is|there's|there "
        r"are) ", "",
        text, flags=re.I,
    )  # fmt: skip
    signs = re.findall(r"\b(?=\w*[A-Z])(?:[A-Z]{2,}\w*|[A-Z]*\d+[A-Z\d]*)\b", text)
    if signs and known.text and expected:
        words = tuple(shielded.restore(sign) for sign in signs)
        event = "leaves" if event_of(text) == "leaves" else "appears"
        note = "What is written in capitals is taken for text to be read."
        return Clause(Text.model_validate({"contains": words, "event": event}), notes=(note,))
    state = re.search(
        r"\b(?:is|are|gets?|left|turned|becomes?) (?:still |left |turned |being )?"
        r"(on|off|open|closed|shut|burning|running|ready|done|full|empty|lit|hot|cold|boiling|"
        r"on fire)$",
        text, re.I,
    )  # fmt: skip
    things = re.split(
        rf" (?:{_AUX}|{COMES}|{LEAVES}|{STAYS}|in (?:the|my)|on (?:the|my)|can|burns?|walks?)\b",
        things, maxsplit=1, flags=re.I,
    )[0]  # fmt: skip
    if state and tag_of(things, known):
        raise unseen(things, known, doing=shielded.restore(state[0]))
    if tag := tag_of(things, known):
        note = "This is noticed only when it fills much of the picture."
        event = "leaves" if event_of(text) == "leaves" else "appears"
        return Clause(Scene.model_validate({"tags": (tag,), "event": event}), notes=(note,))
    content = [w for w in re.findall(r"[a-z]+", text.lower()) if w not in _PRONOUNS]
    acting = re.fullmatch(r"((?:an? |the |my )?\w+(?: \w+)?) \w+(?:s|ing|ed)", things)
    if acting:
        things = acting[1]
    if expected and content:
        raise unseen(shielded.restore(_article(things)) or text, known)
    raise unclear(shielded.restore(text))


def unclear(text: str) -> Unread:
    """Return the reply that no watch was recognised."""
    said = f"I find nothing to watch for in “{text}”." if text else "There is nothing to watch for."
    return Unread(
        "unclear",
        f"{said} Say what is to be seen, read, heard or said, and when to tell you.",
        "tell me when a person comes in",
        'tell me when someone says "budget"',
        "warn me if nobody is in the room for 5 minutes",
    )
