"""Answers about the dialogue itself: what was asked, what was answered, and what came around it."""

import re
from dataclasses import dataclass

from omnilive.core.events import Kind
from omnilive.memory.base import Fact
from omnilive.memory.dialogue import Exchange, exchanges
from omnilive.memory.recall import View, stem
from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store
from omnilive.reasoning.finding import Finding, Telling
from omnilive.reasoning.followup import Followup
from omnilive.reasoning.quote import Quoter, quote

KEPT = 200  # exchanges that "what did I ask you?" looks through
AROUND_S = 600.0  # how far from an answer "before that" looks
_ASKED = re.compile(
    r"\b(?:did|have) i (?:just |already |ever )?(?:ask|asked|tell|told|say to|said to) ?(?:you)?\b|"
    r"\bmy (?:last|previous|first|earlier) question|"
    r"我(?:刚才|刚刚|之前)?(?:问|跟你说|告诉你)(?:过|了)?"
)
_ANSWERED = re.compile(
    r"\b(?:did|have) you (?:just |already |ever )?(?:say|said|answer|answered|tell me|told me)"
    r"|\byour (?:last|previous|first|earlier) (?:answer|reply)|"
    r"你(?:刚才|刚刚|之前)?(?:说|回答|告诉我)(?:过|了)"
)
_I_SAID = re.compile(
    r"\b(?:did|have) i (?:just )?(?:say|said|mention|mentioned)\b|我(?:刚才)?说了?什么"
)
_DULL = frozenset(
    """ask asked tell told say said answer answered reply question questions last previous first
    earlier already ever just me you again about
    我 你 刚 才 问 说 过 了 什 么 回 答 告 诉 之 前""".split()
)


def speaks_of_self(text: str) -> bool:
    """Tell whether what was said to the assistant counts: "what did I say?"."""
    return bool(_I_SAID.search(text.lower()))


@dataclass(frozen=True, slots=True)
class Talk:
    """One question about the dialogue up to stream time `t`."""

    view: View
    store: Store
    t: float
    limit: int
    chinese: bool
    tell: Telling = Telling()

    def about(self, question: str) -> Finding | None:
        """Answer what was asked or answered before; None when the question is no such one."""
        low = question.lower()
        is_asked, is_answered = bool(_ASKED.search(low)), bool(_ANSWERED.search(low))
        if not is_asked and not is_answered:
            return None
        terms = {stem(word) for word in content_words(low) if word not in _DULL}
        past = exchanges(self.store, self.t, recent_s=1e12, limit=KEPT)
        past = [e for e in past if not _is_about_talk(e.question)]
        held = [e for e in past if not terms or _share(terms, e, is_answered) >= 0.5]
        if not held:
            text = self._say("I have no record of that in our talk.", "我们的谈话里没有这个记录。")
            return Finding(text=text, supported=False)
        exchange = held[0] if re.search(r"\bfirst\b|第一", low) else held[-1]
        yes = self._say("Yes. ", "是的。") if re.match(r"(?:did|have)\b", low) else ""
        when = self.tell.clock(exchange.t)
        if is_answered:
            text = self._say(
                f"At {when} I said: “{exchange.text}”", f"{when} 我说:“{exchange.text}”"
            )
            return Finding(text=yes + text, evidence=self._facts(exchange))
        text = self._say(
            f"You asked at {when}: “{exchange.question}”", f"你在 {when} 问:“{exchange.question}”"
        )
        return Finding(text=yes + text, evidence=self._utterance(exchange))

    def around(self, asked: Followup, quotes: Quoter) -> Finding | None:
        """Answer what the question wants to know about an earlier answer."""
        about = asked.about
        if about is None:
            return None
        facts = self._facts(about)
        if asked.wants == "again":
            return Finding(text=about.full_text or about.text, evidence=facts)
        if asked.wants == "rest":
            return Finding(text=self._rest(about), evidence=facts)
        if not facts:
            return None
        if asked.wants == "when":
            text = self._say(
                f"At {self.tell.moment(facts[0].start_s)}.",
                f"在 {self.tell.moment(facts[0].start_s)}。",
            )
            return Finding(text=text, evidence=facts[:1])
        if asked.wants == "who":
            return self._who(facts)
        return self._beside(facts, quotes, after=asked.wants == "after")

    def _rest(self, about: Exchange) -> str:
        rest = about.full_text.removeprefix(about.text).strip()
        if about.interrupted and rest:
            return rest
        return self._say("That was all.", "说完了。")

    def _who(self, facts: tuple[Fact, ...]) -> Finding | None:
        said = next((f for f in facts if f.kind == "speech"), None)
        if said is None:
            return None
        there = self.view.facts("object", start_s=said.start_s, end_s=said.end_s)
        people = [f for f in there if f.data.get("label") == "person"]
        text = self._say(
            f"I cannot tell voices apart; it was said at {self.tell.moment(said.start_s)}.",
            f"我分不清声音;那是在 {self.tell.moment(said.start_s)} 说的。",
        )
        if people:
            names = ", ".join(dict.fromkeys(f.text for f in people))
            text += self._say(f" In view then: {names}.", f"当时画面里有:{names}。")
        evidence = (said, *people[: self.limit - 1])
        return Finding(text=text, evidence=evidence, supported=False)

    def _beside(self, facts: tuple[Fact, ...], quotes: Quoter, *, after: bool) -> Finding | None:
        """Return what came just before or after an answer's evidence, of the same kind."""
        first = facts[0]
        known = {f.id for f in facts}
        kinds: tuple[Kind, ...] = ("object", "sound", "text")
        kinds = (first.kind,) if first.kind in ("speech", "text") else kinds
        if after:
            last_s = max(f.end_s for f in facts if f.kind == first.kind and _is_near(f, first))
            near = self.view.facts(*kinds, start_s=last_s, end_s=last_s + AROUND_S)
            near = [f for f in near if f.start_s >= last_s - 0.2 and f.id not in known][:1]
        else:
            start_s = min(f.start_s for f in facts if f.kind == first.kind and _is_near(f, first))
            near = self.view.facts(*kinds, start_s=start_s - AROUND_S, end_s=start_s)
            near = [f for f in near if f.start_s < start_s and f.id not in known]
            near = sorted(near, key=lambda f: f.end_s if f.kind == "speech" else f.start_s)[-1:]
        if not near:
            text = self._say(
                f"I have nothing {'after' if after else 'before'} that.",
                f"{'之后' if after else '之前'}没有别的了。",
            )
            return Finding(text=text, evidence=facts[:1], supported=False)
        found = [f for f in quotes.passage(near[0]) if f.id not in known] or near
        if found[0].kind in ("speech", "text"):
            return Finding(text=quote(found, self.chinese, self.tell), evidence=tuple(found))
        when = self.tell.moment(near[0].start_s)
        text = self._say(
            f"{'After' if after else 'Before'} that, at {when}: {near[0].text}.",
            f"{'之后' if after else '之前'},在 {when}:{near[0].text}。",
        )
        return Finding(text=text, evidence=tuple(near))

    def _facts(self, about: Exchange) -> tuple[Fact, ...]:
        """Return the evidence of an answer, as far as it is still in the memory."""
        rows = (self.store.fact(item.id) for item in about.evidence if item.kind != "moment")
        return tuple(known for row in rows if row and (known := self.view.as_known(row)))

    def _utterance(self, exchange: Exchange) -> tuple[Fact, ...]:
        """Return what was heard of a question that was spoken."""
        if exchange.spoken is None:
            return ()
        start_s, end_s = exchange.spoken
        heard = self.store.facts(kinds=("speech",), start_s=start_s, end_s=end_s)
        return tuple(f for f in heard if f.start_s <= end_s and f.end_s >= start_s)[: self.limit]

    def _say(self, english: str, chinese: str) -> str:
        return chinese if self.chinese else english


def _is_about_talk(question: str) -> bool:
    return bool(_ASKED.search(question.lower()) or _ANSWERED.search(question.lower()))


def _share(terms: set[str], exchange: Exchange, is_answered: bool) -> float:
    text = f"{exchange.question} {exchange.text}" if is_answered else exchange.question
    held = {stem(word) for word in content_words(text)}
    return len(terms & held) / len(terms)


def _is_near(one: Fact, two: Fact) -> bool:
    return abs(one.start_s - two.start_s) < 30
