"""Finds what was perceived again: as of a moment, by words, by meaning and by time, fused."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from omnilive.core.events import Evidence, Kind, Percept
from omnilive.memory.base import Fact, Ref
from omnilive.memory.coarse import coarse_s, told_only_by
from omnilive.memory.query import FactQuery
from omnilive.memory.search.embed import Embedder
from omnilive.memory.search.words import content_words, states, words
from omnilive.memory.spans import Span
from omnilive.memory.store import Store

ECHO_S = 20.0  # speech this fresh that says what is asked is the question itself
MOMENT_FACTS = 20  # of a moment that was found, at most
MOMENT_SHARE = 0.25  # of the credit of a moment goes to each fact in it
LEARNED_SHARE = 0.5  # the same, of a moment that a learned ranker found
MOMENTS = 20  # that are looked into, of those that words and meaning find each
EPISODES = 8  # that are read through for what only they still tell of
FOUND = 60  # facts that words and meaning find each, at most
LONG_S = 60.0  # what lasts longer is not found by what else happened meanwhile
SPARE = 16  # more rows than wanted are read at once
RANK_OFFSET = 20  # of reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009, use 60

_OTHER_SCRIPT = re.compile(r"[\u0370-\u1cff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A fact that may bear on a question, and why it was found."""

    fact: Fact
    score: float  # fused, higher is better
    overlap: float  # share of the question's content words that the fact holds
    similarity: float  # cosine of the embeddings; 0 when unknown
    share: float = 0.0  # the same as overlap, rare words counting more

    @property
    def strength(self) -> float:
        """How surely the fact bears on the query, 0 to 1, whatever else was found."""
        return (self.share + max(0.0, self.similarity)) / 2


class Ranker(Protocol):
    """A learned opinion on which moments bear on a question: see memory/compressor. Thread-safe."""

    def rank(self, store: Store, question: str, since_s: float, until_s: float) -> list[Ref]:
        """Return the moments that lie in the span, best first; nothing later has a say."""
        ...

    def catch_up(self, store: Store) -> int:
        """Take in what is new in a store; return how many moments that was."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """A store as it was known at stream time `t`: nothing later shows through.

    What the assistant was asked or bidden is no part of what happened and shows only with `own`;
    what it was told ("the keys are in the drawer") is to be remembered. Its own voice, and the
    question itself (`asked`, while it was `spoken`), never show. `within` leaves out what
    happened at other times.
    """

    store: Store
    t: float
    own: bool = False
    asked: str = ""
    spoken: tuple[float, float] | None = None
    within: tuple[Span, ...] | None = None
    ranker: Ranker | None = None

    def facts(self, *kinds: Kind, start_s: float = -1e12, end_s: float | None = None) -> list[Fact]:
        """Return the facts of these kinds that overlap the span, as far as known at `t`."""
        end_s = self.t if end_s is None else end_s
        return self.find(FactQuery(kinds=kinds, start_s=start_s, end_s=end_s))

    def find(self, wanted: FactQuery) -> list[Fact]:
        """Return the facts that are wanted, as far as known at `t`, by start."""
        wanted = replace(wanted, end_s=min(wanted.end_s, self.t))
        if self.within is None:
            return self._find(wanted)
        found: dict[int, Fact] = {}
        for start_s, end_s in self.within:
            start_s, end_s = max(start_s, wanted.start_s), min(end_s, wanted.end_s)
            if start_s <= end_s:
                part = self._find(replace(wanted, start_s=start_s, end_s=end_s))
                found |= {fact.id: fact for fact in part}
        facts = sorted(found.values(), key=lambda fact: (fact.start_s, fact.id))
        if wanted.limit is None:
            return facts
        return facts[-wanted.limit :] if wanted.newest else facts[: wanted.limit]

    def _find(self, wanted: FactQuery) -> list[Fact]:
        if wanted.limit is None:
            return self._known(self.store.find_facts(wanted), wanted.start_s)
        found: list[Fact] = []
        page = replace(wanted, limit=wanted.limit + SPARE)
        while len(found) < wanted.limit:  # some may not be known yet, or be of no concern
            rows = self.store.find_facts(page)
            known = self._known(rows, wanted.start_s)
            found = [*known, *found] if wanted.newest else [*found, *known]
            if len(rows) < (page.limit or 0):
                break
            page = replace(page, offset=page.offset + len(rows))
        return found[-wanted.limit :] if wanted.newest else found[: wanted.limit]

    def _known(self, rows: Sequence[Fact], start_s: float) -> list[Fact]:
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

    def count(self) -> int:
        """Return about how many facts are remembered, of the time that is meant."""
        if self.within is None:
            return int(self.store.value("SELECT max(id) FROM fact") or 0)
        query = "SELECT count(*) FROM fact WHERE start_s >= ? AND start_s <= ?"
        return sum(int(self.store.value(query, *span)) for span in self.within)

    def evidence(self, fact: Fact, score: float = 0.0, *, now: bool = False) -> Evidence:
        """Return a fact as evidence, with the picture that shows it: with `now`, the newest."""
        start_s, end_s = (self.t, self.t) if now else (fact.start_s, fact.end_s)
        return Evidence(
            id=abs(fact.id), kind=fact.kind, start_s=fact.start_s, end_s=fact.end_s,
            text=fact.text, keyframe=self.store.keyframe_near(start_s, end_s), score=score,
            coarse_s=coarse_s(fact),
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
        return fact.data.get("to") == "assistant" and not self.own and not states(fact.text)


@dataclass(frozen=True, slots=True)
class Picture(View):
    """What was found in pictures that are shown at stream time `t`, and nothing else."""

    found: tuple[Fact, ...] = ()

    @classmethod
    def of(cls, store: Store, t: float, percepts: Sequence[Percept]) -> "Picture":
        """Return the view of what was perceived in them; such facts have negative ids."""
        facts = tuple(
            Fact(
                id=-i, kind=p.kind, start_s=t, end_s=t, text=p.text, confidence=p.confidence,
                open=True, data=p.data,
            )
            for i, p in enumerate(percepts, 1)
        )  # fmt: skip
        return cls(store, t, found=facts)

    def count(self) -> int:
        """Return how many things were found in them."""
        return len(self.found)

    def find(self, wanted: FactQuery) -> list[Fact]:
        """Return what is in the pictures and is wanted, whatever the time."""
        facts = [f for f in self.found if not wanted.kinds or f.kind in wanted.kinds]
        for name, values in wanted.data.items():
            facts = [f for f in facts if f.data.get(name) in values]
        if wanted.all_of:
            facts = [f for f in facts if _holds(f, wanted.all_of, all)]
        if wanted.any_of:
            facts = [f for f in facts if _holds(f, wanted.any_of, any)]
        if wanted.limit is None:
            return facts
        return facts[-wanted.limit :] if wanted.newest else facts[: wanted.limit]

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
    if embedder is not None and not view.store.vectors.takes(embedder.name):
        embedder = None
    vector = _vector(embedder, query)
    spans = view.within if view.within is not None else (Span(-1e12, view.t),)
    by_text: list[Ref] = []
    by_meaning: list[Ref] = []
    learned: list[Ref] = []
    for start_s, end_s in spans:
        end_s = min(end_s, view.t)
        if view.ranker is not None and vector is not None:
            learned += view.ranker.rank(view.store, query, start_s, end_s)[:MOMENTS]
        for table, most in (("fact", FOUND), ("moment", MOMENTS)):
            narrowed = {"since_s": start_s, "tables": (table,)}
            by_text += view.store.search_text(terms, end_s, most, kinds, **narrowed)
            if vector is not None:
                by_meaning += view.store.search_vector(vector, end_s, most, kinds, **narrowed)
    found = _fused(view, terms, _ranked(by_text), _ranked(by_meaning), _ranked(learned), kinds)
    return found[:limit]


def _vector(embedder: Embedder | None, query: str) -> np.ndarray | None:
    """Return what a query means, (D,); None when that cannot be told."""
    if embedder is None or not query.strip() or not reads(embedder, query):
        return None
    return embedder.embed([query])[0]


def reads(embedder: Embedder, text: str) -> bool:
    """Tell whether a model of sentences may read the language of a text, as its script shows."""
    return not getattr(embedder, "latin_only", False) or not _OTHER_SCRIPT.search(text)


def _ranked(refs: Sequence[Ref]) -> dict[str, list[Ref]]:
    """Return the refs by table, best first, each once."""
    found: dict[str, dict[int, Ref]] = {"fact": {}, "moment": {}}
    for ref in sorted(refs, key=lambda ref: -ref.score):
        found[ref.table].setdefault(ref.id, ref)
    return {table: list(of_table.values()) for table, of_table in found.items()}


def _fused(
    view: View, terms: list[str], by_text: dict[str, list[Ref]],
    by_meaning: dict[str, list[Ref]], learned: dict[str, list[Ref]], kinds: Sequence[Kind],
) -> list[Hit]:  # fmt: skip
    """Return the facts that were found, best first: ranks are summed, moments lend theirs."""
    facts, scores = _scored(view, by_text, by_meaning, learned)
    similarity = {ref.id: ref.score for ref in by_meaning["fact"]}
    shares = {ref.id: ref.share for ref in by_text["fact"]}
    hits = []
    for id, fact in facts.items():
        known = view.as_known(fact)
        if known is None or (kinds and known.kind not in kinds) or not known.text:
            continue
        overlap = _overlap(terms, known)
        # What was heard later may have made it similar: its vector is not that of the part.
        is_whole = known.text == fact.text
        cosine = similarity.get(id, 0.0) if is_whole else 0.0
        share = shares.get(id, 0.0) if is_whole else overlap
        score = scores[id] + 0.05 * overlap + 0.03 * cosine
        hits.append(Hit(known, score, overlap, cosine, share))
    hits += _coarse(view, terms, by_text["moment"], by_meaning["moment"], facts, kinds)
    return sorted(hits, key=lambda hit: (-hit.score, -hit.fact.start_s))


def _coarse(
    view: View, terms: list[str], by_text: Sequence[Ref], by_meaning: Sequence[Ref],
    facts: Mapping[int, Fact], kinds: Sequence[Kind],
) -> list[Hit]:  # fmt: skip
    """Return what only episodes still tell of: coarser, and a little behind what is exact."""
    hits: list[Hit] = []
    known = {fact.text for fact in facts.values()}
    cosines = {ref.id: ref.score for ref in by_meaning}
    for rank, ref in enumerate(by_text):
        moment = view.store.moment(ref.id) if rank < EPISODES else None
        if moment is None or not moment.level or moment.end_s > view.t:
            continue
        for part in told_only_by(moment, terms, known, kinds)[:1]:
            cosine = cosines.get(ref.id, 0.0)
            score = 1 / (RANK_OFFSET + rank) + 0.05 * part.overlap + 0.03 * cosine
            hits.append(Hit(part.fact, score, part.overlap, cosine, part.overlap))
    return hits


def _scored(
    view: View, by_text: dict[str, list[Ref]], by_meaning: dict[str, list[Ref]],
    learned: dict[str, list[Ref]],
) -> tuple[dict[int, Fact], dict[int, float]]:  # fmt: skip
    """Return the facts that were found, by id, and the reciprocal ranks of each, summed."""
    ids = {ref.id for refs in (by_text, by_meaning) for ref in refs["fact"]}
    facts = {fact.id: fact for fact in view.store.facts_of(sorted(ids))}
    scores = dict.fromkeys(facts, 0.0)
    inside = _facts_of(view, [*by_text["moment"], *by_meaning["moment"], *learned["moment"]])
    shares = (MOMENT_SHARE, MOMENT_SHARE, LEARNED_SHARE)
    for share, ranking in zip(shares, (by_text, by_meaning, learned), strict=True):
        for rank, ref in enumerate(ranking["fact"]):
            if ref.id in scores:
                scores[ref.id] += 1 / (RANK_OFFSET + rank)
        lent: dict[int, float] = {}  # of several moments that hold a fact, the best counts
        for rank, ref in enumerate(ranking["moment"]):
            for fact in inside.get(ref.id, ()):
                facts[fact.id] = fact
                lent.setdefault(fact.id, share / (RANK_OFFSET + rank))
        for id, gain in lent.items():
            scores[id] = scores.get(id, 0.0) + gain
    return facts, scores


def _facts_of(view: View, refs: Iterable[Ref]) -> dict[int, list[Fact]]:
    """Return the facts that moments hold, by moment: what was short enough to be of it."""
    found: dict[int, list[Fact]] = {}
    spans = view.store.moment_spans(list({ref.id for ref in refs}))
    for id, (start_s, end_s) in spans.items():
        if end_s <= view.t and end_s - start_s <= LONG_S:  # an episode tells of too much
            inside = FactQuery(start_s=start_s, end_s=end_s, limit=MOMENT_FACTS)
            held = view.store.find_facts(inside)
            found[id] = [fact for fact in held if fact.end_s - fact.start_s < LONG_S]
    return found


def _holds(fact: Fact, terms: Sequence[str], which: Callable[[Iterable[bool]], bool]) -> bool:
    held = words(_names(fact))
    return which(any(word.startswith(term) for word in held) for term in terms)


def _names(fact: Fact) -> str:
    return " ".join([fact.text, str(fact.data.get("label", "")), *fact.data.get("names", ())])


def _is_inside(fact: Fact, span: tuple[float, float]) -> bool:
    shared = min(fact.end_s, span[1] + 0.3) - max(fact.start_s, span[0] - 0.3)
    return shared > 0.5 * (fact.end_s - fact.start_s)


def _is_echo(text: str, asked: str) -> bool:
    """Tell whether an utterance is the question, perhaps with a name called before it."""
    if states(text) and not states(asked):  # the answer may well use the words of the question
        return False
    wanted, held = words(asked), words(text)
    if not wanted or len(held) > 1.5 * len(wanted) + 4:
        return False
    return sum(word in held for word in wanted) >= 0.8 * len(wanted)


def _overlap(terms: list[str], fact: Fact) -> float:
    if not terms:
        return 0.0
    held = {stem(word) for word in content_words(_names(fact))}
    return sum(stem(term) in held for term in terms) / len(terms)


def stem(word: str) -> str:
    """Return a word without its commonest English endings, for comparing only."""
    for ending in ("'s", "ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
