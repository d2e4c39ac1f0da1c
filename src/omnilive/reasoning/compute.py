"""Answers what can be computed from the facts: when, how many, whether, which first, what said."""

from collections.abc import Callable
from dataclasses import dataclass

from omnilive.memory.base import Fact
from omnilive.memory.recall import Hit, recall
from omnilive.reasoning.finding import Finding, clock, moment, span
from omnilive.reasoning.lexicon import CHINESE_COLOURS, GROUPS, plural, spell
from omnilive.reasoning.match import Matcher, count_at
from omnilive.reasoning.question import Question, Target


@dataclass(frozen=True, slots=True)
class Computer:
    """One question against one view of the memory."""

    question: Question
    match: Matcher
    vocabulary: tuple[str, ...]
    limit: int

    def finding(self) -> Finding:
        """Return the best answer that the facts alone can give."""
        rules: dict[str, Callable[[], Finding | None]] = {
            "when": self._when,
            "how_long": self._how_long,
            "how_many": self._how_many,
            "exists": self._exists,
            "order": self._order,
            "colour": self._colour,
            "what": self._what,
        }
        rule = rules.get(self.question.intent)
        found = rule() if rule else None
        return found or self._quoted() or self._nothing()

    # when

    def _when(self) -> Finding | None:
        q = self.question
        for target in q.targets:
            facts = self.match.sightings(q, target)
            if q.leaving and (gone := [f for f in facts if not f.open]):
                fact = _pick(sorted(gone, key=lambda f: f.end_s), q.ordinal)
                if fact is not None:
                    return self._at(target, fact, fact.end_s, "left", "离开")
            fact = _pick(facts, q.ordinal)
            if fact is not None and not q.leaving:
                verb, zh = _verb(fact)
                return self._at(target, fact, fact.start_s, verb, zh)
        return None

    def _at(self, target: Target, fact: Fact, t: float, verb: str, zh: str) -> Finding:
        if self.question.chinese:
            return Finding(text=f"{target.phrase}在 {moment(t)} {zh}。", evidence=(fact,))
        subject = f"“{fact.text}”" if fact.kind in ("text", "speech") else f"The {target.phrase}"
        return Finding(text=f"{subject} {verb} at {moment(t)}.", evidence=(fact,))

    def _how_long(self) -> Finding | None:
        for target in self.question.targets:
            facts = self.match.sightings(self.question, target)
            fact = _pick(facts, self.question.ordinal)
            if fact is None:
                continue
            total = sum(f.end_s - f.start_s for f in facts)
            if self.question.total and len(facts) > 1:
                text = f"{total:.0f} s in {len(facts)} stretches."
                return Finding(text=text, evidence=tuple(facts[: self.limit]))
            length = fact.end_s - fact.start_s
            more = " so far" if fact.open else ""
            when = span(fact.start_s, fact.end_s)
            return Finding(text=f"{length:.0f} s{more}, {when}.", evidence=(fact,))
        return None

    # how many

    def _how_many(self) -> Finding | None:
        q = self.question
        for target in q.targets:
            facts = self.match.objects(target) or self.match.named(target, "sound", "text")
            if not facts and not target.labels:
                continue
            if q.fewest:
                return self._fewest(target, facts)
            if q.together:
                return self._most(target, facts)
            if q.now:
                here = [f for f in self.match.visible() if f in facts]
                return self._count(target, len(here), here or facts[-1:], "now", "现在")
            return self._count(target, len(facts), facts, f"up to {self._until}", "到目前为止")
        return None

    def _count(self, target: Target, count: int, facts: list[Fact], when: str, zh: str) -> Finding:
        evidence = tuple(facts[-self.limit :])
        if self.question.chinese:
            return Finding(text=f"{zh}有 {count} 个{target.phrase}。", evidence=evidence)
        noun = plural(target.labels[0] if target.labels else target.phrase, count)
        number = spell(count)
        digits = f" ({count})" if number != str(count) else ""
        text = f"{number.capitalize()}{digits} {noun}, {when}."
        return Finding(text=text, evidence=evidence, supported=bool(evidence))

    def _fewest(self, target: Target, facts: list[Fact]) -> Finding:
        times = [f.start_s for f in facts] + [f.end_s + 0.1 for f in facts if not f.open]
        begin = min((f.start_s for f in facts), default=0.0) + 2.0
        counts = {t: count_at(facts, t) for t in times if begin <= t <= self.match.view.t}
        low_t = min(counts, key=lambda t: counts[t], default=self.match.view.t)
        low, here = counts.get(low_t, len(facts)), count_at(facts, self.match.view.t)
        name = plural(target.labels[0] if target.labels else target.phrase, 2)
        text = (
            f"The smallest number of {name} was {spell(low)} ({low}), at {clock(low_t)}; "
            f"now {spell(here)} ({here})."
        )
        return Finding(text=text, evidence=tuple(facts[: self.limit]))

    def _most(self, target: Target, facts: list[Fact]) -> Finding:
        peak = max(facts, key=lambda f: count_at(facts, f.start_s), default=None)
        count = count_at(facts, peak.start_s) if peak else 0
        when = f"at the same time (at {clock(peak.start_s)})" if peak else "at any time"
        together = [f for f in facts if peak and count_at([f], peak.start_s)]
        return self._count(target, count, together, when, "同时最多")

    # whether

    def _exists(self) -> Finding | None:
        q = self.question
        if not q.targets or (q.about_speech and not q.terms):
            return self._anything_said() if q.about_speech else None
        target = q.targets[0]
        if q.about_speech and not target.labels == ("person",):
            facts = self.match.named(target, "speech")
        elif q.about_speech:
            return self._anything_said()
        else:
            facts = self.match.objects(target, q.side)
            facts = facts or self.match.named(target, "text", "scene", "sound", "caption")
        if q.together and target.labels:
            return self._whether_together(target, facts)
        if q.now:
            facts = [f for f in facts if f.open or f.end_s >= self.match.view.t - 1.5]
        missing = [m for m in target.modifiers if not any(m in f.text.lower() for f in facts)]
        if facts and not missing:
            return self._yes(target, facts)
        return self._no(target, facts)

    def _anything_said(self) -> Finding:
        said = [f for f in self.match.view.facts("speech") if f.text]
        said = [f for f in said if self.question.language in ("", f.data.get("language"))]
        if not said:
            return Finding(
                text=self._say(
                    f"No, I heard no speech up to {self._until}.",
                    f"没有,到 {self._until} 为止没有听到说话。",
                ),
                evidence=tuple(self.match.view.facts("sound")[: self.limit]),
            )
        text = f"Yes, at {moment(said[0].start_s)} someone said: “{said[0].text}”"
        zh = f"有,在 {moment(said[0].start_s)}:“{said[0].text}”"
        return Finding(text=self._say(text, zh), evidence=tuple(said[: self.limit]))

    def _whether_together(self, target: Target, facts: list[Fact]) -> Finding:
        peak = max(facts, key=lambda f: count_at(facts, f.start_s), default=None)
        most = count_at(facts, peak.start_s) if peak else 0
        evidence = tuple(facts[: self.limit])
        if peak is not None and most >= 2:
            together = tuple(f for f in facts if count_at([f], peak.start_s))
            name = plural(target.labels[0], most)
            text = f"Yes, {spell(most)} {name} at {moment(peak.start_s)}."
            return Finding(text=text, evidence=together)
        name = plural(target.labels[0], 2)
        text = f"No, I never saw two {name} at the same time up to {self._until}."
        return Finding(text=text, evidence=evidence)

    def _yes(self, target: Target, facts: list[Fact]) -> Finding:
        shown = facts[: self.limit]
        when = ", ".join(span(f.start_s, f.end_s) for f in shown[:4])
        more = f" and {len(facts) - 4} more times" if len(facts) > 4 else ""
        name = target.phrase or shown[0].text
        text = self._say(f"Yes: {name}, {when}{more}.", f"有:{name},{when}。")
        return Finding(text=text, evidence=tuple(shown))

    def _no(self, target: Target, near: list[Fact]) -> Finding:
        """Nothing was found: say so, and how far that can be relied on."""
        q, seen_until = self.question, self._until
        verb = "heard" if q.about_speech else "saw"
        when = "right now" if q.now else f"up to {seen_until}"
        name = target.phrase
        text = f"No, I {verb} no {name} {when}."
        if near:
            text = f"No, I saw nothing that I could tell to be a {name}; I saw {near[0].text}."
        elif not target.labels and not q.about_speech:
            text += f" (“{name}” is not among the objects that I can recognise.)"
        zh = f"没有,到 {seen_until} 为止没有看到{name}。"
        seen = self.match.visible() if q.now else self.match.view.facts("object")[-3:]
        return Finding(
            text=self._say(text, zh), evidence=tuple(near or seen)[: self.limit],
            supported=bool(target.labels) and not near,
        )  # fmt: skip

    # which first, which colour

    def _order(self) -> Finding | None:
        if len(self.question.targets) < 2:
            return None
        firsts = []
        for target in self.question.targets[:2]:
            facts = self.match.sightings(self.question, target) or self.match.named(target)
            firsts.append((target, facts[0] if facts else None))
        (a, fact_a), (b, fact_b) = firsts
        if fact_a is None and fact_b is None:
            return None
        if fact_a is None or fact_b is None:
            (found, fact), (lost, _) = ((a, fact_a), (b, None)) if fact_a else ((b, fact_b), (a, 0))
            assert fact is not None
            text = (
                f"The {found.phrase} was there at {moment(fact.start_s)}; I have no record of "
                f"the {lost.phrase}, so I cannot say which was first."
            )
            return Finding(text=text, evidence=(fact,), supported=False)
        (one, fact_1), (two, fact_2) = (
            ((a, fact_a), (b, fact_b))
            if fact_a.start_s <= fact_b.start_s
            else ((b, fact_b), (a, fact_a))
        )
        text = (
            f"The {one.phrase} came first, at {moment(fact_1.start_s)}; "
            f"the {two.phrase} came at {moment(fact_2.start_s)}."
        )
        if self.question.relation and "before or after" in self.question.text.lower():
            word = "Before" if fact_a.start_s <= fact_b.start_s else "After"
            text = f"{word}: {text[0].lower()}{text[1:]}"
        return Finding(text=text, evidence=(fact_1, fact_2))

    def _colour(self) -> Finding | None:
        view, q = self.match.view, self.question
        if "black and white" in q.text.lower():
            scenes = view.facts("scene")[-30:]
            plain = [f for f in scenes if f.text.startswith("black and white")]
            coloured = [f for f in scenes if f.text.startswith("picture in")]
            if plain and (not coloured or plain[-1].start_s >= coloured[-1].start_s):
                return Finding(text="The picture is black and white.", evidence=(plain[-1],))
            if coloured:
                return Finding(text="The picture is in colour.", evidence=(coloured[-1],))
            return None
        for target in q.targets:
            facts = self.match.objects(target, q.side)
            fact = _pick(facts, q.ordinal if q.ordinal is not None else -1)
            if fact is not None and (colour := str(fact.data.get("colour", ""))):
                name = target.phrase
                when = span(fact.start_s, fact.end_s)
                text = self._say(
                    f"The {name} is {colour} ({when}).",
                    f"{name}是{CHINESE_COLOURS.get(colour, colour)}({when})。",
                )
                return Finding(text=text, evidence=(fact,))
        return self._nothing()

    # what

    def _what(self) -> Finding | None:
        q = self.question
        groups = [t for t in q.targets if any(n.rstrip("s") in GROUPS for n in t.nouns)]
        for target in groups:
            facts = self.match.objects(target, q.side)
            facts = [f for f in facts if not q.now or f in self.match.visible()] or facts
            if facts:
                names = list(dict.fromkeys(str(f.data.get("label")) for f in facts))
                text = f"{' and '.join(names).capitalize()} ({span(facts[0].start_s, facts[0].end_s)})."
                return Finding(text=text, evidence=tuple(facts[: self.limit]))
        if groups or not (q.now and not q.about_text):
            return None
        visible = self.match.visible()
        tags = [f for f in self.match.view.facts("scene") if f.open and "tag" in f.data]
        if not visible and not tags:
            return None
        names = list(dict.fromkeys([f.text for f in visible] + [f.text for f in tags]))
        text = self._say(f"Now I see: {', '.join(names)}.", f"现在看到:{'、'.join(names)}。")
        return Finding(text=text, evidence=tuple([*visible, *tags][: self.limit]))

    # quoting

    def _quoted(self) -> Finding | None:
        """Quote what was said or written that bears on the question most."""
        q = self.question
        order = {"said": ("speech",), "text": ("text",)}.get(q.intent, ("speech", "text"))
        hits = self._hits(*order) or self._hits("speech", "text")
        if not hits and q.intent == "said" and not q.terms:
            hits = self._latest()
        if not hits and q.intent == "what":
            hits = self._hits("scene", "caption", "object", "sound")
        if not hits:
            return None
        shown = [h for h in hits if h.score >= 0.8 * hits[0].score][:3]
        facts = sorted((h.fact for h in shown), key=lambda f: f.start_s)
        best = hits[0].fact
        rest = [f for f in facts if f.id != best.id]
        text = " ".join([_quote(best, q.chinese), *(_quote(f, q.chinese) for f in rest)])
        return Finding(text=text, evidence=(best, *rest), direct=False)

    def _hits(self, *kinds: str) -> list[Hit]:
        view, q = self.match.view, self.question
        query = " ".join(q.terms) if q.terms else q.text
        hits = recall(view, self.match.embedder, q.text, kinds=kinds, limit=self.limit)  # type: ignore[arg-type]
        if q.language:
            hits = [h for h in hits if h.fact.data.get("language") == q.language]
            if not hits:
                hits = [
                    Hit(f, 1.0, 1.0, 1.0)
                    for f in view.facts("speech")
                    if f.data.get("language") == q.language
                ]
            if hits and not q.terms:
                return hits
        del query
        return [h for h in hits if self._bears(h)]

    def _bears(self, hit: Hit) -> bool:
        held = hit.fact.text.lower()
        names = [t for t in self.question.terms if t in held]
        strong = len(names) / max(1, len(self.question.terms))
        return strong >= 0.34 or hit.similarity >= self.match.min_similarity

    def _latest(self) -> list[Hit]:
        said = self.match.view.facts("speech")[-3:]
        return [Hit(fact, 1.0, 0.0, 0.0) for fact in reversed(said)]

    def _nothing(self) -> Finding:
        until = self._until
        text = f"I have not seen or heard anything about that up to {until}."
        zh = f"到 {until} 为止,我没有看到或听到与此有关的内容。"
        return Finding(text=self._say(text, zh), supported=False)

    @property
    def _until(self) -> str:
        return clock(self.match.view.t)

    def _say(self, english: str, chinese: str) -> str:
        return chinese if self.question.chinese else english


def _pick(facts: list[Fact], ordinal: int | None) -> Fact | None:
    """Return the n-th of the facts (the first by default), None when there are fewer."""
    index = ordinal or 0
    return facts[index] if -len(facts) <= index < len(facts) else None


def _verb(fact: Fact) -> tuple[str, str]:
    if fact.kind == "speech":
        return "was said", "说出"
    if fact.kind == "sound":
        return "began", "开始"
    return "appeared", "出现"


def _quote(fact: Fact, chinese: bool) -> str:
    when = moment(fact.start_s)
    if fact.kind == "speech":
        return (
            f"在 {when} 说:“{fact.text}”" if chinese else f"At {when} someone said: “{fact.text}”"
        )
    if fact.kind == "text":
        return (
            f"在 {when} 屏幕上:“{fact.text}”"
            if chinese
            else f"At {when} the text was: “{fact.text}”"
        )
    return f"在 {when}:{fact.text}" if chinese else f"At {when}: {fact.text}."
