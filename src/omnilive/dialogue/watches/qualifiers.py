"""What a sentence says beside what to look for: when, how often, where to, what to say.

Each reader below takes what it understands out of the text and leaves the rest.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.numbers import COUNT, DURATION, clock_minutes, hhmm, number, seconds
from omnilive.dialogue.watches.outcome import Unread
from omnilive.dialogue.watches.rule import Mqtt, Page, Schedule, Target, Voice, Webhook
from omnilive.dialogue.watches.shield import Shielded

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS, WEEKEND = (0, 1, 2, 3, 4), (5, 6)
PARTS_OF_DAY = {
    "night": ("22:00", "06:00"),
    "morning": ("06:00", "12:00"),
    "afternoon": ("12:00", "18:00"),
    "evening": ("18:00", "22:00"),
    "day": ("06:00", "22:00"),
}
SURE = 0.8
_TIME = (
    r"(?:\d{1,2}(?:[:.]\d\d)?(?: ?h\b)?(?: ?o'?clock)?(?: ?[ap]\.?m\b\.?)?|noon|midday|midnight)"
)
_DAY = rf"(?:{'|'.join(DAYS)})s?"
_NO_CHANNEL = re.compile(
    r"\b(e-?mail|sms|text message|whats ?app|telegram|slack|discord|teams|fax|phone me|"
    r"call my (?:phone|mobile)|text me)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Qualifiers:
    """Fields of the rule that were spoken of, and the text that is left."""

    text: str
    fields: dict[str, Any] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    each: bool = False  # "each time" was said
    aloud: bool = False
    every_s: float | None = None  # "every ten minutes, ..."

    def take(self, pattern: str, put: str = " ") -> re.Match[str] | None:
        """Take the first match of a pattern out of the text."""
        match = re.search(pattern, self.text, re.IGNORECASE)
        if match is not None:
            self.text = self.text[: match.start()] + put + self.text[match.end() :]
            self.text = " ".join(self.text.split())
        return match


def read_qualifiers(shielded: Shielded, known: Known) -> Qualifiers:
    """Read every qualifier of an English sentence; Unread for one that cannot be met."""
    found = Qualifiers(shielded.text)
    readers: tuple[Callable[[Qualifiers, Shielded, Known], None], ...] = (
        _note, _say, _where_to, _cooldown, _schedule, _every, _repeat, _sure, _urgency, _source,
    )  # fmt: skip
    for reader in readers:
        reader(found, shielded, known)
    finish_targets(found)
    return found


def finish_targets(found: Qualifiers) -> None:
    """Settle whom to tell: the page always, aloud unless another way was named."""
    quiet = found.fields.get("urgency") == "low"
    if found.targets or quiet:
        says = not quiet and (found.aloud or "say" in found.fields)
        voice = [Voice()] if says else []
        found.fields["to"] = (*voice, Page(), *found.targets)


def _note(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    match = found.take(
        r"(?:,| and)? ?(?:please )?\bnote (?:down )?((?:who|what|how many)\b[^,;.]*)"
    )
    if match:
        found.fields["note"] = shielded.restore(match[1].strip()).rstrip("?") + "?"


def _say(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    subject = r"(?<!they )(?<!people )(?<!you )(?<!we )(?<!i )(?<!to each other )(?<!kids )"
    said = rf"{subject}\b(?:and |then |please )*(?:say|announce|shout) (?:it )?Q(\d+)Q"
    match = found.take(said + r"(?: (?:aloud|out loud|loudly))?,?")
    if match:
        found.fields["say"] = shielded.quotes[int(match[1])]
    thing = (
        r"(?:the (?:new )?(?:title|text|headline|words|page|slide)s?|it|them|that|every new slide)"
    )
    thing = thing.replace("|every new slide)", "|every new slide|(?:any|all|every) (?:new )?text)")
    match = found.take(
        rf"(?:,| and)? ?\bread (?:out |aloud |out loud )?({thing})(?: (?:out|aloud|to me|out "
        rf"loud))*"
    )
    found.take(r"\bwhisper(?: it)?(?: to me)?(?= (?:when|if|as soon)|$)")
    if match:
        found.fields["say"] = "{text}"
        if re.match(r"every new|any |all |every ", match[1], re.IGNORECASE):
            found.text = f"{match[1]} {found.text}"
    if found.take(r"\b(?:aloud|out loud)\b"):
        found.aloud = True


def _where_to(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    if match := _NO_CHANNEL.search(found.text):
        raise no_channel(match[0])
    send = r"(?:(?:,| and)? ?(?:post|send|push|report|publish)"
    send += r"(?: it| this| them| that| an alert| alerts)? )?"
    while match := found.take(
        rf"(?:,| and)? ?{send}(?:(?:to|by|via|with|through|using) )?(?:the |a |my )?(?:webhook )?"
        r"(?:at |to |of )?U(\d+)U"
    ):
        found.targets.append(webhook(shielded.urls[int(match[1])]))
    bad = re.search(
        r"\b(?:post|send|push|webhook)(?: it| this)?(?: to)? (\S*(?:://|:/|www\.)\S*)", found.text
    )
    if bad:
        raise Unread("target", f"“{bad[1]}” is no address: it must begin with http:// or https://.")
    topic = r"([\w/$.-]+)"
    if match := found.take(
        rf"(?:,| and)? ?(?:publish|send|post)?(?: it| this)? ?(?:to|on|via|over|by) (?:the |an )?"
        rf"mqtt(?: topic)? {topic}|(?:,| and)? ?publish (?:it |this )?(?:to|on) (?:the )?topic "
        rf"{topic}"
    ):
        found.targets.append(Mqtt(topic=match[1] or match[2]))


def webhook(url: str) -> Webhook:
    """Return the target, if the address is one; Unread otherwise."""
    try:
        return Webhook(url=url)
    except ValueError as error:
        raise Unread("target", f"“{url}” is no address that can be posted to.") from error


def no_channel(name: str) -> Unread:
    """Return the refusal to send by a means that there is not."""
    return Unread(
        "target",
        f"Alerts cannot be sent by {name.lower()}: they are said aloud, shown on the page, posted "
        "to a webhook, published to an MQTT topic, or printed by the command. A webhook can pass "
        "them on to whatever you use.",
    )


def _cooldown(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    most = r"(?:at most|at maximum|no more(?: often)? than|not more(?: often)? than|max(?:imum)?|"
    most += r"never more(?: often)? than)"
    per = r"(?:every|per|an?|each|in(?: an?)?)"
    match = found.take(
        rf"[,;]?(?: but| and)? ?(?:tell me )?{most} (?:(?:once|one time|one alert|one) {per} |"
        rf"every )"
        rf"({DURATION})"
    ) or found.take(rf"[,;]?(?: but| and)? ?(?:only )?once {per} ({DURATION})(?: at most)?")
    match = match or found.take(
        rf"[,;]?(?: but| and)? ?(?:do not|don't) (?:tell|alert|warn|notify|bother|disturb) me "
        rf"(?:again )?(?:for|within|in)(?: the next)? ({DURATION})"
    )
    match = match or found.take(
        rf"[,;]?(?: and| with)?(?: then)? ?(?:an? )?cool-?down(?: of)? ({DURATION})"
    )
    if match:
        found.fields["cooldown_s"] = seconds(match[1])
        return
    match = found.take(
        rf"[,;]?(?: but| and)? ?{most} (?:(twice)|({COUNT}) times|({COUNT}) alerts) {per} "
        rf"({DURATION})"
    )
    if match:
        times = 2.0 if match[1] else number(match[2] or match[3])
        found.fields["cooldown_s"] = round(seconds(match[4]) / max(times, 1.0), 3)


def _schedule(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    days: set[int] | None = None
    span: tuple[str, str] | None = None
    if found.take(r"(?:only )?(?:in|during|within) (?:office|working|business|opening) hours"):
        days, span = set(WEEKDAYS), ("09:00", "17:00")
    days_span = found.take(
        rf",?(?: only)?(?: on| from)? ?\b({_DAY}) (?:to|through|until|till|-) ({_DAY})\b"
    )
    if days_span:
        first, last = _days(days_span[1])[0], _days(days_span[2])[0]
        days = {(first + i) % 7 for i in range((last - first) % 7 + 1)}
    while match := found.take(
        rf"[,;]?(?: and| but)? ?(?:only )?(?:on|at|during|every|each)? ?(?:the "
        rf")?(?:\b(work(?:ing )?days?|"
        rf"week ?days?)|"
        rf"(week-?ends?)|({_DAY}(?:(?:,| and|, and| or) {_DAY})*(?! (?:report|show|meeting))))\b"
    ):
        these = set(WEEKDAYS if match[1] else WEEKEND if match[2] else _days(match[3]))
        days = these if days is None else days & these
        if not days:
            raise Unread("contradiction", "There is no day that is all of these: name the days.")
    span = _span(found) or _part_of_day(found, is_day_named=days is not None) or span
    if days is not None or span is not None:
        start, end = span or ("00:00", "00:00")
        found.fields["when"] = Schedule(days=tuple(sorted(days or ())), start=start, end=end)


def _days(text: str) -> list[int]:
    return [i for i, day in enumerate(DAYS) if day in text.lower()]


def _span(found: Qualifiers) -> tuple[str, str] | None:
    match = found.take(
        rf",?(?: but)? ?\b(?:only )?(?:from|between) ({_TIME}) (?:to|and|until|till|-) "
        rf"({_TIME})(?! ?(?:%|cars?|people))"
    )
    if match:
        return _times(match[1], match[2])
    clock = r"\d{1,2}(?:[:.]\d\d(?: ?[ap]\.?m\.?)?| ?[ap]\.?m\.?)"
    match = found.take(rf",? ?\b(?:only )?({clock}) ?[-–] ?({clock})(?= |$|,)")
    if match:
        return _times(match[1], match[2])
    match = found.take(
        rf",? ?\b(?:only )?(after|before|from|until|till) ((?=\d+(?:[:.]\d\d| ?[ap]\.?m| "
        rf"?o'?clock| ?h\b)|noon|mid){_TIME})"
    )
    if match is None:
        return None
    if match[1].lower() in ("after", "from"):
        return _times(match[2], "midnight")
    return _times("midnight", match[2])


def _times(start: str, end: str) -> tuple[str, str]:
    later = end.lower().replace(".", "")[-2:]
    first, last = clock_minutes(start), clock_minutes(end)
    if first is not None and last is not None and later == "pm" and start.strip()[-1:] not in "mM":
        first = clock_minutes(start, "pm" if first < 720 and first + 720 < last else "")
    if first is None or last is None:
        wrong = start if first is None else end
        raise Unread("time", f"“{wrong}” is no time of the day: say “from 9:00 to 17:30”.")
    plain = start.isdigit() and end.isdigit()
    if plain and last <= first < 720 and last < 720:
        last += 720  # "nine to five"
    return hhmm(first), hhmm(last)


def _part_of_day(found: Qualifiers, *, is_day_named: bool) -> tuple[str, str] | None:
    # "every weekday morning": the day has been taken out already.
    before = r"(?:(?:at|in|during|by|over|every|each) (?:the )?)"
    match = found.take(
        rf"[,;]?(?: but)? ?\b(?:only )?{before}{'?' if is_day_named else ''}"
        r"(night|morning|afternoon|evening|day)(?:time)?s?\b,?"
    )
    return PARTS_OF_DAY[match[1].lower()] if match else None


def _every(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    about = r"(?:summar|digest|line|report|recap|update|what happen|what (?:you|is|has)|sum up)"
    if re.search(rf"\b(?:every|each|per) {DURATION}", found.text, re.IGNORECASE) and re.search(
        about, found.text, re.IGNORECASE
    ):
        match = found.take(rf"\b(?:every|each|per) ({DURATION})")
        found.every_s = seconds(match[1]) if match else None


def _repeat(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    once = [
        found.take(pattern)
        for pattern in (
            r"[,;]?(?: and| but)?(?: then)? ?\bstop after the first(?: one| time| alert)?",
            r"[,;]?(?: and)? ?\bthen (?:stop|forget (?:about )?it|you can stop)\b",
            r"[,;]?(?: but)? ?\b(?:just|only|exactly) (?:once|one time|the (?:first|next) time)\b",
            r"[,;]? ?\b(?:once|one time) only\b",
            r"\b(?:for )?the (?:first|next) time(?: that)?\b",
            r"[,;] once\.?$",
        )
    ]
    each = r"\b(?:each|every) time(?: that)?\b|\bwhenever\b|\beach and every\b"
    found.each = bool(found.take(each, put=" when "))
    if any(once):
        if found.each:
            raise Unread("contradiction", "“Each time” and “once” exclude each other: which is it?")
        found.fields["repeat"] = "once"


def _sure(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    you = r"(?:you are|you're|you feel|it is|it's)"
    match = found.take(
        rf"[,;]?(?: but)? ?(?:only )?\b(?:if|when|where) {you} (?:at least |more than |over )?"
        r"(\d{1,3}) ?(?:%|percent|per cent) (?:sure|certain|confident)(?: (?:of|about) it)?"
    )
    if match:
        share = int(match[1])
        if share > 100:
            raise Unread("never", f"Nobody is ever {share} % sure: 100 is the most.")
        found.fields["min_confidence"] = share / 100
    elif found.take(
        rf"[,;]?(?: but)? ?only (?:if|when) {you} (?:(?:very|really|quite|absolutely|completely) )?"
        r"(?:sure|certain)"
    ):
        found.fields["min_confidence"] = SURE
    if found.take(
        r"[,;]?(?: and| but)? ?(?:please )?(?:double-?check|make sure|check|verify)(?: it| that|"
        r" this)?"
        r"(?: first| before(?: you tell me| telling me)?)"
    ):
        found.fields["check"] = True


def _urgency(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    low = found.take(
        r"[,;]?(?: but)? ?\b(?:quietly|silently|discreetly|without (?:a sound|speaking|saying "
        r"it))\b"
    ) or found.take(r"[,;]?(?: but)? ?\b(?:do not|don't|never) (?:say|speak) (?:it|anything)?")
    high = found.take(
        r"[,;]?(?: and)? ?\b(?:this is )?(?:urgent(?:ly)?|immediately|right away|straight away|"
        r"asap|instantly|(?:it is an )?emergency|(?<=tell me )at once|(?<=alert me )at once)\b[:!]?"
    )
    if low and high:
        raise Unread("contradiction", "Quietly and urgently exclude each other: which is it?")
    if low or high:
        found.fields["urgency"] = "low" if low else "high"


def _source(found: Qualifiers, shielded: Shielded, known: Known) -> None:
    names = sorted(known.sources, key=len, reverse=True)
    for name in names:
        word = re.escape(name)
        if found.take(
            rf",?(?: only)? ?\b(?:on|at|in|from|by) (?:the )?(?:camera|source|stream|video)? "
            rf"?{word}"
            r"(?: (?:camera|cam|source|stream|video)\b|(?= ?(?:[,.;!?]|$|(?:when|if|as soon "
            r"as)\b)))"
        ):
            found.fields["where"] = (*found.fields.get("where", ()), name)
    match = re.search(
        r"\b(?:on|at|in|from|by) (?:the )?(?:(?:camera|source|stream) (?!is\b|has\b|when\b|"
        r"if\b)([\w.-]+)"
        r"|(?!my\b|any\b|the\b|this\b|a\b)([\w-]+) (?:camera|cam|source|stream)\b)",
        found.text,
        re.IGNORECASE,
    )
    if match:
        raise no_source(match[1] or match[2], known)


def no_source(name: str, known: Known) -> Unread:
    """Return the question which source is meant."""
    if not known.sources:
        have = "this session has no source yet: leave the camera out, or add it first"
    else:
        have = f"this session has {', '.join(known.sources)}"
    return Unread("source", f"There is no source “{name}”: {have}.")
