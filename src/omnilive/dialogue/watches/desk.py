"""The watches of a running session, for Python, the command line and the server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from omnilive.core.errors import ConfigError
from omnilive.core.worker import Worker
from omnilive.dialogue.watches.book import Book
from omnilive.dialogue.watches.checks import Checker
from omnilive.dialogue.watches.config import WatchesConfig
from omnilive.dialogue.watches.explain import dry_run, explain, note_on_log, sources_of
from omnilive.dialogue.watches.fallback import ASKED_ABOUT, ask_model
from omnilive.dialogue.watches.handover import handed_over, instructions_of
from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.narration import Narration
from omnilive.dialogue.watches.outcome import Reply, Understood
from omnilive.dialogue.watches.parse import parse, readable, vet
from omnilive.dialogue.watches.policy import POLICIES, Policy, Tools
from omnilive.dialogue.watches.rule import Rule, parts_of, rule_from_json, rule_json
from omnilive.memory.ledger import Noted, Observer
from omnilive.memory.search.embed import Embedder
from omnilive.memory.store import Store
from omnilive.memory.watches import WatchRow
from omnilive.reasoning.base import Message

MAX_STEP = 500  # characters
NOTES = 8  # questions of alerts that are answered at the same time; beyond that, none is asked
Line = dict[str, Any]


class Thinker(Protocol):
    """What the watches ask of the session's mind."""

    @property
    def embedder(self) -> Embedder | None:
        """The sentence embedder, loaded on first use; blocking."""
        ...

    async def complete(self, messages: list[Message], max_tok: int) -> str:
        """Return what the language model says to a prompt."""
        ...

    async def model_traits(self) -> tuple[int, bool]:
        """Return how many pictures the language model takes, and whether it is trusted."""
        ...


class Watches:
    """All watches of one session. Times are seconds on the session clock."""

    def __init__(
        self,
        config: WatchesConfig,
        worker: Worker,
        tell: Callable[[Line], None],
        answer: Callable[[str, float], Awaitable[Any]],
        known: Callable[[tuple[str, ...]], Known],
        is_model_trusted: bool,
    ) -> None:
        """`tell` hands lines to the session's listeners; `answer` answers the note of an alert.

        `known` says what can be perceived of these sources. `is_model_trusted` is whether a
        language model is set up that may word answers freely.
        """
        self.config, self._worker = config, worker
        self._tell, self._answer, self._known = tell, answer, known
        self._trusted = is_model_trusted
        self._book: Book | None = None
        self._narration: Narration | None = None
        self._checker: Checker | None = None
        self._mind: Thinker | None = None
        self._notes: set[asyncio.Task[None]] = set()

    @property
    def book(self) -> Book:
        """What is stored; plain sync code."""
        assert self._book is not None, "use the session with `async with`"
        return self._book

    @property
    def can_check(self) -> bool:
        """Whether a model is set up that looks at candidates before they are told."""
        return self._policy() not in ("rule", "two_head", "threshold")

    @property
    def narration(self) -> Narration:
        """What is narrated; plain sync code."""
        assert self._narration is not None, "use the session with `async with`"
        return self._narration

    def open(self, store: Store, mind: Thinker) -> None:
        """Open the book of a store; call it on the event loop."""
        likeness, self._mind = Likeness(), mind
        self._book = Book(store, likeness, most=self.config.most)
        self._narration = Narration(store, likeness)
        loop = asyncio.get_running_loop()

        def make() -> Policy:
            name = self._policy()
            images, is_trusted = 0, False
            ask: Callable[[list[Message], int], str] | None = None
            if name == "no_reply":
                traits = asyncio.run_coroutine_threadsafe(mind.model_traits(), loop)
                images, is_trusted = traits.result()

                def complete(messages: list[Message], max_tok: int) -> str:
                    said = mind.complete(messages, max_tok)
                    return asyncio.run_coroutine_threadsafe(said, loop).result()

                ask = complete

            likeness.embedder = likeness.embedder or mind.embedder
            tools = Tools(likeness, ask, images, is_trusted)
            return POLICIES.load(name)(self.config, tools)

        if self.config.policy != "auto":
            POLICIES.load(self.config.policy)
        self._book.is_checked = lambda rule: rule.check and self._policy() != "rule"
        self._checker = Checker(self._book, self.config, make, self._worker.call, self.hear)

    def _policy(self) -> str:
        if self.config.policy != "auto":
            return self.config.policy
        return "no_reply" if self._trusted else "two_head"

    async def begin(self, embedder: Embedder | None) -> None:
        """A source is about to be watched: check what was left waiting."""
        self.book.likeness.embedder = embedder
        for row in await self._worker.call(self.book.table.candidates):
            await self._offer(row.id, row.body["alert"]["urgency"])

    async def close(self) -> None:
        """Stop checking; nothing that is stored is lost."""
        for task in self._notes:
            task.cancel()
        if self._checker is not None:
            await self._checker.close()

    def hear(self, line: Line) -> None:
        """Take a line that the watches wrote: tell it, check candidates, answer notes."""
        self._tell(line)
        self.follow(line)

    def follow(self, line: Line) -> None:
        """Do what a line of the log asks for: check a candidate, answer a note."""
        if line["type"] == "check" and line["state"] == "waiting":
            self._spawn(self._offer(line["candidate"], line.get("urgency", "normal")))
        elif line["type"] == "alert" and line.get("note") and len(self._notes) < NOTES:
            self._spawn(self._annotate(line))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _offer(self, candidate: int, urgency: str) -> None:
        assert self._checker is not None
        lost = self._checker.offer(candidate, urgency)
        if lost is not None:
            await self._checker.unchecked(lost, "too many candidates at once")

    async def _annotate(self, alert: Line) -> None:
        """Answer the question that goes with an alert; the answer is a line of the log too."""
        answer = await self._answer(alert["note"], float(alert["at_s"]) + 0.5)
        body = {"watch": alert["watch"], "alert": alert["seq"], "text": answer.text}
        t = float(alert["at_s"])
        seq = await self._worker.call(self.book.store.append, t, "note", body)
        self._tell({"seq": seq, "t": t, "type": "note", **body})

    async def idle(self) -> None:
        """Return when every candidate is decided and every note answered."""
        while self._notes:
            await asyncio.gather(*self._notes, return_exceptions=True)
        if self._checker is not None:
            await self._checker.idle()

    # what people do

    async def understand(self, said: str | Rule | Mapping[str, Any]) -> Understood | Reply:
        """Read plain words, or look over a rule; nothing is stored."""
        known = self._known(await self._worker.call(sources_of, self.book.store))
        if isinstance(said, str):
            read = parse(said, known)
            if isinstance(read, Reply) and read.code in ASKED_ABOUT and self._trusted:
                assert self._mind is not None
                read = await ask_model(said, read, known, self._mind.complete)
            if isinstance(read, Reply) and read.code in ASKED_ABOUT:
                return handed_over(said, known) or read
            return read
        return vet(said if isinstance(said, Rule) else rule_from_json(said), known)

    async def add(self, said: str | Rule | Mapping[str, Any], *, armed: bool = True) -> Line:
        """Add a watch, in plain words or as a rule. What is not understood: ConfigError."""
        read = _accepted(await self.understand(said))
        await self._refuse_too_many(read.rule)
        await self._load_embedder(read.rule)
        id, lines = await self._worker.call(lambda: self.book.add(read.rule, armed=armed))
        self._tell_all(lines)
        return {**await self.get(id), "notes": list(read.notes)}

    async def edit(self, id: str, said: str | Rule | Mapping[str, Any]) -> Line:
        """Replace the rule of a watch; it starts anew."""
        read = _accepted(await self.understand(said))
        await self._refuse_too_many(read.rule)
        await self._load_embedder(read.rule)
        self._tell_all(await self._worker.call(self.book.edit, id, read.rule))
        return {**await self.get(id), "notes": list(read.notes)}

    async def _refuse_too_many(self, rule: Rule) -> None:
        """Refuse a watch beyond those that the live model can follow."""
        told = set(await self._worker.call(self.book.handed_over))
        most = self._known(()).followed
        if not instructions_of(rule) <= told and len(told | instructions_of(rule)) > most:
            raise ConfigError(
                f"the live model follows {len(told)} watches already, {most} at most: remove one, "
                "or raise live.watches and live.streams"
            )

    async def handed_to(self, follow: Callable[[tuple[str, ...]], None]) -> Observer:
        """Tell `follow` what a live model is to look out for; the observer keeps it told."""
        follow(await self._worker.call(self.book.handed_over))

        def observe(_: Noted) -> "list[Line]":
            follow(self.book.handed_over())
            return []

        return observe

    async def pause(self, id: str) -> Line:
        """Let a watch sleep until it is armed again."""
        self._tell_all(await self._worker.call(self.book.set_state, id, "paused"))
        return await self.get(id)

    async def arm(self, id: str) -> Line:
        """Wake a watch; it starts anew."""
        self._tell_all(await self._worker.call(self.book.set_state, id, "armed"))
        return await self.get(id)

    async def remove(self, id: str) -> None:
        """Delete a watch; its alerts stay."""
        self._tell_all(await self._worker.call(self.book.remove, id))

    async def list(self) -> list[Line]:
        """Return every watch with its state, oldest first."""
        rows = await self._worker.call(self.book.all)
        return [as_json(row, await self._worker.call(self.book.status, row.id)) for row in rows]

    async def get(self, id: str) -> Line:
        """Return one watch with its state and what its gate knows now."""
        row = await self._worker.call(self.book.get, id)
        return as_json(row, await self._worker.call(self.book.status, id))

    async def alerts(self, after: int = 0, limit: int = 500, watch: str = "") -> "list[Line]":
        """Return the alerts after a line of the log, oldest first."""
        return await self._worker.call(self.book.alerts, after, limit, watch)

    async def explain(self, id: str, t: float) -> Line:
        """Return why a watch fired or stayed silent at session time `t`."""
        return await asyncio.to_thread(explain, self.book, id, t)

    async def dry_run(
        self, said: str | Rule | Mapping[str, Any], start_s: float = 0.0, end_s: float | None = None
    ) -> "list[Line]":
        """Return the alerts that a rule would have raised over what is stored."""
        read = _accepted(await self.understand(said))
        await self._load_embedder(read.rule)
        return await asyncio.to_thread(dry_run, self.book, read.rule, start_s, end_s)

    async def note_on_log(self) -> tuple[str, ...]:
        """Return what has to be said of how far back a dry run looks."""
        return await asyncio.to_thread(note_on_log, self.book)

    async def narrate(self, mode: str, steps: Sequence[str | Mapping[str, Any]] = ()) -> Line:
        """Begin a running commentary ("commentary"), a procedure ("steps"), or end it ("off").

        A step is a sentence, or {"text", "done"} with `done` in plain words or as a condition.
        A step whose end cannot be perceived is over when somebody says "done" or "next step".
        """
        read = [await self._step(step) for step in steps]
        line = await self._worker.call(self.narration.start, mode, read)
        self.hear(line)
        return line

    async def _step(self, step: str | Mapping[str, Any]) -> Line:
        given = {"text": step} if isinstance(step, str) else dict(step)
        text = given.get("text")
        if not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_STEP:
            raise ConfigError(f"a step needs a text of 1 to {MAX_STEP} characters")
        done = given.get("done")
        if not done or isinstance(done, str):
            read = await self.understand(done or f"tell me when {given['text']}")
            if done and isinstance(read, Reply):
                raise ConfigError(f"step {given['text']!r}: {read}")
            done = rule_json(read.rule)["what"] if isinstance(read, Understood) else None
        else:
            done = rule_json(rule_from_json({"what": done}))["what"]
        return {"text": str(given["text"]), "done": done}

    async def _load_embedder(self, rule: Rule) -> None:
        """Meanings need the sentence embedder, which may not be loaded yet."""
        mind = self._mind
        if mind is not None and any(
            getattr(part, "meaning", "") for part, _ in parts_of(rule.what)
        ):
            self.book.likeness.embedder = await asyncio.to_thread(lambda: mind.embedder)

    def _tell_all(self, lines: "list[Line]") -> None:
        for line in lines:
            self.hear(line)


def as_json(row: WatchRow, status: Mapping[str, Any]) -> Line:
    """Return a watch in its public form."""
    try:
        words = readable(rule_from_json(row.rule))
    except ConfigError as error:  # written by another version, or by hand
        words = str(error)
    return {
        "id": row.id, "version": row.version, "text": str(row.rule.get("text", "")),
        "readable": words,
        "rule": row.rule, "made_s": row.made_s, **status,
    }  # fmt: skip


def _accepted(read: Understood | Reply) -> Understood:
    if isinstance(read, Reply):
        raise ConfigError(str(read))
    return read
