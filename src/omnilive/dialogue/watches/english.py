"""English words -> a condition: order, combination, how long, how many, absence."""

import re
from typing import Any

from omnilive.dialogue.watches.clause import (
    NOISE,
    STAYS,
    Clause,
    read_clause,
    unclear,
)
from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.leadins import spelled, strip
from omnilive.dialogue.watches.nouns import colour_of, find_noun, labels_of, unseen
from omnilive.dialogue.watches.numbers import COUNT, DURATION, number, seconds
from omnilive.dialogue.watches.outcome import Unread
from omnilive.dialogue.watches.rule import (
    Absent,
    All,
    Any_,
    Count,
    Lasts,
    Not,
    Object,
    Scene,
    Sequence,
    Sound,
    Speech,
    Text,
)  # fmt: skip
from omnilive.dialogue.watches.shield import Shielded

_FLOOD = (
    r"\b(?:every|each|at every|at each) (?:single )?(?:frame|picture|image|moment|percept)\b|"
    r"^(?:there (?:is|'s)|there's|you see|you notice|i see)? ?(?:anything|something|whatever|"
    r"everything)"
    r"(?: at all)?(?: (?:moves?|happens?|changes?|appears?|is there|is seen|new))*(?: at all)?$|"
    r"^(?:any|all) (?:changes?|movements?|motions?|objects?|things?)\b.{0,12}$|"
    r"\bno matter what\b|\ball the time\b"
)
_FEW = r"(?:fewer than|less than|under|below)"
_MOST = r"(?:no more than|not more than|at most|up to|max(?:imum)?(?: of)?|at the most)"
_LEAST = r"(?:at least|no fewer than|no less than|not less than|a minimum of|min(?:imum)?(?: of)?)"
_MANY = r"(?:more than|over|above)"
_EXACT = r"(?:exactly|precisely|just|only)"
_QUANTITY = re.compile(
    rf"\b(?:(?P<op>{_FEW}|{_MOST}|{_LEAST}|{_MANY}|{_EXACT}) )?(?P<n>{COUNT})"
    rf"(?P<or> or (?:more|fewer|less))?\b(?! ?(?:%|percent|times\b|seconds?|minutes?|hours?|"
    rf"days?))",
    re.IGNORECASE,
)
_TIMES = re.compile(
    rf"\b(?:(?P<op>{_LEAST}|{_MANY}) )?(?:(?P<n>{COUNT}) times|(?P<two>twice)|(?P<three>thrice))\b",
    re.IGNORECASE,
)
_SEEN = r"(?:there|present|in view|visible|here)"
_NOBODY = (
    r"\b(?:nobody|no ?-?one|no (?:person|people|human|man|woman)s?|"
    r"not (?:a single person|anyone|anybody))\b"
)


def read_english(text: str, shielded: Shielded, known: Known) -> Clause:
    """Read what to look for; the qualifiers have been taken out. Raises Unread."""
    rest, expected, counts = strip(_each_colour(spelled(text), known))
    if not re.search(r"[A-Za-z0-9]", rest):
        raise unclear("")
    if re.search(_FLOOD, rest, re.IGNORECASE):
        raise flood()
    if not expected and re.search(r"\?\s*$", text) and not counts:
        raise unclear(shielded.restore(text))
    if counts:
        clause = read_clause(rest, shielded, known, True)
        return Clause(Count(of=clause.what, n=1, scope="total", each=True), notes=clause.notes)
    return _order(rest, shielded, known, expected)


def _each_colour(text: str, known: Known) -> str:
    """Say the noun with each of its colours: "a red or blue car" as "a red car or blue car"."""

    def spread(match: re.Match[str]) -> str:
        first, second, noun = match.groups()
        is_thing = colour_of(first) and colour_of(second) and labels_of(noun, known)
        return f"{first} {noun} or {second} {noun}" if is_thing else match[0]

    return re.sub(r"\b(\w+) or (\w+) (\w+)\b", spread, text)


def flood() -> Unread:
    """Return the question for something narrower."""
    return Unread(
        "flood",
        "This would tell you something at every frame. Say what in particular, or how often at "
        "most.",
        "tell me when a person appears, at most once every 10 minutes",
        "every ten minutes, one line about what happened",
    )


def _order(text: str, shielded: Shielded, known: Known, expected: bool) -> Clause:
    """Split at "then", "after", "before", "followed by"."""
    within = r"(?:within|in less than|less than|no more than|at most|in under)"
    within += rf" (?:the next )?({DURATION})"
    for pattern, swapped in (
        (rf"^(?:first,? )?(.+?),? (?:and )?then,? {within},? (.+)$", False),
        (rf"^(?:first,? )?(.+?),? (?:and )?then,? (.+?)(?:,? {within})?$", False),
        (rf"^(.+?),? (?:is |are )?followed by (.+?)(?:,? {within})?$", False),
        (rf"^(.+?) {within} (?:after|of|from when|since) (.+)$", True),
        (rf"^(.+?) (?:no later than|up to|at most) ({DURATION}) after (.+)$", True),
        (rf"^(?:after|once) (.+?), (.+?)(?:,? {within})?$", False),
        (
            rf"^(.+?),? (?:right |shortly |soon )?after (?!every\b|each\b)(.+?)(?:,? {within})?$",
            True,
        ),
        (r"^(.+?),? (?:right |shortly )?before (.+)$", False),
    ):
        match = re.search(pattern, text, re.IGNORECASE)
        if match is None or re.fullmatch(rf"(?:at least |more than )?{DURATION}", match[1], re.I):
            continue
        parts = [part for part in match.groups() if part]
        if (
            re.fullmatch(
                rf"(?:about |around |more than )?{DURATION}(?: .*)?",
                match[len(match.groups())] or "",
                re.I,
            )
            and swapped
        ):
            continue  # "after half an hour" is no second happening
        limits = [part for part in parts if re.fullmatch(DURATION, part, re.IGNORECASE)]
        ends = [part for part in parts if part not in limits]
        if len(ends) < 2:
            continue
        first, then = (ends[1], ends[0]) if swapped else (ends[0], ends[1])
        inner = re.search(rf",? ?{within}$", first, re.IGNORECASE)
        if inner:
            first, limits = first[: inner.start()], [inner[1], *limits]
        a, b = _combine(first, shielded, known, True), _combine(then, shielded, known, True)
        within_s = seconds(limits[0]) if limits else None
        what = Sequence(first=a.what, then=b.what, within_s=within_s)
        return Clause(what, notes=a.notes + b.notes)
    return _combine(text, shielded, known, expected)


def _combine(text: str, shielded: Shielded, known: Known, expected: bool) -> Clause:
    """Split at "while", "without", "but no", "and", "or"."""
    for pattern in (
        r"^while (?P<b>.+?), (?P<a>.+)$",
        r"^(?P<a>.+?),? (?:while|whilst|as long as|at the same time as|with) (?P<b>.+)$",
        r"^(?P<a>.+?),? (?P<not>without) (?P<b>.+)$",
        rf"^(?P<a>.+?),? (?:but|yet|and) (?P<not>not|no) (?!{_SEEN}$)(?:an? |any |the )?(?P<b>.+)$",
        r"^(?P<a>.+?),? (?:but|yet) (?P<b>.+)$",
        r"^(?P<a>.+?),? and (?:also )?(?:if )?(?P<b>.+)$",
        r"^(?P<a>.+?),? or (?:if |when )?(?P<b>.+)$",
    ):
        match = re.search(pattern, text, re.IGNORECASE)
        if match is None:
            continue
        is_or, is_and = " or " in pattern, " and " in pattern
        try:
            found = _two(match["a"], match["b"], pattern, shielded, known)
        except Unread as error:
            # "and" and "or" may join words inside one clause: "says stop or wait".
            if not (is_or or is_and) or error.reply.code in ("contradiction", "source"):
                if " with " in text and "|with)" in pattern:
                    continue
                raise
            continue
        if found is not None:
            return found
    return _measured(text, shielded, known, expected)


def _two(a_text: str, b_text: str, pattern: str, shielded: Shielded, known: Known) -> Clause | None:
    if "|with)" in pattern and re.search(r"\bwith (?:an?|the) \w+(?: \w+)?$", f"with {b_text}"):
        raise Unread("unclear", "")
    if " or " in pattern:
        return _either(a_text, b_text, shielded, known)
    if re.fullmatch(rf"(?:is |are |it is )?not {_SEEN}", b_text, re.I):
        a = _combine(a_text, shielded, known, True)
        return Clause(All(of=(_level(a.what), Not(of=_level(a.what)))), notes=a.notes)
    if quantity := _both_quantities(a_text, b_text, shielded, known):
        return quantity
    b = _combine(b_text, shielded, known, "and" not in pattern)
    a = _combine(a_text, shielded, known, " and " not in pattern)
    if _is_inside_speech(a.what, b_text, shielded, known):
        return None
    notes = a.notes + b.notes
    second = _level(b.what)
    if a.bare and isinstance(second, Lasts) and " and " in pattern:
        # "a cat and a dog are there for ten seconds": both, for so long
        return Clause(
            Lasts(of=All(of=(_level(a.what), second.of)), for_s=second.for_s), notes=notes
        )
    if "<not>" in pattern:
        return Clause(All(of=(_level(a.what), Not(of=second))), notes=notes)
    if "while" in pattern and not a.bare:
        return Clause(All(of=(a.what, second)), notes=notes)
    return Clause(All(of=(_level(a.what), second)), notes=notes)


def _is_inside_speech(a: Any, b_text: str, shielded: Shielded, known: Known) -> bool:
    """Tell whether "and ..." goes on with the words that are said: "says fire and exit"."""
    return isinstance(a, Speech) and bool(re.fullmatch(r"(?:Q\d+Q|\w+)", b_text.strip()))


def _either(a_text: str, b_text: str, shielded: Shielded, known: Known) -> Clause | None:
    b = _measured(b_text, shielded, known, False)
    a = _combine(a_text, shielded, known, False)
    if _is_inside_speech(a.what, b_text, shielded, known):
        return None
    what_a, what_b = a.what, b.what
    if a.bare and isinstance(what_b, Lasts):  # "a truck or a bus stays for two minutes"
        either = Any_(of=(_level(what_a), what_b.of))
        return Clause(Lasts(of=either, for_s=what_b.for_s), notes=a.notes + b.notes)
    if isinstance(what_a, Object) and isinstance(what_b, Object):
        event = what_b.event if a.bare else what_a.event
        if a.bare or event == what_b.event:
            labels = (*what_a.labels, *(x for x in what_b.labels if x not in what_a.labels))
            if what_a.colour == what_b.colour and what_a.position in ("", what_b.position):
                what = {"labels": labels, "event": event, "colour": what_a.colour}
                whole = Object.model_validate({**what, "position": what_b.position})
                return Clause(whole, bare=a.bare and b.bare, notes=a.notes + b.notes)
            what_a = Object.model_validate({**what_a.model_dump(), "event": event})
    if (
        isinstance(what_a, Text)
        and isinstance(what_b, Text)
        and what_a.contains
        and what_b.contains
    ):
        if what_a.event == what_b.event:
            words = (*what_a.contains, *what_b.contains)
            return Clause(Text(contains=words, event=what_a.event), notes=a.notes + b.notes)
    parts = (*(what_a.of if isinstance(what_a, Any_) else (what_a,)), what_b)
    return Clause(Any_(of=parts), notes=a.notes + b.notes)


def _both_quantities(a: str, b: str, shielded: Shielded, known: Known) -> Clause | None:
    """Read "more than five and fewer than three cars": the noun stands once."""
    first = _QUANTITY.fullmatch(re.sub(r"^(?:there (?:are|is) )", "", a.strip()))
    second = _QUANTITY.search(b)
    if first is None or second is None or not first["op"]:
        return None
    right = _measured(b, shielded, known, True)
    if not isinstance(right.what, Count):
        return None
    op, n = _comparison(first)
    left = Count.model_validate({**right.what.model_dump(), "op": op, "n": n})
    return Clause(All(of=(left, right.what)), notes=right.notes)


def _level(condition: Any) -> Any:
    """Return the condition as something that is so for a while."""
    if isinstance(condition, Object | Text | Sound) and condition.event == "appears":
        return type(condition).model_validate({**condition.model_dump(), "event": "present"})
    if isinstance(condition, Scene) and not condition.change:
        return Scene.model_validate({**condition.model_dump(), "event": "present"})
    if isinstance(condition, All | Any_):
        return type(condition)(of=tuple(_level(part) for part in condition.of))
    return condition


def _measured(text: str, shielded: Shielded, known: Known, expected: bool) -> Clause:
    """Read absence, durations and numbers around one clause."""
    silence = re.search(r"\b(?:silent|silence|quiet|no sound|not a sound|noiseless)\b", text, re.I)
    length = re.search(
        rf",? ?\b(?:(?:for|lasting|after|in the (?:next|last|past)) )?(?:(?:longer than|more "
        rf"than|over|at least|(?:a )?full|the "
        rf"last|"
        rf"a total of|above|up to|about|around)(?: than)? )?({DURATION})(?: (?:or (?:more|longer)|"
        r"already|in a row|long|straight|without a break))?", text, re.I,
    )  # fmt: skip
    window = re.search(
        rf",? ?\b(?:within|in|during|inside)(?: the (?:last|space of))? (?:an? |one )?({DURATION})",
        text,
        re.I,
    )
    if silence and length:
        return Clause(Absent(of=_noise(known), for_s=seconds(length[1])))
    if silence:
        return Clause(Not(of=_noise(known)))
    if (gone := _absence(text, length, shielded, known)) is not None:
        return gone
    if (total := _total(text, window, shielded, known)) is not None:
        return total
    rest = text if length is None else text[: length.start()] + " " + text[length.end() :]
    rest = " ".join(rest.split())
    found = _number(rest, shielded, known, expected) or read_clause(rest, shielded, known, expected)
    if length is None:
        return found
    if isinstance(found.what, Object) and re.search(
        r"\b(?:is|are|was|been|gets) left\b", rest, re.I
    ):
        # "a bag is left for a minute": it stays.
        found = Clause(Object.model_validate({**found.what.model_dump(), "event": "present"}))
    what = _level(found.what)
    if what is found.what and not isinstance(what, Count):
        return (
            found if isinstance(what, Speech) else Clause(Lasts(of=what, for_s=seconds(length[1])))
        )
    return Clause(Lasts(of=what, for_s=seconds(length[1])), notes=found.notes)


def _noise(known: Known) -> Sound:
    names = tuple(name for name in NOISE if name in known.sounds)
    if not names:
        raise Unread("unseen", "Nothing is heard at the moment: perception.sounds is off.")
    return Sound(names=names, event="present")


def _absence(
    text: str, length: re.Match[str] | None, shielded: Shielded, known: Known
) -> Clause | None:
    empty = re.search(
        r"\b(?:room|house|place|office|kitchen|scene|shop|street|it|picture|hall|lobby) (?:is|"
        r"becomes?|gets?|has been|stands?|was) "
        r"(?:\w+ )?(?:empty|deserted|abandoned)\b|\b(?:everyone|everybody|all (?:the "
        r")?(?:people|guests|"
        r"visitors)|the last (?:person|one|guest|visitor)) (?:has |have |is )?(?:left|leaves?|gone|"
        r"goes|go|walks? out)\b", text, re.I,
    )  # fmt: skip
    nobody = re.search(_NOBODY, text, re.I)
    gone = length and re.search(r"(?:'s|has|have|is) (?:been )?(?:gone|away|missing)\b", text, re.I)
    if gone:
        text = text[: gone.start()] + " not" + text[gone.end() :]
    stays = re.search(
        rf"\b(?:does|do|did|is|are|has|have)(?:n't| not) (?:\w+ly )?(?:{STAYS}|moved?|moving)\b",
        text,
        re.I,
    )
    if stays:
        raise unseen("that", known, doing=shielded.restore(stays[0]))
    none = re.search(
        r"\bno (?!longer\b|more\b|fewer\b|less\b)(?=\w)|\b(?:hasn't|haven't|has not|have not|"
        r"isn't|is not|aren't|are not|"
        r"doesn't|does not|don't|do not|never|neither)\b|\bnot (?:seen|visible|in view|there)\b|"
        r"\bnone of\b|\bwithout any\b", text, re.I,
    )  # fmt: skip
    if not (empty or nobody or none or gone):
        return None
    rest = text if length is None else text.replace(length[0], " ")
    if empty:
        of: Any = Object(labels=labels_of("person", known) or ("person",), event="present")
        notes: tuple[str, ...] = ()
    else:
        rest = re.sub(_NOBODY, "somebody", rest, flags=re.I)
        rest = re.sub(r"(\w+)'s (?=been|gone)", r"\1 ", rest)
        rest = re.sub(
            r"\b(?:hasn't|haven't|has not|have not|isn't|is not|aren't|are not|doesn't|does not|"
            r"don't|"
            r"do not|never|not|no|none of)\b", " ", rest, flags=re.I,
        )  # fmt: skip
        rest = re.sub(
            r"\b(?:there (?:has been|have been|is|are|was|'s)|there's|been)\b",
            " ",
            rest,
            flags=re.I,
        )
        rest = re.sub(
            r"\b(?:left|any more|anymore|at all|in the room|around)\b", " ", rest, flags=re.I
        )
        clause = read_clause(" ".join(rest.split()), shielded, known)
        of, notes = _level(clause.what), clause.notes
    if length is not None:
        return Clause(Absent(of=of, for_s=seconds(length[1])), notes=notes)
    return Clause(Not(of=of), notes=notes)


def _total(
    text: str, window: re.Match[str] | None, shielded: Shielded, known: Known
) -> Clause | None:
    """Read "three times", "after every 10 cars", "five cars have passed within a minute"."""
    rest = text if window is None else text[: window.start()] + " " + text[window.end() :]
    window_s = seconds(window[1]) if window else None
    times = _TIMES.search(rest)
    if times:
        n = 2 if times["two"] else 3 if times["three"] else int(number(times["n"]))
        n += bool(times["op"] and re.match(_MANY, times["op"], re.I))
        clause = read_clause(rest[: times.start()] + rest[times.end() :], shielded, known)
        return Clause(
            Count(of=clause.what, n=n, scope="total", window_s=window_s), notes=clause.notes
        )
    every = re.search(
        rf"\b(?:after |at |for )?(?:every|each) ({COUNT})(?:st|nd|rd|th)? (?=\w)", rest, re.I
    )
    if every and (n := int(number(every[1]))) >= 1:
        clause = read_clause(rest[: every.start()] + rest[every.end() :], shielded, known)
        return Clause(Count(of=clause.what, n=n, scope="total", each=True), notes=clause.notes)
    quantity = _QUANTITY.search(rest)
    if quantity is None:
        return None
    passing = re.search(
        r"\b(?:have|has) (?:passed|come|gone|driven|walked|entered|left|appeared|arrived|"
        r"crossed|visited)\b|"
        r"\b(?:in total|in all|altogether|so far)\b", rest, re.I,
    )  # fmt: skip
    if window is None and passing is None:
        return None
    op, n = _comparison(quantity)
    clause = read_clause(rest[: quantity.start()] + rest[quantity.end() :], shielded, known)
    what = Count.model_validate(
        {"of": clause.what.model_dump(), "op": op, "n": n, "scope": "total", "window_s": window_s}
    )
    return Clause(what, notes=clause.notes)


def _number(text: str, shielded: Shielded, known: Known, expected: bool) -> Clause | None:
    """Read "more than three people"."""
    quantity = _QUANTITY.search(text)
    if quantity is None:
        return None
    noun = find_noun(text, known, quantity.end())
    between = text[quantity.end() : noun.start].strip() if noun else ""
    if noun is None or len(between.split()) > 2:
        return None
    if quantity["n"].lower() in ("one", "1") and not quantity["op"] and not quantity["or"]:
        return None
    rest = text[: quantity.start()] + text[quantity.end() :]
    clause = read_clause(re.sub(r"\b(?:at (?:once|the same time)|together|"
                                r"simultaneously)\b", " ", rest), shielded, known)  # fmt: skip
    if not isinstance(clause.what, Object):
        return None
    op, n = _comparison(quantity)
    of = _level(Object.model_validate({**clause.what.model_dump(), "event": "appears"}))
    if n < 0 or (op == "<=" and quantity["op"] and n == 0 and number(quantity["n"]) <= 0):
        raise Unread(
            "never", f"There are never {quantity[0].strip()} of anything: name another number."
        )
    return Clause(
        Count.model_validate({"of": of.model_dump(), "op": op, "n": n}), notes=clause.notes
    )


def _comparison(quantity: re.Match[str]) -> tuple[str, int]:
    n, op = int(number(quantity["n"])), quantity["op"] or ""
    if quantity["or"]:
        return (">=" if "more" in quantity["or"] else "<="), n
    if re.fullmatch(_FEW, op, re.I):
        return "<=", n - 1
    if re.fullmatch(_MOST, op, re.I):
        return "<=", n
    if re.fullmatch(_MANY, op, re.I):
        return ">=", n + 1
    return ("==" if op and re.fullmatch(_EXACT, op, re.I) else ">="), n
