"""Finds the facts that a question's target means: objects by label and colour, tags and text."""

from collections.abc import Sequence
from dataclasses import dataclass

from omnilive.core.events import Kind
from omnilive.memory.base import Fact
from omnilive.memory.consolidation.merging import label_of
from omnilive.memory.query import FactQuery
from omnilive.memory.recall import Hit, View, reads, recall, stem
from omnilive.memory.search.embed import Embedder
from omnilive.memory.search.words import content_words
from omnilive.reasoning.finding import Telling
from omnilive.reasoning.question import Question, Target
from omnilive.reasoning.sureness import LARGE, bears, names_missing
from omnilive.reasoning.tallies import Seen, seen

ALIKE = 0.75  # of the best one's strength: what is as good is told apart by its time
MANY = 64  # that are looked at when one of several times is wanted
SCENES = 50  # that are looked through for what the picture was like
NOW_S = 6.0  # what is in view was seen this shortly before, however still the picture
LABELLED: tuple[Kind, ...] = ("sound", "scene")
TEXT_NOUNS = {"text", "title", "caption", "card", "sign", "writing", "subtitle", "headline"}


@dataclass(frozen=True, slots=True)
class Matcher:
    """Looks up targets in a view."""

    view: View
    embedder: Embedder | None
    min_similarity: float
    tell: Telling = Telling()

    def objects(self, target: Target, side: str = "") -> list[Fact]:
        """Return the objects that the target means, by the time they came."""
        if not target.labels:
            return []
        data = {"label": target.labels}
        if target.colour:
            data["colour"] = (target.colour,)
        found = self.view.find(FactQuery(kinds=("object",), data=data))
        if not side:
            return found
        return [f for f in found if side in (f.data.get("position"), f.data.get("first_position"))]

    def named(self, target: Target, *kinds: Kind) -> list[Fact]:
        """Return the facts whose words or other names hold the target's head, by time."""
        heads = [stem(noun) for noun in target.nouns[-1:]]
        wanted = [stem(noun) for noun in target.nouns] or heads
        if not wanted:
            return []
        found = self.view.find(FactQuery(kinds=kinds, all_of=wanted))
        held = ((fact, {stem(w) for w in content_words(names_of(fact))}) for fact in found)
        good = [fact for fact, stems in held if all(noun in stems for noun in wanted)]
        return good or self._labelled(set(wanted), kinds)

    def _labelled(self, nouns: set[str], kinds: Sequence[Kind]) -> list[Fact]:
        """Return the sounds and tags whose whole name is in the question: "the bell rang"."""
        labels: tuple[Kind, ...] = tuple(k for k in kinds or LABELLED if k in LABELLED)
        if not labels:
            return []
        found = self.view.find(FactQuery(kinds=labels, any_of=sorted(nouns)))
        names = ((f, {stem(w) for w in content_words(label_of(f))}) for f in found)
        return [fact for fact, stems in names if stems and stems <= nouns]

    def like(self, text: str, *kinds: Kind) -> list[Fact]:
        """Return the facts that mean something near the text, by time."""
        hits = recall(self.view, self.embedder, text, kinds=kinds, limit=12)
        if self.is_large:
            good = [h.fact for h in hits if self.is_about(h, text)]
        else:
            good = [h.fact for h in hits if h.overlap >= 0.5 or h.similarity >= self.min_similarity]
        return sorted(good, key=lambda fact: fact.start_s)

    @property
    def is_large(self) -> bool:
        """Whether so much is remembered that some of it is like anything by chance."""
        return self.view.count() >= LARGE

    def is_about(self, hit: Hit, text: str) -> bool:
        """Tell whether a hit in a large memory is about the text, and about who it names."""
        knows = self.embedder is not None and reads(self.embedder, text)
        return bears(hit, self.view.count(), knows_meaning=knows) and not names_missing(
            text, names_of(hit.fact)
        )

    def sightings(self, question: Question, target: Target) -> list[Fact]:
        """Return when the target was to be seen or heard, most direct kind of evidence first."""
        if not question.about_speech:
            if found := self.objects(target, question.side):
                return found
            if found := self.named(target, "text", "scene", "caption", "sound"):
                return found
            if len(target.nouns) == 1 and target.nouns[0] in TEXT_NOUNS:
                return self.view.facts("text")
            if not target.labels and (found := self.like(target.phrase, "scene", "caption")):
                return found
            if not target.labels and question.about_text:
                return self.like(question.text, "text")
            return []
        return self.named(target, "speech") or self.like(question.text, "speech")

    def seen(self, target: Target, side: str = "") -> Seen:
        """Return the occurrences of the objects that the target means."""
        return seen(self.objects(target, side), self.view.within)

    def seen_named(self, target: Target, *kinds: Kind) -> Seen:
        """Return the occurrences of the facts whose words hold the target's head."""
        return seen(self.named(target, *kinds), self.view.within)

    def occurrences(self, question: Question, target: Target) -> Seen:
        """Return when the target was to be seen or heard: see `sightings`."""
        return seen(self.sightings(question, target), self.view.within)

    def coverage(self, limit: int) -> tuple[Fact, ...]:
        """Return what was looked at, as evidence that something was not there."""
        scenes = [f for f in self.latest("scene", count=SCENES) if "palette" in f.data]
        return tuple((self.visible() or scenes[-3:])[:limit])

    def anchor(self, question: Question, target: Target) -> Fact | None:
        """Return the fact that the rest of the question names: "… under the EXIT sign"."""
        rest = {stem(t) for t in question.terms} - {stem(n) for n in target.nouns[:1]}
        rest -= {stem(w) for w in target.phrase.split()}
        if not rest:
            return None
        for fact in self.view.find(FactQuery(kinds=("text", "speech"), any_of=tuple(rest))):
            held = {stem(w) for w in content_words(fact.text)}
            if len(rest & held) >= max(1, len(rest) / 2):
                return fact
        return None

    def latest(self, *kinds: Kind, count: int) -> list[Fact]:
        """Return the newest facts of these kinds, by start."""
        return self.view.find(FactQuery(kinds=kinds, limit=count, newest=True))

    def first(self, *kinds: Kind, count: int) -> list[Fact]:
        """Return the first facts of these kinds, by start."""
        return self.view.find(FactQuery(kinds=kinds, limit=count))

    def visible(self, at_t: float | None = None) -> list[Fact]:
        """Return the objects in view at a stream time (default: now)."""
        t = self.view.t if at_t is None else at_t
        return [
            fact
            for fact in self.view.facts("object", start_s=t - NOW_S, end_s=t)
            if fact.start_s <= t and (_is_here(fact) if at_t is None else fact.end_s >= t)
        ]

    def here(self, facts: list[Fact]) -> list[Fact]:
        """Return those of the objects that are in view now."""
        visible = {fact.id for fact in self.visible()}
        return [fact for fact in facts if fact.id in visible]

    def open_now(self, *kinds: Kind) -> list[Fact]:
        """Return what of these kinds lasts now."""
        facts = self.view.facts(*kinds, start_s=self.view.t - NOW_S)
        return [fact for fact in facts if fact.open]

    def written(self) -> list[Fact]:
        """Return the texts in view now, in the order in which they came."""
        return self.open_now("text")


def in_order(hits: Sequence[Hit], nth: int | None) -> list[Hit]:
    """Return the hits with the n-th in time first, of those that are as good as the best."""
    if nth is None or not hits:
        return list(hits)
    best = max(hit.strength for hit in hits)
    alike = [hit for hit in hits if hit.strength >= ALIKE * best]
    alike.sort(key=lambda hit: hit.fact.start_s)
    if not -len(alike) <= nth < len(alike):
        return list(hits)
    chosen = alike[nth]
    return [chosen, *(hit for hit in hits if hit is not chosen)]


def _is_here(fact: Fact) -> bool:
    return fact.open and not fact.data.get("hidden")


def count_at(facts: list[Fact], t: float) -> int:
    """Return how many of the facts are there at stream time `t`."""
    return sum(fact.start_s <= t and (fact.open or fact.end_s >= t) for fact in facts)


def names_of(fact: Fact) -> str:
    """Return all words by which a fact goes: its text, label and other names."""
    extra = [str(fact.data.get("label", "")), *map(str, fact.data.get("names", ()))]
    return " ".join([fact.text, *extra])
