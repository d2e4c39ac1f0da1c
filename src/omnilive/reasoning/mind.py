"""What answers: reads the question, computes what can be computed, lets a model word the rest."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omnilive.catalog import fetch
from omnilive.config import SessionConfig
from omnilive.core.clock import stopwatch
from omnilive.core.events import Answer, Evidence, Timing
from omnilive.core.registry import Registry
from omnilive.core.worker import Worker
from omnilive.memory.across import Found, found_in, ranked
from omnilive.memory.dialogue import Exchange, exchanges
from omnilive.memory.recall import Picture, Ranker, View, recall
from omnilive.memory.search.embed import Embedder
from omnilive.memory.store import Store
from omnilive.memory.wall import WallClock, now_in
from omnilive.perception.video.labels import COCO_LABELS
from omnilive.reasoning.ask import Ask
from omnilive.reasoning.base import LanguageModel, Message, ToolCall
from omnilive.reasoning.compute import Computer
from omnilive.reasoning.finding import Finding
from omnilive.reasoning.followup import resolve
from omnilive.reasoning.match import Matcher
from omnilive.reasoning.planned import Planned, planned
from omnilive.reasoning.present import is_about_now
from omnilive.reasoning.prompt import (
    NOW,
    SHOWN,
    TOOLS,
    as_messages,
    checked,
    full_prompt,
    short_prompt,
    within,
)
from omnilive.reasoning.question import Question
from omnilive.reasoning.talk import Talk, speaks_of_self
from omnilive.reasoning.together import Part, Whole, together

EMBEDDERS = Registry("embedder", {"minilm": "omnilive.memory.search.minilm:MiniLM"})
RANKERS = Registry("recall", {"compressor": "omnilive.memory.compressor.ranker:ClipRanker"})
EMBEDDER_MODELS = {"minilm": "minilm-l6-v2-int8"}
MODELS = Registry(
    "reasoning",
    {
        "embedded": "omnilive.reasoning.embedded:EmbeddedModel",
        "openai": "omnilive.reasoning.openai:OpenAIModel",
        "scripted": "omnilive.reasoning.scripted:ScriptedModel",
    },
)

END_S = 0.1  # wait this long for a model that is told to stop; it may be in mid-step


class Mind:
    """Answers questions about stores. One mind may serve all sessions of a process."""

    def __init__(self, config: SessionConfig) -> None:
        self.config = config
        self._worker = Worker("mind", nice=5)  # loading it takes 8 s of both cores
        self._loading = threading.Lock()
        self._model: LanguageModel | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._embedder: Embedder | None = None
        self._ranker: Ranker | None = None
        self._embedder_loaded = config.memory.embedder == "off"

    @property
    def embedder(self) -> Embedder | None:
        """The embedding model, loaded on first use; None when it is switched off."""
        with self._loading:
            if self._embedder_loaded:
                return self._embedder
            name = self.config.memory.embedder
            self._embedder = EMBEDDERS.load(name)(fetch.path(EMBEDDER_MODELS[name]))
            self._embedder_loaded = True
            return self._embedder

    @property
    def ranker(self) -> Ranker | None:
        """The trained compressor, loaded on first use; None unless the settings want it."""
        memory, embedder = self.config.memory, self.embedder
        with self._loading:
            if memory.recall == "compressor" and self._ranker is None:
                kind = RANKERS.load(memory.recall)
                self._ranker = kind(memory.compressor.checkpoint, embedder)
            return self._ranker

    def learn(self, store: Store) -> None:
        """Let the ranker take in what is new in a store, so that no question waits for it."""
        if self.ranker is not None:
            self.ranker.catch_up(store)

    def close(self) -> None:
        """Let the worker end, and close what the model holds."""
        self._worker.close()
        if (close := getattr(self._model, "close", None)) is not None:
            close()

    async def answer(
        self, store: Store, session: str, question: str | Ask, t: float | None = None
    ) -> Answer:
        """Answer from what the store knew at stream time `t` (default: all it knows)."""
        last: Answer | None = None
        async for piece in self.stream(store, session, question, t):
            if isinstance(piece, Answer):
                last = piece
        assert last is not None
        return last

    async def stream(
        self, store: Store, session: str, question: str | Ask, t: float | None = None
    ) -> AsyncGenerator[str | ToolCall | Answer]:
        """Yield the answer in pieces of text as they are decided, and the whole Answer last.

        Closing the iterator stops the model. A model may call functions on the way; then the
        text may be empty.
        """
        ask = question if isinstance(question, Ask) else Ask(question=question, t=t)
        began = stopwatch()
        found = await asyncio.to_thread(self._find, store, ask)
        recall_s = stopwatch() - began
        first_token_s, text, model = 0.0, "", "computed"
        async with aclosing(self._worded(store, ask, found)) as pieces:
            async for piece, name in pieces:
                first_token_s = first_token_s or stopwatch() - began
                model = name
                text += piece if isinstance(piece, str) else ""
                yield piece
        yield Answer(
            session=session, t=found.t, question=ask.topic, text=text.strip(),
            evidence=found.evidence, supported=found.finding.supported, model=model,
            timing=Timing(
                recall_s=recall_s, first_token_s=first_token_s, total_s=stopwatch() - began
            ),
        )  # fmt: skip

    async def sees(self) -> bool:
        """Tell whether the language model looks at pictures itself."""
        if self.config.reasoning.backend == "embedded":
            return False
        return (await self._loaded()).images > 0

    async def complete(self, messages: list[Message], max_tok: int) -> str:
        """Return what the language model says to a prompt that is no question about a store."""
        model = await self._loaded()

        def say() -> str:
            return "".join(p for p in model.stream(messages, max_tok) if isinstance(p, str))

        return await (asyncio.to_thread(say) if model.is_remote else self._worker.call(say))

    async def model_traits(self) -> tuple[int, bool]:
        """Return how many pictures the language model takes, and whether it is trusted."""
        model = await self._loaded()
        return model.images, model.is_trusted

    async def warm_up(self) -> None:
        """Load what answering needs, so that the first question does not wait for it."""
        await asyncio.to_thread(lambda: self.embedder)
        if self.config.reasoning.backend == "embedded":
            await self._loaded()

    async def _loaded(self) -> LanguageModel:
        def load() -> LanguageModel:
            if self._model is None:
                backend = MODELS.load(self.config.reasoning.backend)
                self._model = backend(self.config.reasoning)
            assert self._model is not None
            return self._model

        return await self._worker.call(load)

    def search(
        self, store: Store, query: str, limit: int = 20, t: float | None = None,
        now_wall_s: float | None = None,
    ) -> list[Evidence]:  # fmt: skip
        """Return what bears on the query and was known at `t`, best first. Blocking.

        The query may say when ("boiler yesterday at two"); that is counted from `now_wall_s`
        (Unix time; by default from `t`).
        """
        view = View(store, store.end_s() if t is None else t, own=True)
        hits = self._planned(view, query, now_wall_s).hits(limit)
        return [view.evidence(hit.fact, hit.score) for hit in hits]

    def search_all(
        self, stores: Mapping[str, Store], query: str, limit: int = 20,
        now_wall_s: float | None = None,
    ) -> list[Found]:  # fmt: skip
        """Return what bears on the query in several sessions, best first. Blocking."""
        found: dict[str, list[Found]] = {}
        nth: int | None = None
        for name, store in stores.items():
            view = View(store, store.end_s(), own=True)
            asking = self._planned(view, query, _now(store, now_wall_s))
            nth = asking.question.nth
            clock = self._clock(store)
            found[name] = found_in(name, view, asking.hits(limit), clock)
        return ranked(found, limit, nth)

    async def answer_all(
        self, stores: Mapping[str, Store], question: str, now_wall_s: float | None = None
    ) -> Answer:
        """Answer one question from several sessions; the evidence names the session.

        `now_wall_s` is the Unix time of the asking. Answers are computed and quoted; a language
        model that is trusted words them.
        """
        began = stopwatch()
        parts = await asyncio.to_thread(self._parts, stores, question, now_wall_s)
        whole = together(parts, self.config.reasoning.evidence)
        recall_s = stopwatch() - began
        text, name = await self._told_together(question, whole)
        total_s = stopwatch() - began
        t = next(store.end_s() for key, store in stores.items() if key == whole.session)
        return Answer(
            session=whole.session, t=t, question=question, text=text, evidence=whole.evidence,
            supported=whole.supported, model=name, sessions=tuple(stores),
            timing=Timing(recall_s=recall_s, first_token_s=total_s, total_s=total_s),
        )  # fmt: skip

    def _parts(
        self, stores: Mapping[str, Store], question: str, now_wall_s: float | None
    ) -> list[Part]:
        parts = []
        for name, store in stores.items():
            view = View(store, store.end_s(), asked=question)
            asking = self._planned(view, question, _now(store, now_wall_s))
            finding = asking.answered(lambda q, match: self._computer(q, match).finding())
            evidence = tuple(view.evidence(f, now=finding.now) for f in finding.evidence)
            at_s = evidence[0].start_s if evidence else view.t
            wall_s = self._clock(store).wall(at_s)
            parts.append(Part(name, asking.question, finding, evidence, wall_s, finding.strength))
        return parts

    async def _told_together(self, question: str, whole: Whole) -> tuple[str, str]:
        """Return the wording of an answer from several sessions, and who worded it."""
        if self.config.reasoning.backend == "embedded" or not whole.supported:
            return whole.text, "computed"
        model = await self._loaded()
        if not model.is_trusted:
            return whole.text, "computed"
        notes = tuple(
            replace(item, text=f"({item.session}) {item.text}") for item in whole.evidence
        )
        finding = Finding(text=whole.text)
        prompt = full_prompt(question, 0.0, finding, notes, [], [])
        text = await self.complete(prompt, self.config.reasoning.max_answer_tok)
        return (text.strip(), model.name) if text.strip() else (whole.text, "computed")

    def _clock(self, store: Store) -> WallClock:
        return WallClock.of(store, self.config.memory.time_zone)

    def _planned(self, view: View, text: str, now_wall_s: float | None) -> Planned:
        view = replace(view, ranker=self.ranker)
        clock = self._clock(view.store)
        now_s = view.t if now_wall_s is None else max(view.t, clock.session_time(now_wall_s))
        return planned(
            view, text, clock, now_s, COCO_LABELS, self.embedder,
            self.config.reasoning.min_similarity,
        )  # fmt: skip

    def _computer(self, question: Question, match: Matcher) -> Computer:
        return Computer(question, match, COCO_LABELS, self.config.reasoning.evidence)

    def _find(self, store: Store, ask: Ask) -> "_Found":
        at_t = store.end_s() if ask.t is None else ask.t
        past = _past(store, ask, at_t)
        settings, asked = self.config.reasoning, ask.topic
        meant = resolve(asked, past, COCO_LABELS)
        view = View(store, at_t, speaks_of_self(asked), asked, ask.spoken)
        if ask.glimpse is not None:
            view = Picture.of(store, at_t, ask.glimpse)
        asking = self._planned(view, meant.text, ask.now_wall_s)
        computer = self._computer(asking.question, asking.match)
        talk = Talk(
            view, store, at_t, settings.evidence, asking.question.chinese, asking.match.tell
        )
        finding = talk.around(meant, computer.quotes) or talk.about(asked)
        finding = finding or asking.answered(lambda q, match: self._computer(q, match).finding())
        evidence = tuple(view.evidence(fact, now=finding.now) for fact in finding.evidence)
        return _Found(at_t, meant.text, view, tuple(past), finding, evidence)

    async def _worded(
        self, store: Store, ask: Ask, found: "_Found"
    ) -> AsyncGenerator[tuple[str | ToolCall, str]]:
        """Yield (piece, name of what worded it)."""
        settings, finding = self.config.reasoning, found.finding
        # The embedded model only shortens what is quoted: no answer waits 8 s for that.
        is_needed = settings.backend != "embedded" or (settings.preload and not finding.direct)
        model = await self._loaded() if is_needed else self._model
        if model is None or (not model.is_trusted and finding.direct):
            yield finding.text, "computed"
            return
        if not model.is_trusted:
            short = await self._shortened(model, found.meant, finding)
            yield (f"{short}. {finding.text}", model.name) if short else (finding.text, "computed")
            return
        prompt = await asyncio.to_thread(self._prompt, store, ask, found, model.images)
        said = False
        async with aclosing(self._said(model, prompt, ask.tools)) as pieces:
            async for piece in pieces:
                said = said or isinstance(piece, ToolCall) or bool(piece.strip())
                yield piece, model.name
        if not said:
            yield finding.text, "computed"

    async def _said(
        self, model: LanguageModel, prompt: list[Message], tools: Sequence[Mapping[str, Any]],
        max_tok: int | None = None,
    ) -> AsyncGenerator[str | ToolCall]:  # fmt: skip
        """Yield what the model says; closing the iterator stops the model."""
        max_tok = max_tok or self.config.reasoning.max_answer_tok
        pieces = model.stream(prompt, max_tok, tools)
        worker = Worker("reply") if model.is_remote else self._worker
        try:
            async for piece in worker.iterate(pieces):
                yield piece
        finally:
            if (stop := getattr(pieces, "stop", None)) is not None:
                stop()
            ending = asyncio.create_task(self._end(worker, pieces))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            await asyncio.wait({ending}, timeout=END_S)

    async def _end(self, worker: Worker, pieces: Iterator[str | ToolCall]) -> None:
        """Close an iterator behind the step that it is at."""
        if (close := getattr(pieces, "close", None)) is not None:
            await worker.call(close)
        if worker is not self._worker:
            worker.close()

    async def _shortened(self, model: LanguageModel, question: str, finding: Finding) -> str:
        """Return what a small model makes of the quote, "" for nothing good or not in time."""
        note = finding.evidence[0].text
        reply = ""
        try:
            async with (
                asyncio.timeout(self.config.reasoning.shorten_s),
                aclosing(self._said(model, short_prompt(question, note), (), 24)) as pieces,
            ):
                async for piece in pieces:
                    reply += piece if isinstance(piece, str) else ""
        except TimeoutError:
            return ""
        return checked(reply, note, question)

    def _prompt(self, store: Store, ask: Ask, found: "_Found", image_count: int) -> list[Message]:
        settings = self.config.reasoning
        context = found.evidence
        if not context:
            hits = recall(found.view, self.embedder, found.meant, limit=settings.evidence)
            context = tuple(found.view.evidence(hit.fact, hit.score) for hit in hits)
        images = list(ask.pictures[-image_count:]) if image_count else []
        hints = SHOWN if images else ""
        wants_now = image_count > 1 or (image_count == 1 and is_about_now(found.meant))
        if wants_now and not images and ask.newest is not None:
            images.append(ask.newest())
            hints = NOW
        images += _pictures(store.folder, context, image_count - len(images))
        hints += TOOLS if ask.tools else ""
        history = ask.history if ask.history is not None else as_messages(found.past)
        return full_prompt(
            ask.question, found.t, found.finding, context,
            within(history, settings.history_tok), images, ask.instructions, hints,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """What memory holds about a question."""

    t: float
    meant: str  # the question made whole
    view: View
    past: tuple[Exchange, ...]
    finding: Finding
    evidence: tuple[Evidence, ...]


def _now(store: Store, wall_s: float | None) -> float | None:
    return None if wall_s is None else now_in(store, wall_s)


def _past(store: Store, ask: Ask, t: float) -> list[Exchange]:
    """Return the recent exchanges: as the caller tells them, or else as the log does."""
    logged = exchanges(store, t)
    if ask.history is None:
        return logged
    found: list[Exchange] = []
    known = {exchange.question: exchange for exchange in logged}
    question = ""
    for message in ask.history:
        if message.role == "user":
            question = message.text
        elif message.role == "assistant" and question and message.text:
            told = Exchange(t=t, question=question, text=message.text, full_text=message.text)
            found.append(known.get(question, told))
            question = ""
    return found


def _pictures(folder: Path, evidence: tuple[Evidence, ...], limit: int) -> list[bytes]:
    paths = dict.fromkeys(e.keyframe for e in evidence if e.keyframe)
    files = [folder / path for path in list(paths)[:limit]]
    return [file.read_bytes() for file in files if file.is_file()]
