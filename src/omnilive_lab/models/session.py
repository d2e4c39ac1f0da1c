"""A session takes the exam as users run it; or its percepts do, with a language model behind them.

Online, a clip is watched once, with all its questions. Offline, what belongs to one question
(the clip up to its time, or the window that the prompt names) is watched as a clip of its own.
"""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omnilive.config import SessionConfig
from omnilive.core.errors import SourceError
from omnilive.core.events import Answer
from omnilive.core.masking import masked_value
from omnilive.perception.senses import load_senses
from omnilive.reasoning.mind import Mind
from omnilive.session import Pace
from omnilive_lab.bench.base import Benchmark, Clip, Cost, Item, Prompt, Reply, Setup, Turn
from omnilive_lab.bench.choices import chosen
from omnilive_lab.evaluation.cutting import cut, is_whole
from omnilive_lab.evaluation.online import Heard, Question, play
from omnilive_lab.evaluation.sampling import length_s, nothing_to_see
from omnilive_lab.models.base import Done, Sitting

UNTRUSTED = ("embedded", "scripted")  # backends that answer in words of their own or not at all
PICK = "The question has options. Reply with the letter of the right option only."


class SessionExaminee:
    """Watches clips with one set of loaded models; the memory of each clip is its own."""

    def __init__(
        self,
        name: str,
        config: SessionConfig,
        *,
        online: bool = True,
        pace: Pace = "fast",
        from_notes: bool = False,
        senses: Any = None,
        mind: Mind | None = None,
    ) -> None:
        self.config, self._from_notes = config, from_notes
        self._pace: Pace = pace
        self.name = f"percepts:{name}" if from_notes else name
        self.by_clip = online
        backend = config.reasoning.backend
        self.settings = {"pace": pace, "changed": changed(config)}
        self._words_only = backend in UNTRUSTED and not from_notes
        self._mind = mind or Mind(config)
        self._senses = senses or load_senses(config.perception)

    def close(self) -> None:
        """Free the models."""
        self._senses.close()
        self._mind.close()

    def sit(
        self, sitting: Sitting, benchmark: Benchmark, setup: Setup, costs: dict[str, Any]
    ) -> Iterator[Done]:
        """Watch, asking on the way; then yield the replies in the order of the items."""
        if self.by_clip:
            yield from self._watch(sitting.items, (), benchmark, setup, costs)
            return
        before = list(sitting.before)
        for item in sitting.items:
            for done in self._watch((item,), before, benchmark, setup, costs):
                before.append(Turn(done.item, done.reply))
                yield done

    def _watch(
        self,
        items: Sequence[Item],
        before: Sequence[Turn],
        benchmark: Benchmark,
        setup: Setup,
        costs: dict[str, Any],
    ) -> Iterator[Done]:
        try:
            whole_s = length_s(items[0].clip)
        except SourceError as error:
            for item in items:
                yield Done(item, (), Reply(error=str(error)))
            return
        prompts = {item.id: benchmark.prompt(item, before, setup) for item in items}
        clip, since_s = items[0].clip, 0.0
        if (
            not self.by_clip and not items[0].push
        ):  # what a watch waits for comes after it is set up
            try:
                clip, since_s = _window(clip, prompts[items[0].id], whole_s)
            except SourceError as error:
                yield Done(items[0], (), Reply(error=str(error)))
                return
            whole_s = length_s(clip)
        questions = [
            self._question(item, prompts[item.id], whole_s, since_s, items)
            for item in items
            if not (item.transcribe or item.narrate)
        ]
        narrate = any(item.narrate for item in items)
        try:
            heard = self._played(clip, questions, narrate)
        except SourceError as error:
            heard = Heard(trouble=str(error))
        costs |= {"clip": str(clip.path), **heard.figures}
        for item in items:
            reply = self._reply(item, heard, since_s)
            asked = prompts[item.id]
            put = next((q.text for q in questions if q.id == item.id), asked.text)
            yield Done(item, (replace(asked, text=put, system="", prefill=""),), reply)

    def _question(
        self, item: Item, prompt: Prompt, whole_s: float, since_s: float, items: Sequence[Item]
    ) -> Question:
        text = prompt.plain or prompt.text
        instructions = PICK if item.choices else ""
        if self._words_only and item.choices:
            text, instructions = item.question, ""
        if self._from_notes:
            text = f"{prompt.text}\n{prompt.prefill}".strip()
        t = whole_s if prompt.t is None else prompt.t - since_s
        if item.push:
            t = item.t or 0.0
        at = next(i for i, other in enumerate(items) if other.id == item.id)
        earlier = [o.id for o in items[:at] if item.group and o.group == item.group]
        return Question(
            id=item.id, t=max(0.0, t), text=text, instructions=instructions,
            history=tuple(earlier), watch=item.push, from_notes=self._from_notes,
            system=prompt.system,
        )  # fmt: skip

    def _played(self, clip: Clip, questions: Sequence[Question], narrate: bool) -> Heard:
        shared = {"senses": self._senses, "mind": self._mind}
        with tempfile.TemporaryDirectory(prefix="omnilive-exam-") as scratch:
            path = clip.path if is_whole(clip) else cut(clip, Path(scratch) / "clip.mkv")
            memory = Path(scratch) / "memory"
            return asyncio.run(
                play(
                    path, questions, self.config, memory, shared, pace=self._pace,
                    narrate=narrate,
                )
            )  # fmt: skip

    def _reply(self, item: Item, heard: Heard, since_s: float) -> Reply:
        if item.transcribe:
            return Reply(text=" ".join(heard.speech), error=heard.trouble)
        if item.narrate:
            return Reply(alerts=tuple(heard.remarks), error=heard.trouble)
        answer = heard.answers.get(item.id)
        if answer is None:
            return Reply(error=heard.trouble or "the clip ended before the question")
        if item.push:
            said = heard.not_understood.get(item.id)
            data = {"not_understood": said} if said else {}
            return Reply(alerts=tuple(heard.alerts[item.id]), data=data)
        text = answer.text
        if not self._from_notes:
            text = chosen(answer.text, item, answer.supported)
        return Reply(
            text=text,
            evidence=tuple((e.start_s + since_s, e.end_s + since_s) for e in answer.evidence),
            supported=answer.supported,
            data={"said": answer.text} if text != answer.text else {},
            cost=_cost(item.id, answer, heard),
        )


def _window(clip: Clip, prompt: Prompt, whole_s: float) -> tuple[Clip, float]:
    """Return the part of a clip that one prompt is about, and where it begins."""
    since_s = max(0.0, prompt.since_s)
    until_s = whole_s if prompt.t is None else min(prompt.t, whole_s)
    if since_s == 0 and until_s >= whole_s:
        return clip, 0.0
    if until_s <= since_s:
        raise SourceError(str(clip.path), nothing_to_see(since_s, whole_s))
    part = replace(clip, start_s=clip.start_s + since_s, end_s=clip.start_s + until_s)
    return part, since_s


def _cost(id: str, answer: Answer, heard: Heard) -> Cost:
    timing = answer.timing
    lag_s = heard.lags_s.get(id)
    return Cost(
        first_token_s=round(timing.first_token_s, 4) if timing.first_token_s else None,
        total_s=round(timing.total_s, 4),
        lag_s=None if lag_s is None else round(lag_s, 4),
    )


def changed(config: SessionConfig) -> dict[str, Any]:
    """Return every setting that is not at its default, secrets masked."""
    parts = ("media", "perception", "memory", "reasoning", "dialogue", "watches")
    now, plain = config.model_dump(mode="json"), SessionConfig().model_dump(mode="json")
    return {part: masked_value(diff) for part in parts if (diff := _diff(now[part], plain[part]))}


def _diff(now: Any, plain: Any) -> Any:
    if not isinstance(now, dict) or not isinstance(plain, dict):
        return now
    return {
        key: _diff(value, plain.get(key)) for key, value in now.items() if value != plain.get(key)
    }
