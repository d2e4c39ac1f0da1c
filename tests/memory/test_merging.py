"""The cost of merging, and what is kept: pure logic over random pasts."""

import math
import random
from collections import Counter

import pytest

from omnilive.core.events import Kind
from omnilive.memory.base import Fact, Moment
from omnilive.memory.consolidation import merging

HALF_LIFE_S = 3600.0
LABELS = ("person", "car", "cat", "dog", "bus")
COLOURS = ("red", "blue", "grey")
SEEDS = range(20)


def common(word: str) -> float:
    """All words are equally rare, but for a few."""
    return {"person": 0.1, "picture": 0.0, "giraffe": 9.0}.get(word, 2.0)


def moment(
    start_s: float, end_s: float, text: str = "red car", *, id: int = 1, weight: float = 1.0,
    size: int = 1,
) -> Moment:  # fmt: skip
    return Moment(id=id, start_s=start_s, end_s=end_s, text=text, weight=weight, size=size)


def a_fact(rng: random.Random, id: int, start_s: float) -> Fact:
    kind: Kind = rng.choice(("object", "object", "sound", "speech", "text", "scene"))
    colour, label = rng.choice(COLOURS), rng.choice(LABELS)
    texts = {
        "object": f"{colour} {label}", "sound": rng.choice(("music", "singing")),
        "speech": f"word{rng.randrange(99)} and word{rng.randrange(99)}",
        "text": rng.choice(("EXIT", "ROOM 42", "MENU")), "scene": f"picture in {colour}",
    }  # fmt: skip
    data: dict[str, object] = {"id": f"{kind}{id}"}
    if kind == "object":
        data |= {"label": label, "colour": colour, "visible": rng.randrange(1, 4), "box": [0, 1]}
    if kind == "speech":
        data |= {"words": [{"w": "word", "s": start_s, "e": start_s + 1}], "language": "en"}
    return Fact(
        id=id, kind=kind, start_s=start_s, end_s=start_s + rng.random() * 20, text=texts[kind],
        confidence=rng.random(), open=False, data=data,
    )  # fmt: skip


def some_facts(seed: int, count: int = 60) -> list[Fact]:
    rng = random.Random(seed)
    return [a_fact(rng, id, 3.0 * id + rng.random()) for id in range(1, count + 1)]


def counted(facts: list[Fact]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for fact in facts:
        counts[fact.kind] += merging.occurrences(fact)
    return counts


def seconds(facts: list[Fact], label: str) -> float:
    return sum(merging.total_s(f) for f in facts if merging.label_of(f) == label)


# what it costs


def full_cost(a: Moment, b: Moment, now_s: float) -> float:
    """The cost as the docstring states it, with the age in it."""
    different = merging.dissimilarity(a.text, b.text, common)
    barrier = merging.barrier_bits(a, b, same_day=True, same_place=True)
    age_s = now_s - max(a.end_s, b.end_s)
    return (a.weight + b.weight) * different * 2**barrier * 2 ** -(age_s / HALF_LIFE_S)


def static(a: Moment, b: Moment) -> float:
    different = merging.dissimilarity(a.text, b.text, common)
    barrier = merging.barrier_bits(a, b, same_day=True, same_place=True)
    return merging.static_cost(a, b, different, barrier, HALF_LIFE_S)


def test_the_order_of_pairs_does_not_change_with_time() -> None:
    rng = random.Random(1)
    pairs: list[tuple[Moment, Moment]] = []
    for _ in range(40):
        t = rng.random() * 20_000
        texts = [" ".join(rng.sample(LABELS, 2)) for _ in range(2)]
        a = moment(t, t + 10, texts[0], weight=1 + rng.random() * 40)
        pairs.append((a, moment(t + 10, t + 20, texts[1], weight=1 + rng.random() * 40)))
    by_static = sorted(range(40), key=lambda i: static(*pairs[i]))
    for now_s in (20_000.0, 50_000.0, 90_000.0):
        assert sorted(range(40), key=lambda i: full_cost(*pairs[i], now_s)) == by_static
        offsets = {round(math.log2(full_cost(*pair, now_s)) - static(*pair), 6) for pair in pairs}
        assert offsets == {round(-now_s / HALF_LIFE_S, 6)}


def test_what_is_old_alike_and_unimportant_is_cheap() -> None:
    plain = static(moment(0, 10), moment(10, 20))
    assert static(moment(9000, 9010), moment(9010, 9020)) > plain
    assert static(moment(0, 10), moment(10, 20, "a dog barks")) > plain
    assert static(moment(0, 10, weight=9), moment(10, 20)) > plain
    assert static(moment(0, 10), moment(500, 510)) > plain + merging.GAP_BITS


def test_a_bit_of_importance_is_worth_a_half_life() -> None:
    old = static(moment(0, 10, weight=4), moment(10, 20, weight=4))
    young = static(
        moment(HALF_LIFE_S, HALF_LIFE_S + 10, weight=2),
        moment(HALF_LIFE_S + 10, HALF_LIFE_S + 20, weight=2),
    )
    assert young == pytest.approx(old)


def test_days_and_places_keep_apart() -> None:
    a, b = moment(0, 10), moment(10, 20)
    near = merging.barrier_bits(a, b, same_day=True, same_place=True)
    assert near == 0
    assert merging.barrier_bits(a, b, same_day=False, same_place=True) == merging.DAY_BITS
    assert merging.barrier_bits(a, b, same_day=True, same_place=False) == merging.PLACE_BITS


def test_dissimilarity_is_a_share_of_words_by_rarity() -> None:
    same = merging.dissimilarity("red car; person in grey", "person in grey; red car", common)
    rare = merging.dissimilarity("red car; giraffe", "red car", common)
    usual = merging.dissimilarity("red car; person", "red car", common)
    assert same == merging.FLOOR and merging.FLOOR < usual < rare < 1
    assert merging.dissimilarity("red car", "a blue bus", common) == 1
    assert merging.dissimilarity("", "", common) == merging.FLOOR
    assert rare == merging.dissimilarity("red car", "red car; giraffe", common)


def test_speech_and_rare_things_matter_more() -> None:
    speech = some_speech("hello")
    person = Fact(
        id=2, kind="object", start_s=0, end_s=1, text="person in red", confidence=1, open=False,
        data={"label": "person"},
    )  # fmt: skip
    giraffe = Fact(
        id=3, kind="object", start_s=0, end_s=1, text="brown giraffe", confidence=1, open=False,
        data={"label": "giraffe"},
    )  # fmt: skip
    weights = [merging.weight_of(facts, common) for facts in ([], [person], [giraffe])]
    assert weights == sorted(weights) and weights[0] == 1 and weights[2] > 5
    assert merging.weight_of([speech], common) == 1 + merging.SPEECH_WEIGHT


def some_speech(text: str, id: int = 1, start_s: float = 0.0) -> Fact:
    return Fact(
        id=id, kind="speech", start_s=start_s, end_s=start_s + 1, text=text, confidence=0.9,
        open=False,
    )  # fmt: skip


# rows


def test_a_merged_row_covers_both_and_adds_up() -> None:
    a, b = moment(0, 10, id=4, weight=2), moment(10, 22, "blue bus", id=7, weight=3)
    one = merging.merged(a, b, common)
    assert (one.id, one.start_s, one.end_s, one.size, one.weight) == (4, 0, 22, 2, 5)
    assert (one.level, one.text, one.data["seen_s"]) == (1, "red car; blue bus", 22)
    assert "gaps" not in one.data
    longer = merging.merged(one, moment(22, 4000, id=9, size=240), common)
    assert (longer.level, longer.size) == (2, 242)


def test_a_gap_is_named_and_not_counted_as_watched() -> None:
    one = merging.merged(moment(0, 10), moment(500, 520), common)
    assert one.data["gaps"] == [[10, 500]] and one.data["seen_s"] == 30
    two = merging.merged(one, moment(900, 910), common)
    assert two.data["gaps"] == [[10, 500], [520, 900]] and two.data["seen_s"] == 40


def test_of_many_gaps_the_longest_are_named() -> None:
    row = moment(0, 10)
    for i in range(1, 40):
        row = merging.merged(row, moment(100.0 * i, 100.0 * i + (50 if i == 20 else 10)), common)
    assert len(row.data["gaps"]) == merging.GAPS and row.data["seen_s"] == 40 * 10 + 40


def test_overlapping_rows_of_two_sources_are_watched_once() -> None:
    one = merging.merged(moment(0, 10), moment(4, 12), common)
    assert (one.end_s, one.data["seen_s"]) == (12, 12)
    inside = merging.merged(moment(0, 20), moment(4, 12), common)
    assert (inside.end_s, inside.data["seen_s"]) == (20, 20)


def test_a_text_stays_short_and_keeps_what_tells_most() -> None:
    parts = [f"said: this is sentence number {i} about nothing at all" for i in range(30)]
    rare = "said: the giraffe is in the garden"
    text = merging.merged_text("; ".join(parts[:15]), "; ".join([rare, *parts[15:]]), 1, common)
    assert rare in text and len(text.encode()) <= merging.TEXT_BYTES[1]
    assert merging.merged_text("person; red car", "red car; said: hi", 1, common) == (
        "said: hi; person; red car"
    )
    long = merging.merged_text("said: " + "word " * 500, "red car", 2, common)
    assert 0 < len(long.encode()) <= merging.TEXT_BYTES[2] and long.endswith("…")
    cjk = merging.merged_text("said: " + "猫" * 500, "", 1, common)
    assert 0 < len(cjk.encode()) <= merging.TEXT_BYTES[1]


# facts


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("most", [4, 12, 30, 200])
def test_folding_counts_everything_and_keeps_within_bounds(seed: int, most: int) -> None:
    facts = some_facts(seed)
    fold = merging.fold(facts, most, common)
    kept = [*fold.same, *fold.changed]
    assert len(kept) <= most
    assert {f.id for f in kept} | set(fold.gone) == {f.id for f in facts}
    assert not {f.id for f in kept} & set(fold.gone)
    left = Counter(fold.left_out)
    assert counted(kept) + left == counted(facts) and min(left.values(), default=1) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_of_few_labels_no_count_first_last_or_length_is_lost(seed: int) -> None:
    facts = some_facts(seed)
    fold = merging.fold(facts, 16, common)
    kept = [*fold.same, *fold.changed]
    for label in LABELS:
        before = [f for f in facts if merging.label_of(f) == label]
        after = [f for f in kept if merging.label_of(f) == label]
        assert sum(map(merging.occurrences, after)) == len(before)
        assert seconds(after, label) == pytest.approx(seconds(before, label), abs=0.1)
        if before:
            assert min(f.start_s for f in after) == min(f.start_s for f in before)
            assert max(f.end_s for f in after) == max(f.end_s for f in before)
            assert max(map(merging.peak, after)) == max(map(merging.peak, before))
    assert "object" not in fold.left_out and "sound" not in fold.left_out


@pytest.mark.parametrize("seed", SEEDS)
def test_folding_in_steps_counts_as_folding_at_once(seed: int) -> None:
    facts = some_facts(seed)
    first = merging.fold(facts[:30], 200, common)
    second = merging.fold([*first.same, *first.changed, *facts[30:]], 200, common)
    at_once = merging.fold(facts, 200, common)
    told = [sorted([*f.same, *f.changed], key=lambda fact: fact.id) for f in (second, at_once)]
    assert [(f.id, f.text, f.start_s, f.end_s) for f in told[0]] == [
        (f.id, f.text, f.start_s, f.end_s) for f in told[1]
    ]
    for a, b in zip(*told, strict=True):
        assert merging.occurrences(a) == merging.occurrences(b)
        assert merging.total_s(a) == pytest.approx(merging.total_s(b), abs=0.05)
    again = merging.fold(told[0], 200, common)
    assert not again.changed and not again.gone and not again.left_out


def test_speech_is_never_tallied_and_keeps_its_time() -> None:
    facts = [some_speech("good morning", i, 10.0 * i) for i in range(1, 4)]
    facts += [some_speech("the giraffe is here", 9, 100.0)]
    fold = merging.fold(facts, 200, common)
    assert [f.id for f in fold.same] == [1, 2, 3, 9] and not fold.gone
    tight = merging.fold(facts, 1, common)
    assert [(f.id, f.start_s) for f in tight.same] == [(9, 100.0)]
    assert tight.left_out == {"speech": 3}


def test_a_tally_knows_exact_times_as_long_as_they_are_few() -> None:
    facts = [f for f in some_facts(3, 400) if f.text == "red car"]
    few, many = merging.tally(facts[:5]), merging.tally(facts)
    assert few.data["spans"] == [[round(f.start_s, 3), round(f.end_s, 3)] for f in facts[:5]]
    assert few.data["merged"] == 5 and many.data["merged"] == len(facts) > merging.SPANS
    assert len(many.data["spans"]) == merging.SPANS
    assert many.data["spans"][0][0] == round(facts[0].start_s, 3)
    assert few.data["label"] == "car" and "id" not in few.data and "box" not in few.data
    assert merging.tally(facts[:1]) is facts[0]


def test_colours_go_before_things_do() -> None:
    rng = random.Random(5)
    facts = [f for i in range(200) if (f := a_fact(rng, i, float(i))).kind == "object"]
    fold = merging.fold(facts, 8, common)
    kept = [*fold.same, *fold.changed]
    assert {f.text for f in kept} == set(LABELS) and not fold.left_out
    cars = next(f for f in kept if f.text == "car")
    colours = Counter(str(f.data["colour"]) for f in facts if f.data["label"] == "car")
    assert cars.data["colours"] == dict(colours)


def test_what_there_was_for_longest_is_the_activity() -> None:
    facts = some_facts(2)
    names = merging.activity(facts, most=2)
    lengths = {label: seconds(facts, label) for label in (*LABELS, "music", "singing")}
    lengths["speech"] = sum(f.end_s - f.start_s for f in facts if f.kind == "speech")
    assert names == sorted(lengths, key=lambda name: -lengths[name])[:2]
