"""What it costs to merge two neighbouring moments, and what is kept of them. Pure logic.

The cost of telling the neighbours a and b as one, at the time `now`:

    cost(a, b, now) = (weight_a + weight_b) * dissimilarity(a, b) * barrier(a, b)
                      * 2 ** -((now - end_b) / half_life)

`weight` is how much a row matters: 1 for a moment in which something was noticed, more with
speech, with something that is rare in this session, and much more when it was asked about or
raised an alert; merged rows add up, so that a row of many moments is dear to merge further.
`dissimilarity` (1/128 to 1) is the share of their words, the rare ones counting more, that the two
do not have in common. `barrier` makes it dear to merge across a gap, a night or a place. And what
is old may be coarser: its loss halves with every half-life.

The order of two pairs never changes with time: log2 of the cost is

    log2((weight_a + weight_b) * dissimilarity * barrier) + end_b / half_life  -  now / half_life

of which only the last part depends on `now`, and it is the same for every pair. So the rest is
computed once, when the pair comes to be, and an index over that number always has the cheapest pair
in front: O(log n) for each moment, and nothing has to be gone through again as time passes. Where
all is alike, what is merged grows with its age: the number of rows that tell of a stream of length
T is about N0 + half_life / (ln 2 * length of a moment), however large T is.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

from omnilive.memory.base import Fact, Moment
from omnilive.memory.search.words import content_words
from omnilive.memory.spans import is_whole

Rarity: TypeAlias = Callable[[str], float]  # word -> bits: 0 for what is always there

HELD = 1e300  # the cost of what may not go: it is pinned, or the newest
FLOOR = 1 / 128  # least dissimilarity: even what is the same takes something with it
GAP_S = 16.0  # a longer time between two rows is a gap: nobody watched
GAP_BITS, DAY_BITS, PLACE_BITS = 4.0, 10.0, 6.0  # each bit is one half-life more of staying apart
DIGEST_S = 3600.0  # what was merged and is this long is a digest
SPANS = 8  # exact times that a tally keeps
GAPS = 8  # gaps that a merged row names
TEXT_BYTES = (2000, 400, 800)  # of the text of an episode and of a digest, at most; see `level`

SPEECH_WEIGHT = 4.0
ASKED_WEIGHT = ALERT_WEIGHT = 16.0

_TELLING = {"speech": 6.0, "caption": 4.0, "text": 2.0}
_COUNTED = ("object", "sound")  # of these nothing is left out as long as the labels are few
_FLEETING = frozenset(
    ("id", "event", "box", "words", "hidden", "position", "first_position", "visible", "until_s",
     "cut")
)  # fmt: skip  # data that is about one occurrence


# what it costs


def weight_of(facts: Iterable[Fact], rarity: Rarity) -> float:
    """Return how much a moment matters in which these facts began."""
    began = list(facts)
    rare = [rarest(name, rarity) for fact in began if (name := label_of(fact))]
    spoken = any(is_whole(fact.kind) for fact in began)
    return 1.0 + SPEECH_WEIGHT * spoken + 0.5 * max(rare, default=0.0)


def label_of(fact: Fact) -> str:
    """Return the name of the kind of thing that a fact tells of, "" for words."""
    if fact.kind == "sound":
        return fact.text
    return str(fact.data.get("label") or fact.data.get("tag") or "")


def dissimilarity(a: str, b: str, rarity: Rarity) -> float:
    """Return how different two texts are, FLOOR to 1: weighted Jaccard distance of their words."""
    if a == b:
        return FLOOR
    words_a, words_b = _words(a), _words(b)
    every = sum(rarity(word) + FLOOR for word in words_a | words_b)
    shared = sum(rarity(word) + FLOOR for word in words_a & words_b)
    return max(FLOOR, 1.0 - shared / every) if every else FLOOR


@lru_cache(2048)
def _words(text: str) -> frozenset[str]:
    return frozenset(content_words(text))


def barrier_bits(a: Moment, b: Moment, *, same_day: bool, same_place: bool) -> float:
    """Return log2 of how much dearer it is to merge across what lies between two rows."""
    gap_s = b.start_s - a.end_s
    gap = GAP_BITS + math.log2(gap_s / GAP_S) if gap_s > GAP_S else 0.0
    return gap + DAY_BITS * (not same_day) + PLACE_BITS * (not same_place)


def static_cost(
    a: Moment, b: Moment, different: float, barrier: float, half_life_s: float
) -> float:
    """Return log2 of the cost of merging two neighbours, without the part that all pairs share."""
    end_s = max(a.end_s, b.end_s)
    return math.log2((a.weight + b.weight) * different) + barrier + end_s / half_life_s


def cost_of_facts(cost: float, facts: int) -> float:
    """Return log2 of a pair's cost for each of the facts in it, of which some may be saved.

    As static as the cost itself. Infinite without any: nothing is to be saved.
    """
    return cost - math.log2(facts) if facts else HELD


# what is kept


def merged(a: Moment, b: Moment, rarity: Rarity) -> Moment:
    """Return what is told of two neighbours from now on, under the id of the first.

    `data` says what is lost and what lay between: `left_out` counts the facts that are no longer
    there, by kind; `seen_s` is how many seconds were watched; `gaps` are the longest times of
    which nothing is known.
    """
    end_s = max(a.end_s, b.end_s)
    level = 2 if end_s - a.start_s >= DIGEST_S else 1
    gap = [[a.end_s, b.start_s]] if b.start_s - a.end_s > GAP_S else []
    gaps = [*a.data.get("gaps", ()), *gap, *b.data.get("gaps", ())]
    data: dict[str, Any] = {"seen_s": round(min(seen_s(a) + seen_s(b), end_s - a.start_s), 3)}
    if gaps:
        data["gaps"] = longest(gaps, GAPS)
    if left_out := added(a.data.get("left_out", {}), b.data.get("left_out", {})):
        data["left_out"] = left_out
    return Moment(
        id=a.id, start_s=a.start_s, end_s=end_s, text=merged_text(a.text, b.text, level, rarity),
        level=level, size=a.size + b.size, weight=a.weight + b.weight, data=data,
    )  # fmt: skip


def seen_s(moment: Moment) -> float:
    """Return how many seconds of a row were watched."""
    return float(moment.data.get("seen_s", moment.end_s - moment.start_s))


def added(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of two counts by name."""
    return {name: a.get(name, 0) + b.get(name, 0) for name in {**a, **b}}


def longest(spans: Sequence[Sequence[float]], most: int) -> list[list[float]]:
    """Return at most so many of the spans, in order: the first, the last, the longest between."""
    ordered = sorted([float(start_s), float(end_s)] for start_s, end_s in spans)
    if len(ordered) <= most:
        return ordered
    between = sorted(ordered[1:-1], key=lambda span: span[0] - span[1])
    return [ordered[0], *sorted(between[: most - 2]), ordered[-1]]


def merged_text(a: str, b: str, level: int, rarity: Rarity) -> str:
    """Return the parts of two texts, each once, without the least telling beyond TEXT_BYTES."""
    parts = list(dict.fromkeys(part for text in (a, b) for part in text.split("; ") if part))
    left = TEXT_BYTES[level]
    kept: set[str] = set()
    for part in sorted(parts, key=lambda part: -_part_score(part, rarity)):
        size = len(part.encode()) + 2
        if size <= left:
            kept.add(part)
            left -= size
        elif not kept:  # one long sentence
            short = part.encode()[: left - 3].decode(errors="ignore")
            return short[: short.rfind(" ")] + "…" if " " in short else short + "…"
    told = [part for part in parts if part in kept]
    return "; ".join(sorted(told, key=_part_order))


_PREFIX = ("said: ", "text: ")


def _part_order(part: str) -> int:
    return next((i for i, prefix in enumerate(_PREFIX) if part.startswith(prefix)), len(_PREFIX))


def _part_score(part: str, rarity: Rarity) -> float:
    base = (_TELLING["speech"], _TELLING["text"], 0.0)[_part_order(part)]
    return base + rare_words(part, rarity)


def rarest(text: str, rarity: Rarity) -> float:
    """Return the rarity of the rarest word, in bits."""
    return max((rarity(word) for word in content_words(text)), default=0.0)


def rare_words(text: str, rarity: Rarity) -> float:
    """Return the mean rarity of the three rarest words, in bits."""
    found = sorted((rarity(word) for word in content_words(text)), reverse=True)[:3]
    return sum(found) / 3


# facts


@dataclass(frozen=True, slots=True)
class Fold:
    """What becomes of the facts of a merged row.

    `changed` are facts under their old ids, told anew; `gone` are ids; `left_out` counts, by kind,
    occurrences that are in nothing any more.
    """

    same: list[Fact] = field(default_factory=list[Fact])
    changed: list[Fact] = field(default_factory=list[Fact])
    gone: list[int] = field(default_factory=list[int])
    left_out: dict[str, int] = field(default_factory=dict[str, int])


def most_facts(size: int) -> int:
    """Return how many facts a row that stands for `size` moments may keep."""
    return 12 + int(8 * math.log2(max(1, size)))


def fold(facts: Sequence[Fact], most: int, rarity: Rarity) -> Fold:
    """Merge the facts of a row to at most `most`: the same things become tallies.

    Objects and sounds lose their colours before any of them is left out. Speech is never
    tallied: what is most telling stays as it is, with its true times.
    """
    counted, others = _told(facts)
    if len(counted) > most * 3 // 4:
        counted = [tally(group) for group in _grouped(counted, _by_label)]
        counted = _first(counted, most * 3 // 4, lambda fact: rarest(label_of(fact), rarity))
    return _fold(facts, counted, _most_telling(others, most - len(counted), rarity))


def squeeze(facts: Sequence[Fact], rarity: Rarity) -> Fold:
    """Leave out half of what is neither an object nor a sound: the row's text still tells of it."""
    counted, others = _told(facts)
    return _fold(facts, counted, _most_telling(others, len(others) // 2, rarity))


def _told(facts: Sequence[Fact]) -> tuple[list[Fact], list[Fact]]:
    """Return the facts with tallies for what is the same: what is counted, and the others."""
    same_things = _grouped(facts, lambda fact: (fact.kind, fact.text))
    told = [slim(tally(group)) for group in same_things]
    counted = [fact for fact in told if fact.kind in _COUNTED]
    return counted, [fact for fact in told if fact.kind not in _COUNTED]


def _most_telling(facts: list[Fact], most: int, rarity: Rarity) -> list[Fact]:
    return _first(facts, most, lambda fact: _telling(fact, rarity))


def _fold(facts: Sequence[Fact], counted: list[Fact], others: list[Fact]) -> Fold:
    old, kept = {fact.id: fact for fact in facts}, [*counted, *others]
    left_out: dict[str, int] = {}
    for sign, group in ((1, facts), (-1, kept)):
        for fact in group:
            left_out[fact.kind] = left_out.get(fact.kind, 0) + sign * occurrences(fact)
    stay = {fact.id for fact in kept}
    return Fold(
        same=[fact for fact in kept if fact is old[fact.id]],
        changed=[fact for fact in kept if fact is not old[fact.id]],
        gone=[id for id in old if id not in stay],
        left_out={kind: count for kind, count in left_out.items() if count},
    )


def _grouped(facts: Iterable[Fact], key: Callable[[Fact], tuple[str, ...]]) -> list[list[Fact]]:
    groups: dict[tuple[str, ...], list[Fact]] = {}
    for fact in facts:
        own = (str(fact.id),) if is_whole(fact.kind) else ()
        groups.setdefault((*key(fact), *own), []).append(fact)
    return list(groups.values())


def _by_label(fact: Fact) -> tuple[str, ...]:
    return (fact.kind, label_of(fact) or fact.text)


def _first(facts: list[Fact], most: int, score: Callable[[Fact], float]) -> list[Fact]:
    ordered = sorted(facts, key=lambda fact: (-score(fact), fact.start_s))[: max(0, most)]
    return sorted(ordered, key=lambda fact: (fact.start_s, fact.id))


def _telling(fact: Fact, rarity: Rarity) -> float:
    words = fact.confidence * rare_words(fact.text, rarity)
    return _TELLING.get(fact.kind, 0.0) + words


def occurrences(fact: Fact) -> int:
    """Return how many percepts a fact stands for: 1 unless it is a tally."""
    return int(fact.data.get("merged", 1))


def tally(group: Sequence[Fact]) -> Fact:
    """Return one fact for several of a kind, under the id of the first; one alone stays as it is.

    `data` of a tally: `merged` is how often, `total_s` for how long together, `peak` how many at
    once at most; `spans` are exact times, all of them if they are `merged` in number. Its start and
    end are those of the first and of the last. `colours` counts, where there were several.
    """
    if len(group) == 1:
        return group[0]
    first = min(group, key=lambda fact: (fact.start_s, fact.id))
    data = {
        **_common([fact.data for fact in group]),
        "merged": sum(occurrences(fact) for fact in group),
        "total_s": round(sum(total_s(fact) for fact in group), 3),
        "peak": max(peak(fact) for fact in group),
        "spans": longest([span for fact in group for span in exact_spans(fact)], SPANS),
    }
    text = first.text
    if any(fact.text != text for fact in group):
        text = label_of(first)
        data["colours"] = _colours(group)
    return replace(
        first, text=text, end_s=max(fact.end_s for fact in group), data=data,
        confidence=max(fact.confidence for fact in group),
    )  # fmt: skip


def total_s(fact: Fact) -> float:
    """Return for how many seconds what a fact tells of was there."""
    return float(fact.data.get("total_s", fact.end_s - fact.start_s))


def peak(fact: Fact) -> int:
    """Return how many of a kind were there at once, at most, as far as the fact knows."""
    return int(fact.data.get("peak") or max(1, int(fact.data.get("visible") or 1)))


def exact_spans(fact: Fact) -> list[list[float]]:
    """Return the exact times that a fact knows: of a tally, perhaps not all."""
    own = [[round(fact.start_s, 3), round(fact.end_s, 3)]]
    return [list(map(float, span)) for span in fact.data.get("spans", own)]


def _colours(group: Sequence[Fact]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for fact in group:
        own = {str(fact.data["colour"]): occurrences(fact)} if fact.data.get("colour") else {}
        counts = added(counts, fact.data.get("colours", own))
    return counts


def _common(datas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, rest = datas[0], datas[1:]
    return {
        name: value
        for name, value in first.items()
        if name not in _FLEETING and all(name in data and data[name] == value for data in rest)
    }


def slim(fact: Fact) -> Fact:
    """Return what was said without the times of its words: nobody needs them in an episode."""
    if "words" not in fact.data:
        return fact
    return replace(fact, data={k: v for k, v in fact.data.items() if k != "words"})


def activity(facts: Collection[Fact], most: int = 4) -> list[str]:
    """Return what there was for longest, by name."""
    lasted: dict[str, float] = {}
    for fact in facts:
        name = "speech" if fact.kind == "speech" else label_of(fact)
        if name and fact.kind != "scene":
            lasted[name] = lasted.get(name, 0.0) + total_s(fact)
    return sorted(lasted, key=lambda name: -lasted[name])[:most]
