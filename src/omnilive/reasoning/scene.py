"""Answers from what is in view, now or then: what is seen, held, written, where, beside what."""

import re
from dataclasses import dataclass

from omnilive.memory.base import Fact
from omnilive.reasoning.finding import Finding
from omnilive.reasoning.lexicon import CHINESE_PLACES, spell
from omnilive.reasoning.match import Matcher
from omnilive.reasoning.present import Gaze
from omnilive.reasoning.question import Question

HELD = frozenset(
    (
        "backpack,umbrella,handbag,frisbee,sports ball,baseball bat,tennis racket,bottle,"
        "wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,carrot,hot dog,"
        "pizza,donut,cake,laptop,mouse,remote,keyboard,cell phone,book,scissors,teddy bear,"
        "hair drier,toothbrush"
    ).split(",")
)
FIXED = frozenset(
    ["person", "dining table", "chair", "couch", "bed", "bench", "tv", "refrigerator"]
)
NEAR = 0.12  # of the picture's width between two boxes that are next to each other
_BESIDE = re.compile(
    r"\b(?:next to|beside|near|close to|(?:to the )?(left|right) of)"
    r" (?:the|a|an|that)\b|旁边|附近"
)
_STATE = re.compile(
    r"^(?:is|are) (?:the|my|this|that|your) .*\b(open|closed|shut|locked|unlocked|on|off|full|"
    r"empty|clean|dirty|awake|asleep|broken|lit|hot|cold|ready|finished|done|happy|sad|alive|dead|"
    r"(?!morning|evening|anything|something|building|ceiling|painting)\w{2,}ing)[?.! ]*$"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One question about the picture against one view of the memory."""

    question: Question
    match: Matcher
    limit: int

    def looked(self, gaze: Gaze) -> Finding:
        """Answer from the present picture."""
        looks = {
            "held": self._held, "this": self._this, "read": self._read, "who": self._who,
            "view": self.in_view,
        }  # fmt: skip
        return looks[gaze or "view"]()

    def in_view(self) -> Finding:
        """List what is to be seen now."""
        things, texts, tags = self.match.visible(), self.match.written(), self._tags()
        names = list(dict.fromkeys(f.text for f in [*things, *tags]))
        parts = [self._say(", ".join(names), "、".join(names))] if names else []
        if texts:
            words = "; ".join(f"“{f.text}”" for f in texts[:3])
            parts.append(self._say(f"the text {words}", f"文字{words}"))
        if not parts:
            return self._nothing()
        text = self._say(f"Now I see: {' and '.join(parts)}.", f"现在看到:{'、'.join(parts)}。")
        return self._now(text, [*things, *texts, *tags])

    def state(self) -> Finding | None:
        """Admit that the state of a thing ("is the door open?") cannot be told."""
        q = self.question
        match = _STATE.match(" ".join(q.text.lower().split()))
        if match is None or not q.targets or q.targets[0].colour:
            return None
        target = q.targets[0]
        here = self.match.here(self.match.objects(target))
        name = target.phrase.removesuffix(match[1]).strip() or target.phrase
        if here:
            text = f"I see {here[0].text}, but I cannot tell whether it is {match[1]}."
            return self._now(text, here, supported=False)
        seen = self.match.visible() or self._tags()
        text = f"I cannot tell whether the {name} is {match[1]}: I do not see it."
        if seen:
            text += f" Now I see: {', '.join(dict.fromkeys(f.text for f in seen))}."
        return self._now(text, seen, supported=False)

    def where(self) -> Finding | None:
        """Say where a thing is in the picture, or was last."""
        for target in self.question.targets:
            facts = self.match.objects(target)
            if not facts:
                continue
            here = self.match.here(facts)
            fact = max(here or facts, key=lambda f: f.end_s)
            place = str(fact.data.get("position") or "")
            zh = CHINESE_PLACES.get(place, place)
            when = self.match.tell.span(fact.start_s, fact.end_s)
            if here:
                text = self._say(
                    f"The {fact.text} is on the {place} of the picture.", f"{zh}:{fact.text}。"
                )
                return self._now(text.replace("on the centre", "in the centre"), [fact])
            text = self._say(
                f"The {fact.text} was on the {place} of the picture ({when}).",
                f"{fact.text}在{zh}({when})。",
            )
            return Finding(text=text.replace("on the centre", "in the centre"), evidence=(fact,))
        return None

    def beside(self) -> Finding | None:
        """Say what is or was next to a thing that the question names."""
        q = self.question
        match = _BESIDE.search(q.text.lower())
        if match is None or not q.targets or not q.targets[-1].labels:
            return None
        anchors = self.match.objects(q.targets[-1])
        if not anchors:
            return None
        anchor = next((f for f in reversed(anchors) if f.open), anchors[-1])
        near = self._near(anchor, match[1] or "")
        when = self.match.tell.span(anchor.start_s, anchor.end_s)
        if not near:
            text = self._say(
                f"I saw nothing next to the {anchor.text} ({when}).",
                f"{anchor.text}旁边没有看到别的东西({when})。",
            )
            return Finding(text=text, evidence=(anchor,), supported=False)
        names = list(dict.fromkeys(f.text for f in near))
        text = self._say(
            f"Next to the {anchor.text}: {', '.join(names)} ({when}).",
            f"{anchor.text}旁边:{'、'.join(names)}({when})。",
        )
        return Finding(text=text, evidence=(*near[: self.limit - 1], anchor))

    def _near(self, anchor: Fact, side: str) -> list[Fact]:
        """Return what stood beside a thing while it was there, the nearest first."""
        box = anchor.data.get("box")
        others = [
            f
            for f in self.match.view.facts("object", start_s=anchor.start_s, end_s=anchor.end_s)
            if f.id != anchor.id and f.start_s <= anchor.end_s and f.end_s >= anchor.start_s
        ]
        if box is None:
            return others
        with_box = [(f, f.data["box"]) for f in others if "box" in f.data]
        middle = (box[0] + box[2]) / 2
        if side:
            sign = -1 if side == "left" else 1
            with_box = [(f, b) for f, b in with_box if sign * ((b[0] + b[2]) / 2 - middle) > 0]
        gaps = [(max(b[0] - box[2], box[0] - b[2], 0.0), f) for f, b in with_box]
        return [f for gap, f in sorted(gaps, key=lambda item: item[0]) if gap <= NEAR or side]

    def _held(self) -> Finding:
        things = [f for f in self.match.visible() if f.data.get("label") in HELD]
        # What is shown to the camera is nearer than what lies about.
        largest = max(map(_area, things), default=0.0)
        things = [f for f in things if _area(f) >= 0.5 * largest]
        if not things:
            seen = ", ".join(dict.fromkeys(f.text for f in self.match.visible()))
            more = self._say(f" Now I see: {seen}.", f"现在看到:{seen}。") if seen else ""
            text = self._say(
                "I see nothing that I recognise in your hand.", "我没有认出手里的东西。"
            )
            return self._now(text + more, self.match.visible(), supported=False)
        names = self._names(things)
        return self._now(self._say(f"It looks like {names}.", f"看起来是{names}。"), things)

    def _this(self) -> Finding:
        things = [f for f in self.match.visible() if f.data.get("label") not in FIXED]
        things = sorted(things, key=lambda f: (f.data.get("label") not in HELD, -_area(f)))
        others = self._tags() or self.match.visible()
        if self.question.intent == "colour" and (shown := things or self.match.visible()):
            colour = str(shown[0].data.get("colour", ""))
            return self._now(self._say(f"It is {colour}.", f"{colour}。"), shown[:1])
        shown, texts = things[:2] or others[:2], self.match.written()
        if not shown and not texts:
            return self._nothing()
        parts = [self._names(shown)] if shown else []
        if texts:
            parts.append(
                self._say(f"with the text “{texts[0].text}”", f"上面写着“{texts[0].text}”")
            )
        text = " ".join(parts) if shown else texts[0].text
        if not shown:
            text = self._say(f"Something with the text “{text}”.", f"上面写着“{text}”。")
            return self._now(text, texts)
        text = text.removeprefix("looks like ")
        return self._now(self._say(f"It looks like {text}.", f"看起来是{text}。"), [*shown, *texts])

    def _read(self) -> Finding:
        texts = self.match.written()
        if not texts:
            text = self._say("I see no text that I can read right now.", "现在没有看到能读的文字。")
            return self._now(text, self.match.visible() or self._scenes(), supported=False)
        words = " ".join(f.text for f in texts)
        return self._now(self._say(f"It says: “{words}”.", f"写着:“{words}”。"), texts)

    def _who(self) -> Finding:
        people = [f for f in self.match.visible() if f.data.get("label") == "person"]
        if not people:
            text = self._say("I see nobody right now.", "现在没有看到人。")
            return self._now(text, self.match.visible() or self._scenes())
        count = spell(len(people))
        noun = "person" if len(people) == 1 else "people"
        names = ", ".join(f.text for f in people)
        text = self._say(
            f"{count.capitalize()} {noun}: {names}. I cannot tell who they are.",
            f"{len(people)} 个人:{names}。我不认识他们是谁。",
        )
        return self._now(text, people)

    def _tags(self) -> list[Fact]:
        return [f for f in self.match.open_now("scene") if "tag" in f.data]

    def _scenes(self) -> list[Fact]:
        return [f for f in self.match.open_now("scene") if "palette" in f.data]

    def _nothing(self) -> Finding:
        scenes = self._scenes()
        if not scenes:
            return self._now(self._say("I have no picture now.", "现在没有画面。"), [])
        colours = " and ".join(scenes[-1].data["palette"])
        text = self._say(
            f"Right now I see nothing that I recognise; the picture is in {colours}.",
            "现在没有看到认得出的东西。",
        )
        return self._now(text, scenes, supported=False)

    def _names(self, facts: list[Fact]) -> str:
        names = list(dict.fromkeys(f.text for f in facts))
        if self.question.chinese:
            return "、".join(names)
        return " and ".join(n if n.startswith("looks") else _with_article(n) for n in names)

    def _now(self, text: str, facts: list[Fact], supported: bool = True) -> Finding:
        return Finding(
            text=text, evidence=tuple(facts[: self.limit]), supported=supported, now=True
        )

    def _say(self, english: str, chinese: str) -> str:
        return chinese if self.question.chinese else english


def asks_where(text: str) -> bool:
    """Tell whether a question asks for a place."""
    return bool(re.match(r"(?:and |so )?where(?:'s| is| are| was| were)\b", text.lower())) or bool(
        re.search(r"在哪|哪里|哪儿", text)
    )


def _area(fact: Fact) -> float:
    box = fact.data.get("box") or (0, 0, 0, 0)
    return (box[2] - box[0]) * (box[3] - box[1])


def _with_article(name: str) -> str:
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"
