"""Finds what was perceived again: as of a moment, by words, by meaning and by time, fused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from omnilive.core.events import Evidence, Kind
from omnilive.memory.base import Fact, Ref
from omnilive.memory.embed import Embedder
from omnilive.memory.sqlite import SqliteStore
from omnilive.memory.words import content_words

RANK_OFFSET = 20  # of reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009, use 60


@dataclass(frozen=True, slots=True)
class Hit:
    """A fact that may bear on a question, and why it was found."""

    fact: Fact
    score: float  # fused, higher is better
    overlap: float  # share of the question's content words that the fact holds
    similarity: float  # cosine of the embeddings; 0 when unknown


@dataclass(frozen=True, slots=True)
class View:
    """A store as it was known at stream time `t`: nothing later shows through."""

    store: SqliteStore
    t: float

    def facts(self, *kinds: Kind, start_s: float = -1e12, end_s: float | None = None) -> list[Fact]:
        """Return the facts of these kinds that overlap the span, as far as known at `t`."""
        end_s = self.t if end_s is None else min(end_s, self.t)
        rows = self.store.facts(kinds=kinds, start_s=start_s, end_s=end_s)
        known = [fact for row in rows if (fact := self.as_known(row)) is not None]
        return [fact for fact in known if fact.end_s >= start_s]

    def as_known(self, fact: Fact) -> Fact | None:
        """Return the fact as it was known at `t`, or None when it was not known at all."""
        if fact.start_s > self.t:
            return None
        if fact.end_s <= self.t + 0.05:
            return fact
        if fact.kind != "speech":
            # It was seen after `t`: that it is out of sight by now was not so then.
            data = dict(fact.data)
            if fact.kind == "object":
                data |= {"hidden": False, "position": data.get("first_position")}
            return replace(fact, end_s=self.t, open=True, data=data)
        heard = [w for w in fact.data.get("words", ()) if w["e"] <= self.t + 0.05]
        if not heard:
            return None
        glue = "" if fact.data.get("language") in ("zh", "ja") else " "
        text = glue.join(w["w"] for w in heard)
        return replace(fact, end_s=self.t, text=text, open=True)

    def evidence(self, fact: Fact, score: float = 0.0) -> Evidence:
        """Return a fact as evidence, with the picture that shows it."""
        return Evidence(
            id=fact.id, kind=fact.kind, start_s=fact.start_s, end_s=fact.end_s, text=fact.text,
            keyframe=self.store.keyframe_near(fact.start_s, fact.end_s), score=score,
        )  # fmt: skip


def recall(
    view: View, embedder: Embedder | None, query: str, *, kinds: Sequence[Kind] = (), limit: int = 8
) -> list[Hit]:
    """Return the facts that bear on the query, best first: words, meaning and neighbourhood.

    Ranks by reciprocal rank fusion of full text, vectors, and of the moments that hold the
    fact (what was on screen while something was said counts for both).
    """
    terms = content_words(query)
    by_text = view.store.search_text(terms, view.t, 40, kinds)
    vector = embedder.embed([query])[0] if embedder is not None else None
    by_meaning = view.store.search_vector(vector, view.t, 60) if vector is not None else []
    similarity = {(ref.table, ref.id): ref.score for ref in by_meaning}
    scores: dict[int, float] = {}
    facts: dict[int, Fact] = {}
    for ranking in (by_text, by_meaning):
        for rank, ref in enumerate(ranking):
            gain = 1 / (RANK_OFFSET + rank)
            for fact, share in _facts_of(view, ref):
                facts[fact.id] = fact
                scores[fact.id] = scores.get(fact.id, 0.0) + gain * share
    hits = []
    for id, fact in facts.items():
        known = view.as_known(fact)
        if known is None or (kinds and known.kind not in kinds) or not known.text:
            continue
        overlap = _overlap(terms, known)
        # What was heard later may have made it similar: its vector is not that of the part.
        cosine = similarity.get(("fact", id), 0.0) if known.text == fact.text else 0.0
        hits.append(Hit(known, scores[id] + 0.05 * overlap + 0.03 * cosine, overlap, cosine))
    return sorted(hits, key=lambda hit: -hit.score)[:limit]


def _facts_of(view: View, ref: Ref) -> list[tuple[Fact, float]]:
    """Return the facts that a search hit stands for, each with its share of the credit."""
    if ref.table == "fact":
        fact = view.store.fact(ref.id)
        return [(fact, 1.0)] if fact else []
    moment = view.store.moment(ref.id)
    if moment is None or moment.end_s > view.t:
        return []
    inside = view.store.facts(start_s=moment.start_s, end_s=moment.end_s)
    return [(fact, 0.25) for fact in inside[:20]]


def _overlap(terms: list[str], fact: Fact) -> float:
    if not terms:
        return 0.0
    names = " ".join([fact.text, str(fact.data.get("label", "")), *fact.data.get("names", ())])
    held = {stem(word) for word in content_words(names)}
    return sum(stem(term) in held for term in terms) / len(terms)


def stem(word: str) -> str:
    """Return a word without its commonest English endings, for comparing only."""
    for ending in ("'s", "ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
