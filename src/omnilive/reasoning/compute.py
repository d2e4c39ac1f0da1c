"""Answers what can be computed from the facts: when, how many, whether, which first, what said."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from omnilive.memory.base import Fact
from omnilive.memory.query import FactQuery
from omnilive.memory.recall import stem
from omnilive.memory.search.words import words
from omnilive.reasoning.counting import Counter, counts_at, pick
from omnilive.reasoning.finding import Finding, Telling
from omnilive.reasoning.lexicon import CHINESE_COLOURS, GROUPS, LANGUAGES, labels_for, plural, spell
from omnilive.reasoning.match import Matcher, count_at
from omnilive.reasoning.present import gaze
from omnilive.reasoning.question import Question, Target
from omnilive.reasoning.quote import Quoter, quote
from omnilive.reasoning.scene import Scene, asks_where
from omnilive.reasoning.summary import happened
from omnilive.reasoning.tallies import seen

SCENES = 50  # that are looked through for the colours of the picture


@dataclass(frozen=True, slots=True)
class Computer:
    """One question against one view of the memory."""

    question: Question
    match: Matcher
    vocabulary: tuple[str, ...]
    limit: int

    @property
    def scene(self) -> Scene:
        """What is or was where in the picture."""
        return Scene(self.question, self.match, self.limit)

    @property
    def counter(self) -> Counter:
        """How many and how long."""
        return Counter(self.question, self.match, self.limit)

    @property
    def quotes(self) -> Quoter:
        """What was said or written about it."""
        return Quoter(self.question, self.match, self.limit)

    def finding(self) -> Finding:
        """Return the best answer that the facts alone can give."""
        rules: dict[str, Callable[[], Finding | None]] = {
            "when": self._when,
            "how_long": self.counter.how_long,
            "how_many": self._how_many,
            "exists": self._exists,
            "order": self._order,
            "colour": self._colour,
            "what": self._what,
        }
        if look := gaze(self.question.text):
            return _honest(self.scene.looked(look))
        rule = rules.get(self.question.intent)
        found = (rule() if rule else None) or self.quotes.quoted() or self._nothing()
        return _honest(found)

    # when

    def _when(self) -> Finding | None:
        q = self.question
        for target in q.targets:
            facts = list(self.match.occurrences(q, target).facts)
            gone = [f for f in facts if not f.open]
            if q.leaving and gone:
                fact = pick(sorted(gone, key=lambda f: f.end_s), q.ordinal)
                if fact is not None:
                    return self._at(target, fact, fact.end_s, "left", "离开")
            if q.leaving and facts and not gone:
                return self._still_there(target, facts)
            fact = pick(facts, q.ordinal)
            if fact is not None and not q.leaving:
                verb, zh = _verb(fact)
                return self._at(target, fact, fact.start_s, verb, zh)
        return None

    def _still_there(self, target: Target, facts: list[Fact]) -> Finding:
        name = target.phrase
        text = self._say(f"The {name} has not left up to {self._until}.", f"{name}还没有离开。")
        return Finding(text=text, evidence=tuple(facts[-self.limit :]))

    def _at(self, target: Target, fact: Fact, t: float, verb: str, zh: str) -> Finding:
        if self.question.chinese:
            return Finding(
                text=f"{target.phrase}在 {self._tell.moment(t)} {zh}。", evidence=(fact,)
            )
        subject = f"“{fact.text}”" if fact.kind in ("text", "speech") else f"The {target.phrase}"
        return Finding(text=f"{subject} {verb} at {self._tell.moment(t)}.", evidence=(fact,))

    def _how_many(self) -> Finding | None:
        if self.question.about_speech and not self._topic():
            return None  # voices are not told apart
        return self.counter.how_many()

    # whether

    def _exists(self) -> Finding | None:
        q = self.question
        if q.about_speech:
            return self._whether_said() or self._anything_said()
        if not q.targets:
            return None
        if q.now and (unsure := self.scene.state()):
            return unsure
        target = q.targets[0]
        facts = self.match.objects(target, q.side)
        facts = facts or self.match.named(target, "text", "scene", "sound", "caption")
        if q.together and target.labels:
            return self._whether_together(target, facts)
        if facts and q.leaving and not q.side:
            return self._whether_left(facts)
        if q.now:
            facts = [f for f in facts if f.open and not f.data.get("hidden")]
        missing = [m for m in target.modifiers if not any(m in f.text.lower() for f in facts)]
        if facts and not missing:
            return self._yes(target, facts)
        return self._no(target, facts or self._in_another_colour(target))

    def _in_another_colour(self, target: Target) -> list[Fact]:
        return self.match.objects(replace(target, colour="")) if target.colour else []

    def _whether_left(self, facts: list[Fact]) -> Finding:
        here = [f for f in facts if f.open]
        last = max(facts, key=lambda f: f.end_s)
        if here:
            text = self._say("No, still there.", "没有,还在。")
            return Finding(text=text, evidence=tuple(here[: self.limit]))
        text = self._say(
            f"Yes, at {self._tell.moment(last.end_s)}.",
            f"是的,在 {self._tell.moment(last.end_s)}。",
        )
        return Finding(text=text, evidence=(last,))

    def _topic(self) -> list[str]:
        """Return what the question names besides people and languages."""
        return [
            term
            for term in self.question.terms
            if labels_for(term, self.vocabulary) != ("person",) and term not in LANGUAGES
        ]

    def _whether_said(self) -> Finding | None:
        """Tell whether all that the question names was mentioned in one breath."""
        terms = {stem(term) for term in self._topic()}
        if not terms:
            return None
        held = self.match.view.find(FactQuery(kinds=("speech",), all_of=tuple(terms)))
        said = [f for f in held if terms <= {stem(w) for w in words(f.text)}]
        if said:
            return Finding(
                text=f"Yes. {quote(said[:1], False, self._tell)}", evidence=tuple(said[:3])
            )
        name = " ".join(self._topic())
        text = self._say(
            f"No, I heard nobody mention {name} up to {self._until}.",
            f"没有,到 {self._until} 为止没有听到有人提到{name}。",
        )
        sure = not self.match.like(self.question.text, "speech")
        return Finding(
            text=text, evidence=tuple(self.match.latest("speech", count=3)), supported=sure
        )

    def _anything_said(self) -> Finding:
        if self.question.language:
            said = self.quotes.in_language()
        else:
            said = self.match.first("speech", count=self.limit)
        if self.question.now:
            recent = self.match.view.facts("speech", start_s=self.match.view.t - 3)
            said = [f for f in recent if self.question.language in ("", f.data.get("language"))]
        if not said:
            return Finding(
                text=self._say(
                    f"No, I heard no speech up to {self._until}.",
                    f"没有,到 {self._until} 为止没有听到说话。",
                ),
                evidence=tuple(self.match.first("sound", count=self.limit)) or self._coverage(),
            )
        text = f"Yes, at {self._tell.moment(said[0].start_s)} someone said: “{said[0].text}”"
        zh = f"有,在 {self._tell.moment(said[0].start_s)}:“{said[0].text}”"
        return Finding(text=self._say(text, zh), evidence=tuple(said[: self.limit]))

    def _whether_together(self, target: Target, facts: list[Fact]) -> Finding:
        counts = counts_at(facts, [f.start_s for f in facts])
        peak = max(facts, key=lambda f: counts[f.start_s], default=None)
        most = counts[peak.start_s] if peak else 0
        evidence = tuple(facts[: self.limit])
        if peak is not None and most >= 2:
            together = tuple(f for f in facts if count_at([f], peak.start_s))
            name = plural(target.labels[0], most)
            text = f"Yes, {spell(most)} {name} at {self._tell.moment(peak.start_s)}."
            return Finding(text=text, evidence=together)
        name = plural(target.labels[0], 2)
        text = f"No, I never saw two {name} at the same time up to {self._until}."
        return Finding(text=text, evidence=evidence or self._coverage())

    def _yes(self, target: Target, facts: list[Fact]) -> Finding:
        shown = facts[: self.limit]
        when = ", ".join(self._tell.span(f.start_s, f.end_s) for f in shown[:4])
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
        return Finding(
            text=self._say(text, zh), evidence=tuple(near[: self.limit]) or self._coverage(),
            supported=bool(target.labels) and not near,
        )  # fmt: skip

    # which first, which colour

    def _order(self) -> Finding | None:
        if self.question.sides:
            return self._which_side()
        if len(self.question.targets) < 2:
            return None
        firsts = []
        for target in self.question.targets[:2]:
            facts = self.match.sightings(self.question, target) or self.match.named(target)
            first = pick(seen(facts, self.match.view.within).facts, 0)
            firsts.append((target, first))
        (a, fact_a), (b, fact_b) = firsts
        if fact_a is None and fact_b is None:
            return None
        if fact_a is None or fact_b is None:
            (found, fact), (lost, _) = ((a, fact_a), (b, None)) if fact_a else ((b, fact_b), (a, 0))
            assert fact is not None
            text = (
                f"The {found.phrase} was there at {self._tell.moment(fact.start_s)}; I have no "
                f"record of the {lost.phrase}, so I cannot say which was first."
            )
            return Finding(text=text, evidence=(fact,), supported=False)
        (one, fact_1), (two, fact_2) = (
            ((a, fact_a), (b, fact_b))
            if fact_a.start_s <= fact_b.start_s
            else ((b, fact_b), (a, fact_a))
        )
        text = (
            f"The {one.phrase} came first, at {self._tell.moment(fact_1.start_s)}; "
            f"the {two.phrase} came at {self._tell.moment(fact_2.start_s)}."
        )
        if self.question.relation and "before or after" in self.question.text.lower():
            word = "Before" if fact_a.start_s <= fact_b.start_s else "After"
            text = f"{word}: {text[0].lower()}{text[1:]}"
        return Finding(text=text, evidence=(fact_1, fact_2))

    def _which_side(self) -> Finding | None:
        """Answer "which came (or went) first, the left one or the right one?"."""
        q = self.question
        facts = [f for t in q.targets for f in self.match.objects(t)]
        if q.leaving:
            facts = sorted((f for f in facts if not f.open), key=lambda f: f.end_s)
        if not facts:
            return None
        first = facts[-1 if q.ordinal == -1 else 0]
        side = first.data.get("position" if q.leaving else "first_position")
        t, verb = (first.end_s, "left") if q.leaving else (first.start_s, "came")
        text = f"The one on the {side} {verb} first, at {self._tell.moment(t)}."
        return Finding(text=text, evidence=(first,))

    def _colour(self) -> Finding | None:
        q = self.question
        if "black and white" in q.text.lower():
            scenes = self.match.latest("scene", count=30)
            plain = [f for f in scenes if f.text.startswith("black and white")]
            coloured = [f for f in scenes if f.text.startswith("picture in")]
            if plain and (not coloured or plain[-1].start_s >= coloured[-1].start_s):
                return Finding(text="The picture is black and white.", evidence=(plain[-1],))
            if coloured:
                return Finding(text="The picture is in colour.", evidence=(coloured[-1],))
            return None
        for target in q.targets:
            facts = self.match.objects(target, q.side)
            fact = pick(facts, q.ordinal if q.ordinal is not None else -1)
            if fact is not None and (colour := str(fact.data.get("colour", ""))):
                name = target.phrase
                when = self._tell.span(fact.start_s, fact.end_s)
                text = self._say(
                    f"The {name} is {colour} ({when}).",
                    f"{name}是{CHINESE_COLOURS.get(colour, colour)}({when})。",
                )
                return Finding(text=text, evidence=(fact,))
        return self._picture_colours() or self._nothing()

    def _picture_colours(self) -> Finding | None:
        """Name the colours of the picture: what was asked about cannot be told apart in it."""
        at_first = "beginning" in self.question.text.lower()
        some = self.match.first if at_first else self.match.latest
        scenes = [f for f in some("scene", count=SCENES) if f.data.get("palette")]
        scene = pick(scenes, 0 if at_first else -1)
        if scene is None or not self.question.targets:
            return None
        name, colours = self.question.targets[0].phrase, " and ".join(scene.data["palette"])
        text = (
            f"I cannot tell the {name} apart; the picture was mostly {colours} "
            f"({self._tell.span(scene.start_s, scene.end_s)})."
        )
        return Finding(text=text, evidence=(scene,), supported=False)

    # what

    def _what(self) -> Finding | None:
        q = self.question
        if q.time_words and not q.terms and not q.targets:
            return happened(q, self.match, self.limit)
        if q.relation and q.targets and (near := self._beside(q.targets[0])):
            return near
        if asks_where(q.text) and (place := self.scene.where()):
            return place
        if beside := self.scene.beside():
            return beside
        groups = [t for t in q.targets if any(n.removesuffix("s") in GROUPS for n in t.nouns)]
        for target in groups:
            facts = self.match.objects(target, q.side)
            facts = (self.match.here(facts) if q.now else facts) or facts
            if facts:
                names = list(dict.fromkeys(str(f.data.get("label")) for f in facts))
                when = self._tell.span(facts[0].start_s, facts[0].end_s)
                text = f"{' and '.join(names).capitalize()} ({when})."
                return Finding(text=text, evidence=tuple(facts[: self.limit]))
        return self.quotes.quoted(strict=True) or (self._in_view() if q.now else None)

    def _beside(self, target: Target) -> Finding | None:
        """Say what was there just before or after the target."""
        facts = self.match.sightings(self.question, target)
        if not facts:
            return None
        begin, end = facts[0].start_s, facts[0].end_s
        window = (begin - 6, begin - 0.3) if self.question.relation == "before" else (end, end + 6)
        near = [
            f
            for f in self.match.view.facts(
                "object", "scene", "text", start_s=window[0], end_s=window[1]
            )
            if f.id not in {fact.id for fact in facts}
        ]
        if not near:
            return None
        names = ", ".join(dict.fromkeys(f.text for f in near[: self.limit]))
        text = f"{self.question.relation.capitalize()} the {target.phrase}: {names}."
        return Finding(text=text, evidence=tuple(near[: self.limit]))

    def _in_view(self) -> Finding | None:
        """List what is to be seen now, unless the question is about something else."""
        if any(not labels_for(term, self.vocabulary) for term in self.question.terms):
            return None
        found = self.scene.in_view()
        return found if found.evidence else None

    def _coverage(self) -> tuple[Fact, ...]:
        return self.match.coverage(self.limit)

    def _nothing(self) -> Finding:
        until = self._until
        text = f"I have not seen or heard anything about that up to {until}."
        zh = f"到 {until} 为止,我没有看到或听到与此有关的内容。"
        return Finding(text=self._say(text, zh), supported=False)

    @property
    def _tell(self) -> Telling:
        return self.match.tell

    @property
    def _until(self) -> str:
        return self._tell.clock(self.match.view.t)

    def _say(self, english: str, chinese: str) -> str:
        return chinese if self.question.chinese else english


def _honest(found: Finding) -> Finding:
    """Return a finding that claims nothing without evidence."""
    return found if found.evidence else replace(found, supported=False)


def _verb(fact: Fact) -> tuple[str, str]:
    if fact.kind == "speech":
        return "was said", "说出"
    if fact.kind == "sound":
        return "began", "开始"
    return "appeared", "出现"
