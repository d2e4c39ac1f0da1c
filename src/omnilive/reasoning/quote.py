"""Finds the words that bear on a question, said or written, and quotes them with their time."""

from dataclasses import dataclass

from omnilive.core.events import Kind
from omnilive.memory.base import Fact
from omnilive.memory.coarse import coarse_s
from omnilive.memory.query import FactQuery
from omnilive.memory.recall import Hit, recall, stem
from omnilive.memory.search.words import content_words, words
from omnilive.reasoning.finding import Finding, Telling
from omnilive.reasoning.match import MANY, TEXT_NOUNS, Matcher, in_order, names_of
from omnilive.reasoning.question import Question

BESIDE = 200  # things beside which text is looked for
IN_LANGUAGE = 500  # utterances of one language that are looked through


@dataclass(frozen=True, slots=True)
class Quoter:
    """Quotes for one question against one view of the memory."""

    question: Question
    match: Matcher
    limit: int

    def quoted(self, strict: bool = False) -> Finding | None:
        """Quote what was said or written that bears on the question most."""
        q = self.question
        order: dict[str, tuple[Kind, ...]] = {"said": ("speech",), "text": ("text",)}
        hits = self._hits(order.get(q.intent, ("speech", "text")), strict)
        if hits and q.intent in order:  # a far better match of the other kind is what was meant
            other = self._hits(("speech", "text"), strict=True)
            hits = other if other and other[0].overlap > hits[0].overlap + 0.3 else hits
        if not hits and q.intent == "text":
            hits = self._texts_beside() or self._only_texts()
        if not hits and q.intent in ("said", "text"):
            hits = self._hits(("speech", "text"), strict=True)
        if not hits and q.intent == "said" and not q.terms:
            said = self.match.latest("speech", count=3)
            hits = [Hit(fact, 1.0, 0.0, 0.0) for fact in reversed(said) if fact.text]
        if not hits and not strict and q.intent == "what":
            hits = self._hits(("scene", "caption", "object", "sound"), strict=True)
        if not hits:
            return None
        hits = in_order(hits, q.nth)
        best = hits[0].fact
        shown = [h.fact for h in hits[1:3] if h.score >= 0.8 * hits[0].score and q.nth is None]
        passages = [self.passage(fact) for fact in (best, *shown)]
        texts = list(dict.fromkeys(quote(facts, q.chinese, self.match.tell) for facts in passages))
        facts = dict.fromkeys(f.id for facts in passages for f in facts)
        known = {f.id: f for facts in passages for f in facts}
        first = [best, *(known[i] for i in facts if i != best.id)]
        return Finding(
            text=" ".join(texts), evidence=tuple(first), direct=False, strength=hits[0].strength
        )

    def _hits(self, kinds: tuple[Kind, ...], strict: bool) -> list[Hit]:
        q = self.question
        limit = self.limit if q.nth is None else MANY
        hits = recall(self.match.view, self.match.embedder, q.text, kinds=kinds, limit=limit)
        if not q.language:
            return [h for h in hits if self._bears(h, strict)]
        in_language = self.in_language()
        ids = {f.id for f in in_language}
        good = [h for h in hits if h.fact.id in ids and (self._bears(h, strict) or not q.terms)]
        # Few things were said in that language: the likeliest of them is the answer.
        return good or [Hit(f, 1.0, 0.0, 0.0) for f in in_language][:2]

    def _bears(self, hit: Hit, strict: bool) -> bool:
        """Tell whether a hit is about the question; being asked what was said needs less."""
        if self.question.terms and self.match.is_large:
            return self.match.is_about(hit, self.question.text)
        spoken = hit.fact.kind == "speech" and self.question.about_speech and not strict
        held = {stem(w) for w in content_words(hit.fact.text)}
        terms = self.question.terms
        share = sum(stem(t) in held for t in terms) / max(1, len(terms))
        if spoken:
            return share > 0 or hit.similarity >= 0.6 * self.match.min_similarity
        return share >= 0.34 or hit.similarity >= self.match.min_similarity

    def _texts_beside(self) -> list[Hit]:
        """Return texts that were on screen together with something that the question names."""
        wanted = {stem(t) for t in self.question.terms}
        view = self.match.view
        if not wanted:
            return []
        shown = view.find(FactQuery(kinds=("scene", "object"), any_of=tuple(wanted), limit=BESIDE))
        named = [f for f in shown if wanted & {stem(w) for w in content_words(names_of(f))}]
        texts: dict[int, Fact] = {}
        for n in named:
            beside = view.facts("text", start_s=n.start_s - 1, end_s=n.end_s + 1)
            texts |= {f.id: f for f in beside}
            if len(texts) >= 3:
                break
        first = sorted(texts.values(), key=lambda f: f.start_s)
        return [Hit(f, 1.0, 0.0, 0.0) for f in first[:3]]

    def _only_texts(self) -> list[Hit]:
        if not TEXT_NOUNS & set(words(self.question.text)):
            return []
        texts = self.match.first("text", count=4)
        return [Hit(f, 1.0, 0.0, 0.0) for f in texts] if len(texts) <= 3 else []

    def in_language(self) -> list[Fact]:
        """Return the first things that were said in the language that the question names."""
        data = {"language": (self.question.language,)}
        wanted = FactQuery(kinds=("speech",), data=data, limit=IN_LANGUAGE)
        return [f for f in self.match.view.find(wanted) if f.text]

    def passage(self, fact: Fact) -> list[Fact]:
        """Return an utterance with those right after it: people pause in mid-sentence."""
        if fact.kind != "speech":
            return [fact]
        around = self.match.view.facts("speech", start_s=fact.start_s - 8, end_s=fact.end_s + 12)
        at = next((i for i, f in enumerate(around) if f.id == fact.id), None)
        if at is None:
            return [fact]
        first, last, length = at, at, len(fact.text)
        while first > 0 and length < 120 and _follows(around[first - 1], around[first]):
            first -= 1
            length += len(around[first].text)
        while last + 1 < len(around) and length < 240 and _follows(around[last], around[last + 1]):
            last += 1
            length += len(around[last].text)
        return around[first : last + 1]


def _follows(one: Fact, two: Fact) -> bool:
    return two.start_s - one.end_s <= 1.2 and one.data.get("language") == two.data.get("language")


def quote(facts: list[Fact], chinese: bool, tell: Telling) -> str:
    """Return the words of a passage with the time and the way they came."""
    when, kind = tell.moment(facts[0].start_s), facts[0].kind
    glue = "" if facts[0].data.get("language") in ("zh", "ja") else " "
    text = glue.join(f.text for f in facts)
    if (about := coarse_s(facts[0])) > 0:
        return _coarse(facts[0], about, chinese, tell)
    if kind == "speech":
        return f"在 {when} 说:“{text}”" if chinese else f"At {when} someone said: “{text}”"
    if kind == "text":
        return f"在 {when} 屏幕上:“{text}”" if chinese else f"At {when} the text was: “{text}”"
    return f"在 {when}:{text}" if chinese else f"At {when}: {text}."


def _coarse(fact: Fact, about_s: float, chinese: bool, tell: Telling) -> str:
    """Return the words of something of which only an episode still tells, and how coarsely."""
    span, length = tell.span(fact.start_s, fact.end_s), tell.length(about_s)
    if chinese:
        return f"在 {span} 之间某时(只记得大概,误差 {length}):“{fact.text}”"
    how = {"speech": "someone said", "text": "the text was"}.get(str(fact.data["part"]), "I saw")
    return (
        f"Some time in {span} (what is that old is known to within {length}) {how}: “{fact.text}”"
    )
