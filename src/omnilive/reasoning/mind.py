"""What answers: reads the question, computes what can be computed, lets a model word the rest."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from omnilive.catalog import fetch
from omnilive.config import SessionConfig
from omnilive.core.clock import stopwatch
from omnilive.core.events import Answer, Evidence, Timing
from omnilive.core.registry import Registry
from omnilive.core.worker import Worker
from omnilive.memory.embed import Embedder
from omnilive.memory.recall import View, recall
from omnilive.memory.sqlite import SqliteStore
from omnilive.perception.video.labels import COCO_LABELS
from omnilive.reasoning.base import LanguageModel
from omnilive.reasoning.compute import Computer
from omnilive.reasoning.finding import Finding
from omnilive.reasoning.match import Matcher
from omnilive.reasoning.prompt import checked, full_prompt, short_prompt
from omnilive.reasoning.question import parse

EMBEDDERS = Registry("embedder", {"minilm": "omnilive.memory.embed:MiniLM"})
EMBEDDER_MODELS = {"minilm": "minilm-l6-v2-int8"}
MODELS = Registry(
    "reasoning",
    {
        "embedded": "omnilive.reasoning.embedded:EmbeddedModel",
        "openai": "omnilive.reasoning.openai:OpenAIModel",
        "scripted": "omnilive.reasoning.scripted:ScriptedModel",
    },
)


class Mind:
    """Answers questions about stores. One mind may serve all sessions of a process."""

    def __init__(self, config: SessionConfig) -> None:
        self.config = config
        self._worker = Worker("mind")
        self._loading = threading.Lock()
        self._model: LanguageModel | None = None
        self._embedder: Embedder | None = None
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

    def close(self) -> None:
        """Let the worker end, and close what the model holds."""
        self._worker.close()
        if (close := getattr(self._model, "close", None)) is not None:
            close()

    async def answer(
        self, store: SqliteStore, session: str, question: str, t: float | None = None
    ) -> Answer:
        """Answer from what the store knew at stream time `t` (default: all it knows)."""
        last: Answer | None = None
        async for piece in self.stream(store, session, question, t):
            if isinstance(piece, Answer):
                last = piece
        assert last is not None
        return last

    async def stream(
        self, store: SqliteStore, session: str, question: str, t: float | None = None
    ) -> AsyncIterator[str | Answer]:
        """Yield the answer in pieces of text as they are decided, and the whole Answer last."""
        began = stopwatch()
        at_t, finding, evidence = await asyncio.to_thread(self._find, store, question, t)
        recall_s = stopwatch() - began
        first_token_s, text, model = 0.0, "", "computed"
        async for piece, name in self._worded(store, question, at_t, finding, evidence):
            first_token_s = first_token_s or stopwatch() - began
            text, model = text + piece, name
            yield piece
        yield Answer(
            session=session, t=at_t, question=question, text=text.strip(), evidence=evidence,
            supported=finding.supported, model=model,
            timing=Timing(
                recall_s=recall_s, first_token_s=first_token_s, total_s=stopwatch() - began
            ),
        )  # fmt: skip

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
        self, store: SqliteStore, query: str, limit: int = 20, t: float | None = None
    ) -> list[Evidence]:
        """Return what bears on the query and was known at `t`, best first. Blocking."""
        view = View(store, store.end_s() if t is None else t)
        hits = recall(view, self.embedder, query, limit=limit)
        return [view.evidence(hit.fact, hit.score) for hit in hits]

    def _find(
        self, store: SqliteStore, text: str, t: float | None
    ) -> tuple[float, Finding, tuple[Evidence, ...]]:
        at_t = store.end_s() if t is None else t
        view = View(store, at_t)
        settings = self.config.reasoning
        question = parse(text, COCO_LABELS)
        matcher = Matcher(view, self.embedder, settings.min_similarity)
        computer = Computer(question, matcher, COCO_LABELS, settings.evidence)
        finding = computer.finding()
        evidence = tuple(view.evidence(fact) for fact in finding.evidence)
        return at_t, finding, evidence

    async def _worded(
        self, store: SqliteStore, question: str, t: float, finding: Finding,
        evidence: tuple[Evidence, ...],
    ) -> AsyncIterator[tuple[str, str]]:  # fmt: skip
        """Yield (piece, name of what worded it)."""
        settings = self.config.reasoning
        # The embedded model only shortens what is quoted: no answer waits 8 s for that.
        is_needed = settings.backend != "embedded" or (settings.preload and not finding.direct)
        model = await self._loaded() if is_needed else self._model
        if model is None or (not model.is_trusted and finding.direct):
            yield finding.text, "computed"
            return
        max_tok = self.config.reasoning.max_answer_tok
        if not model.is_trusted:
            note = finding.evidence[0].text
            prompt = short_prompt(question, note)
            reply = await self._worker.call(lambda: "".join(model.stream(prompt, 24)))
            short = checked(reply, note, question)
            yield (f"{short}. {finding.text}" if short else finding.text), model.name
            return
        limit = self.config.reasoning.evidence
        context = evidence or tuple(await asyncio.to_thread(self.search, store, question, limit, t))
        images = await asyncio.to_thread(_pictures, store.folder, context, model.images)
        prompt = full_prompt(question, t, finding, context, (), images)
        said = False
        async for piece in self._worker.iterate(model.stream(prompt, max_tok)):
            said = said or bool(piece.strip())
            yield piece, model.name
        if not said:
            yield finding.text, "computed"


def _pictures(folder: Path, evidence: tuple[Evidence, ...], limit: int) -> list[bytes]:
    paths = dict.fromkeys(e.keyframe for e in evidence if e.keyframe)
    files = [folder / path for path in list(paths)[:limit]]
    return [file.read_bytes() for file in files if file.is_file()]
