"""Plants needles: things that happen once, or a known number of times, and questions about them."""

from collections.abc import Callable, Sequence

from omnilive_lab.streams.base import Needle, Question, pick
from omnilive_lab.streams.bed import LONG_HOURS, Bed, Span, own_slots
from omnilive_lab.streams.language import filled
from omnilive_lab.streams.subjects import (
    FAMILIES,
    HOW_LONG,
    HOW_MANY,
    NEEDS,
    NEVER,
    PAST,
    SAID,
    SHOWN,
    THINGS,
    THIS,
    WHEN,
    WHEN_SAID,
    WHICH_FIRST,
    Need,
    Thing,
    Topic,
)

SPOKEN_S = 15.0  # how far off a time of something said may be
TRIES = 20  # to find another value


def plant(
    seed: int, hours: float, start_wall_s: float, *, zone: str = "UTC", count: int = 4
) -> list[Needle]:
    """Return the needles of a stream: up to `count` of each sort, with their questions.

    All questions are asked at the end of the stream, but for those about "this". Give `stream`
    the same hours, start and zone. The same arguments give the same needles.
    """
    bed, n = Bed(seed, hours, start_wall_s, zone), count
    said = bed.shuffled(t for t in SAID if t.language == "en")
    other = bed.shuffled(t for t in SAID if t.language != "en")
    shown, things = bed.shuffled(SHOWN), bed.shuffled(THINGS)
    held_up = [thing for thing in things if thing.in_hand][:n]
    things = [thing for thing in things if thing not in held_up]
    for topic in [*said[:n], *other[: (n + 1) // 2]]:
        _once(bed, topic, bed.make.said)
    for topic in shown[:n]:
        _once(bed, topic, bed.write)
    for topic in said[n : 2 * n]:
        _repeated(bed, topic)
    for topic in said[2 * n : 2 * n + 1]:
        _around(bed, topic, things.pop())
    for thing in things[:n]:
        _seen(bed, thing)
    for thing in things[n : 2 * n]:
        _counted(bed, thing)
    pairs = things[2 * n : 4 * n]
    for one, two in zip(pairs[::2], pairs[1::2], strict=False):
        _ordered(bed, one, two)
    for family in FAMILIES:
        needs = bed.shuffled(need for need in NEEDS if need.family == family)
        for need in needs[: -(-n // 2)]:
            _needed(bed, need)
    for thing in held_up:
        _pointed_at(bed, thing)
    _never(bed, [*said[2 * n + 1 :], *shown[n:]][:n], n)
    return bed.needles


def _once(bed: Bed, topic: Topic, tell: Callable[[str, float, str], float]) -> None:
    """Say or show it once: what it was, and when."""
    given = bed.given(topic)
    (t,) = bed.times(1)
    span = (t, tell(bed.line(topic.line, given), t, topic.language))
    accept = tuple(filled(bed.rng, a, given) for a in topic.accept)
    questions: list[Question] = []
    for family, part in FAMILIES.items():
        for text in bed.asks(topic, family):
            text = filled(bed.rng, text, given)
            questions.append(
                bed.ask(text, "what", family, span, accept=accept, language=topic.language)
            )
        if topic in SAID and topic.language == "en":
            text = pick(bed.rng, WHEN_SAID[part]).format(about=bed.name(topic.about, given))
            questions.append(bed.ask(text, "when", family, span, tolerance_s=SPOKEN_S))
    bed.near(topic.near)
    bed.done(topic.name, questions)


def _repeated(bed: Bed, topic: Topic) -> None:
    """Say it several times, each time with another value, and ask for one by its time."""
    given = bed.given(topic)
    about = bed.name(topic.about, given)
    told: list[tuple[Span, tuple[str, ...]]] = []
    for t in sorted(bed.times(3)):
        changed, accept = _other(bed, topic, given, [a for _, a in told])
        told.append(((t, bed.make.said(bed.line(topic.line, changed), t)), accept))
    questions: list[Question] = []
    for family in FAMILIES:
        for i, which in enumerate(("the first time", "the second time", "the last time")):
            text = f"What was said about {about} {which}?"
            if family != "train":
                text = f"{_capital(which)} somebody spoke of {about}, what was it?"
            span, accept = told[i]
            questions.append(bed.ask(text, "what", family, span, accept=accept, time="ordinal"))
        for i, (span, accept) in enumerate(told):
            others = [other[0] for j, (other, _) in enumerate(told) if j != i]
            if (naming := bed.naming(span[0], others, family)) is not None:
                words, kind = naming
                text = f"What was said about {about} {words}?"
                if family != "train":
                    text = f"{_capital(words)}, what did somebody say about {about}?"
                questions.append(bed.ask(text, "what", family, span, accept=accept, time=kind))
    bed.done(f"{topic.name} again and again", questions)


def _around(bed: Bed, topic: Topic, thing: Thing) -> None:
    """Say it before and after something else happens."""
    given = bed.given(topic)
    about, happened = bed.name(topic.about, given), f"the {thing.name} {PAST[thing.came]}"
    before_s, t, after_s = sorted(bed.times(3))
    told: dict[str, tuple[Span, tuple[str, ...]]] = {}
    for word, at in (("before", before_s), ("after", after_s)):
        changed, accept = _other(bed, topic, given, [a for _, a in told.values()])
        told[word] = (at, bed.make.said(bed.line(topic.line, changed), at)), accept
    bed.happen(thing, t, t + 20)
    questions: list[Question] = []
    for family in FAMILIES:
        for word, (span, accept) in told.items():
            text = f"What was said about {about} {word} {happened}?"
            if family != "train":
                text = f"{_capital(word)} {happened}, what did they say about {about}?"
            questions.append(bed.ask(text, "what", family, span, accept=accept, time="relation"))
    bed.done(f"{topic.name} before and after", questions)


def _other(
    bed: Bed, topic: Topic, given: dict[str, str], before: Sequence[Sequence[str]]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return new values for what is asked for, unlike those before; and what to accept."""
    changing = own_slots(topic)
    asked = [a for a in topic.accept if "{" in a]
    changed, accept = given, ()
    for _ in range(TRIES):
        new = bed.given(topic)
        changed = {name: new[name] if name in changing else given[name] for name in given}
        accept = tuple(filled(bed.rng, a, changed) for a in asked)
        if not any(set(accept) & set(old) for old in before):
            break
    return changed, accept


def _seen(bed: Bed, thing: Thing) -> None:
    """Let it come once: when, and for how long."""
    longest_s = 120.0 if thing.sound else 480.0 if bed.hours <= 2 else 1500.0
    length_s = round(20.0 * (longest_s / 20.0) ** bed.rng.random(), 1)
    (t,) = bed.times(1, room_s=length_s)
    span = bed.happen(thing, t, t + length_s)
    questions: list[Question] = []
    for family, part in FAMILIES.items():
        text = bed.about(pick(bed.rng, WHEN[part]), thing)
        questions.append(bed.ask(text, "when", family, span))
        text = bed.about(pick(bed.rng, HOW_LONG[part]), thing)
        slack = max(5.0, 0.1 * length_s)
        questions.append(bed.ask(text, "duration", family, span, number=length_s, tolerance=slack))
    bed.done(f"{thing.name} once", questions)


def _counted(bed: Bed, thing: Thing) -> None:
    """Let it come several times: how often, on one day or in all."""
    number = bed.rng.randrange(2, 8)
    times = sorted(bed.times(number, room_s=40.0))
    spans = [bed.happen(thing, t, t + 5 + 30 * bed.rng.random()) for t in times]
    questions: list[Question] = []
    for family, part in FAMILIES.items():
        text = bed.about(pick(bed.rng, HOW_MANY[part]), thing)
        questions.append(bed.ask(text, "count", family, *spans, number=number))
        day = bed.naming(pick(bed.rng, times), (), family, "day", "date")
        if day is not None and bed.hours > LONG_HOURS:
            held = bed.within(day[0], spans, family)
            text = f"{text.rstrip('?.')} {day[0]}?"
            questions.append(bed.ask(text, "count", family, *held, number=len(held), time=day[1]))
        text = f"When did the {thing.name} {thing.came} the last time?"
        if family != "train":
            text = f"What time was the {thing.name} there last?"
        questions.append(bed.ask(text, "when", family, spans[-1], time="ordinal"))
    bed.done(f"{thing.name} {number} times", questions)


def _ordered(bed: Bed, one: Thing, two: Thing) -> None:
    """Let two things come, one after the other: which was first?"""
    spans: dict[str, Span] = {}
    for thing, t in zip((one, two), bed.times(2, room_s=70.0), strict=True):
        spans[thing.name] = bed.happen(thing, t, t + 8 + 60 * bed.rng.random())
    first, last = sorted(spans, key=lambda name: spans[name])
    questions: list[Question] = []
    for family, part in FAMILIES.items():
        text = pick(bed.rng, WHICH_FIRST[part])
        accept = (f"{first} came first", f"{first} was first", f"the {first} first")
        if "before or after" in text or "earlier" in text:
            accept = (*accept, "before" if one.name == first else "after")
        text = text.format(a=one.name, b=two.name)
        questions.append(bed.ask(text, "order", family, spans[first], spans[last], accept=accept))
    bed.done(f"{one.name} and {two.name}", questions)


def _needed(bed: Bed, need: Need) -> None:
    """Say or show something that a question means without a word of it."""
    (t,) = bed.times(1, room_s=30.0)
    if need.text and bed.rng.random() < 0.4:
        span = (t, bed.write(need.text, t))
    else:
        span = (t, bed.make.said(pick(bed.rng, need.lines), t))
    questions = [bed.ask(text, "implicit", need.family, span) for text in need.asks]
    bed.near(need.near)
    bed.done(f"need {need.name}", questions)


def _pointed_at(bed: Bed, thing: Thing) -> None:
    """Hold something up, and ask about it while it is there."""
    (t,) = bed.times(1, room_s=60.0)
    span = bed.happen(thing, t, t + 30.0, near=True)
    questions = [
        Question(
            text=pick(bed.rng, THIS[part]), kind="reference", family=family, ask_s=t + 12.0,
            spans=(span,), accept=(thing.label,),
        )
        for family, part in FAMILIES.items()
    ]  # fmt: skip
    bed.done(f"{thing.name} held up", questions)


def _never(bed: Bed, unused: Sequence[Topic], count: int) -> None:
    """Ask about what never was, also where words of it were said."""
    questions: list[Question] = []
    for topic in unused:
        given = bed.given(topic)
        bed.near(topic.near)
        for family in FAMILIES:
            text = filled(bed.rng, pick(bed.rng, bed.asks(topic, family)), given)
            questions.append(bed.ask(text, "unanswerable", family))
    for family, part in FAMILIES.items():
        asked = bed.shuffled(NEVER[part])[:count]
        questions += [bed.ask(text, "unanswerable", family) for text in asked]
    bed.done("never", questions)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
