"""Finds what was perceived again: as of a moment, by words, by meaning and by time, fused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from omnilive.core.events import Evidence, Kind, Percept
from omnilive.memory.base import Fact, Ref
from omnilive.memory.embed import Embedder
from omnilive.memory.sqlite import SqliteStore
from omnilive.memory.words import content_words, words

ECHO_S = 20.0  # speech this fresh that says what is asked is the question itself
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
    """A store as it was known at stream time `t`: nothing later shows through.

    What was said to the assistant is no part of what happened and shows only with `own`. Its
    own voice, and the question itself (`asked`, while it was `spoken`), never show.
    """

    store: SqliteStore
    t: float
    own: bool = False
    asked: str = ""
    spoken: tuple[float, float] | None = None

    def facts(self, *kinds: Kind, start_s: float = -1e12, end_s: float | None = None) -> list[Fact]:
        """Return the facts of these kinds that overlap the span, as far as known at `t`."""
        end_s = self.t if end_s is None else min(end_s, self.t)
        rows = self.store.facts(kinds=kinds, start_s=start_s, end_s=end_s)
        known = [fact for row in rows if (fact := self.as_known(row)) is not None]
        return [fact for fact in known if fact.end_s >= start_s]

    def as_known(self, fact: Fact) -> Fact | None:
        """Return the fact as it was known at `t`, or None when it was not known at all."""
        if fact.start_s > self.t or (fact.kind == "speech" and self._is_dialogue(fact)):
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

    def evidence(self, fact: Fact, score: float = 0.0, *, now: bool = False) -> Evidence:
        """Return a fact as evidence, with the picture that shows it: with `now`, the newest."""
        start_s, end_s = (self.t, self.t) if now else (fact.start_s, fact.end_s)
        return Evidence(
            id=fact.id, kind=fact.kind, start_s=fact.start_s, end_s=fact.end_s, text=fact.text,
            keyframe=self.store.keyframe_near(start_s, end_s), score=score,
        )  # fmt: skip

    def hits(
        self, embedder: Embedder | None, query: str, kinds: Sequence[Kind], limit: int
    ) -> list["Hit"]:
        """Return the facts that bear on the query, best first: see `recall`."""
        return _recall(self, embedder, query, kinds, limit)

    def _is_dialogue(self, fact: Fact) -> bool:
        """Tell whether speech belongs to the dialogue with the assistant, or is the question."""
        if self.spoken is not None and _is_inside(fact, self.spoken):
            return True
        if self.asked and fact.end_s > self.t - ECHO_S and _is_echo(fact.text, self.asked):
            return True
        if fact.data.get("by") == "assistant":
            return True
        return fact.data.get("to") == "assistant" and not self.own


@dataclass(frozen=True, slots=True)
class Picture(View):
    """What was found in pictures that are shown at stream time `t`, and nothing else."""

    found: tuple[Fact, ...] = ()

    @classmethod
    def of(cls, store: SqliteStore, t: float, percepts: Sequence[Percept]) -> "Picture":
        """Return the view of what was perceived in them; such facts have negative ids."""
        facts = tuple(
            Fact(
                id=-i, kind=p.kind, start_s=t, end_s=t, text=p.text, confidence=p.confidence,
                open=True, data=p.data,
            )
            for i, p in enumerate(percepts, 1)
        )  # fmt: skip
        return cls(store, t, found=facts)

    def facts(self, *kinds: Kind, start_s: float = -1e12, end_s: float | None = None) -> list[Fact]:
        """Return what is in the pictures, of these kinds."""
        return [fact for fact in self.found if not kinds or fact.kind in kinds]

    def evidence(self, fact: Fact, score: float = 0.0, *, now: bool = False) -> Evidence:
        """Return a fact as evidence; the pictures are not in the memory."""
        return Evidence(
            id=fact.id, kind=fact.kind, start_s=fact.start_s, end_s=fact.end_s, text=fact.text,
            score=score,
        )  # fmt: skip

    def hits(
        self, embedder: Embedder | None, query: str, kinds: Sequence[Kind], limit: int
    ) -> list["Hit"]:
        """Return what shares words with the query, best first."""
        terms = content_words(query)
        found = [Hit(f, _overlap(terms, f), _overlap(terms, f), 0.0) for f in self.facts(*kinds)]
        return sorted((h for h in found if h.overlap), key=lambda hit: -hit.score)[:limit]


def recall(
    view: View, embedder: Embedder | None, query: str, *, kinds: Sequence[Kind] = (), limit: int = 8
) -> list[Hit]:
    """Return the facts that bear on the query, best first: words, meaning and neighbourhood.

    Ranks by reciprocal rank fusion of full text, vectors, and of the moments that hold the
    fact (what was on screen while something was said counts for both).
    """
    return view.hits(embedder, query, kinds, limit)


def _recall(
    view: View, embedder: Embedder | None, query: str, kinds: Sequence[Kind], limit: int
) -> list[Hit]:
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


def _is_inside(fact: Fact, span: tuple[float, float]) -> bool:
    shared = min(fact.end_s, span[1] + 0.3) - max(fact.start_s, span[0] - 0.3)
    return shared > 0.5 * (fact.end_s - fact.start_s)


def _is_echo(text: str, asked: str) -> bool:
    """Tell whether an utterance is the question, perhaps with a name called before it."""
    wanted, held = words(asked), words(text)
    if not wanted or len(held) > 1.5 * len(wanted) + 4:
        return False
    return sum(word in held for word in wanted) >= 0.8 * len(wanted)


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
