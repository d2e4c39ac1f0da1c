"""The plan of a search: which words mean a time, which time that was, and what is looked for.

"What did he say about the boiler on Tuesday afternoon?" looks for the boiler, on that afternoon.
Pure logic: the clock of the session, and what time it is now, are handed in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from omnilive.core.errors import ConfigError
from omnilive.memory.search.words import content_words
from omnilive.memory.search.words import words as read_words
from omnilive.memory.spans import Span, merged
from omnilive.memory.timewords import Hours, TimeWords, read_time_words, without
from omnilive.memory.wall import WallClock

Relation = Literal["before", "after", "during", ""]
LOOK_BACK_DAYS = 7  # how far a time of day that names no day may lie back
WHOLE_DAY = Hours(0, 1440)
SHORT_S = 6 * 3600.0  # in a stream of this length "1:30" may be the minute and second of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A question without its words of time, and what they mean.

    `within` are the spans of session time that are meant, None for all of it. `order` picks one
    of several: 0 the first, -1 the last. `anchor` names something that happened, `relation` says
    on which side of it to look. `words` are the words of time, for telling them again.
    """

    text: str
    within: tuple[Span, ...] | None = None
    order: int | None = None
    relation: Relation = ""
    anchor: str = ""
    words: str = ""

    @property
    def is_limited(self) -> bool:
        """Whether only a part of the past is meant."""
        return self.within is not None or bool(self.anchor)


def plan(question: str, clock: WallClock, t: float, now_s: float | None = None) -> Plan:
    """Return the plan for a question that is asked when all up to session time `t` is known.

    `now_s` is the present in session time, which may be long after `t`: "yesterday" and "an hour
    ago" are counted from it.
    """
    now_s = t if now_s is None else now_s
    first, relation, anchor = _relation(question)
    words = read_time_words(first)
    text = without(first, words.found) if words.found else first
    if not words.found and not relation:
        return Plan(text=question)
    if not read_words(text):  # "yesterday?" is no question without its only word
        text = first
    said = " ".join(first[a:b].strip() for a, b in sorted(words.found))
    within = _spans(words, clock, t, now_s) if words.limits else None
    return Plan(
        text=text, within=within, order=words.order, relation=relation, anchor=anchor, words=said
    )


def times_meant(
    words: str, clock: WallClock, t: float, now_wall_s: float | None = None
) -> tuple[Span, ...]:
    """Return the spans of session time that words such as "yesterday at two" mean.

    ConfigError when there is no time in them.
    """
    now_s = t if now_wall_s is None else max(t, clock.session_time(now_wall_s))
    within = plan(words, clock, t, now_s).within
    if within is None:
        raise ConfigError(
            f"no time in {words!r}: write it as 'yesterday', 'on Tuesday afternoon', "
            "'between 2 and 3 pm' or 'in the last hour'"
        )
    return within


def before_or_after(relation: Relation, anchor: Span, t: float) -> Span:
    """Return where to look, seen from something that happened."""
    if relation == "before":
        return Span(-1e12, anchor.start_s)
    if relation == "after":
        return Span(anchor.end_s, t)
    return Span(anchor.start_s - 2.0, anchor.end_s + 2.0)


# when it was


def _spans(words: TimeWords, clock: WallClock, t: float, now_s: float) -> tuple[Span, ...]:
    found: list[Span] = []
    for first_s, last_s in words.ago:
        found.append(Span(now_s - first_s, now_s - last_s))
    days = _days(words, clock, now_s)
    if days or words.parts or words.clocks:
        found = _both(found, _on_days(days, words, clock, t, now_s))
    if words.stream:
        inside = [Span(a, b) for a, b in words.stream if a <= t]
        found = _either(found, inside, t)
    return tuple(merged(found))


def _both(one: list[Span], two: list[Span]) -> list[Span]:
    if not one:
        return two
    shared = [Span(max(a.start_s, b.start_s), min(a.end_s, b.end_s)) for a in one for b in two]
    return [span for span in shared if span.start_s < span.end_s] or one + two


def _either(clocks: list[Span], stream: list[Span], t: float) -> list[Span]:
    """Return what a time such as "1:30" means: on the wall, or in the stream itself."""
    possible = [span for span in clocks if span.end_s > 0 and span.start_s <= t]
    if possible and t > SHORT_S:
        return possible
    return possible + stream if possible or stream else clocks


def _days(words: TimeWords, clock: WallClock, now_s: float) -> list[tuple[date, date]]:
    """Return the stretches of days that are named, first and last day each."""
    today = clock.local(now_s).date()
    found: list[tuple[date, date]] = []
    for first, last in words.days:
        found.append((today - timedelta(days=first), today - timedelta(days=last)))
    for weekday, is_last in words.weekdays:
        back = (today.weekday() - weekday) % 7
        back = 7 if not back and is_last else back
        day = today - timedelta(days=back)
        found.append((day, day))
    for weeks in words.weeks:
        monday = today - timedelta(days=today.weekday() + 7 * weeks)
        found.append((monday, monday + timedelta(days=6)))
    for year, month, day in words.dates:
        if (named := _latest_date(year, month, day, today)) is not None:
            found.append((named, named))
    return found


def _latest_date(year: int, month: int, day: int, today: date) -> date | None:
    for candidate in (year,) if year else (today.year, today.year - 1):
        try:
            named = date(candidate, month, day)
        except ValueError:
            continue
        if year or named <= today:
            return named
    return None


def _on_days(
    days: Sequence[tuple[date, date]], words: TimeWords, clock: WallClock, t: float, now_s: float
) -> list[Span]:
    hours = _hours(words)
    if days:
        return [
            span
            for first, last in days
            for n in range((last - first).days + 1)
            for span in _of_day(first + timedelta(days=n), hours, clock)
        ] if hours != [WHOLE_DAY] else [
            span for first, last in days
            for span in clock.times(clock.at(first, 0), clock.at(last + timedelta(days=1), 0))
        ]  # fmt: skip
    today = clock.local(now_s).date()
    spans: list[Span] = []
    for back in range(LOOK_BACK_DAYS):  # the latest day on which it can have been
        spans = _of_day(today - timedelta(days=back), hours, clock)
        # A time on the clock that is still to come today was yesterday's.
        spans = [
            s for s in spans if (_middle(s) if words.clocks else s.start_s) < t and s.end_s > 0
        ]
        if spans:
            break
    return spans


def _middle(span: Span) -> float:
    return (span.start_s + span.end_s) / 2


def _hours(words: TimeWords) -> list[Hours]:
    """Return the stretches of a day that are meant: the times on the clock, in the part named."""
    if not words.clocks:
        return words.parts or [WHOLE_DAY]
    if not words.parts:
        return words.clocks
    fitting = [
        clock
        for clock in words.clocks
        if any(part.start - 60 <= (clock.start + clock.end) / 2 <= part.end for part in words.parts)
    ]
    return fitting or words.clocks


def _of_day(day: date, hours: Sequence[Hours], clock: WallClock) -> list[Span]:
    return [
        span
        for start, end in hours
        for span in clock.times(clock.at(day, start), clock.at(day, end, late=True))
    ]


# before and after what

_WHERE = r"(?P<how>before|after|while|during|when|as soon as|until|since)"
_JUST = r"(?:just |right |shortly |immediately |directly |soon )?"
_LEADING = re.compile(rf"^{_JUST}{_WHERE} (?!(?:did|was|were|is|are|does|do|has|had|will|can)\b)"
                      r"(?P<anchor>[^,]+), *(?P<rest>.+)$", re.I)  # fmt: skip
_TRAILING = re.compile(
    rf"^(?P<rest>.+?) {_JUST}(?P<how>before|after|while|during) (?P<anchor>[^?]+?)[?.! ]*$", re.I
)
_CHINESE = re.compile(
    r"^(?:在)?(?P<anchor>[^,\uff0c?\uff1f]{2,}?)(?P<how>之前|以前|之后|以后|的时候|期间)[,\uff0c]?(?P<rest>.+)$"
)
_SIDES: dict[str, Relation] = {
    "before": "before", "until": "before", "after": "after", "as soon as": "after",
    "since": "after", "while": "during", "during": "during", "when": "during", "之前": "before",
    "以前": "before", "之后": "after", "以后": "after", "的时候": "during", "期间": "during",
}  # fmt: skip
_NOT_ALONE = re.compile(
    r"\b(?:before or after|after or before|how (?:long|soon|much time))\b|多久|多长", re.I
)
_POINTS = re.compile(
    r"(?:that|this|it|then|now|him|her|them|the (?:last|next|first) one)\W*$|"
    r"(?:the )?(?:day|week|night|morning|afternoon|evening|time)\b", re.I
)  # fmt: skip
_BARE = frozenset(
    "happened happen happens going went said say seen see saw heard hear else".split()
)


def _relation(question: str) -> tuple[str, Relation, str]:
    """Return the question without "before X", the side, and X; as it is when there is none.

    "What happened before the car came?" asks for nothing else than what was there, and stays.
    """
    text = " ".join(question.split())
    if _NOT_ALONE.search(text):
        return question, "", ""
    for pattern in (_LEADING, _TRAILING, _CHINESE):
        match = pattern.match(text)
        if match is None:
            continue
        anchor, rest = match["anchor"].strip(), match["rest"].strip()
        if _POINTS.match(anchor) or read_time_words(f"{match['how']} {anchor}").limits:
            continue
        told = [word for word in content_words(rest) if word not in _BARE]
        if told and content_words(anchor) and not rest.lower().endswith(" or"):
            if not re.search(r"[?\uff1f]$", rest):
                rest += "?"
            return rest, _SIDES[match["how"].lower()], anchor
    return question, "", ""


def widened(plan: Plan, share: float = 1.0, least_s: float = 60.0) -> Plan:
    """Return the plan with roomier spans: people are not exact about the past."""
    if plan.within is None:
        return plan
    wide = [
        Span(s.start_s - max(least_s, share * length), s.end_s + max(least_s, share * length))
        for s in plan.within
        if (length := s.end_s - s.start_s) < 6 * 3600
    ]
    return replace(plan, within=tuple(merged([*plan.within, *wide])))
