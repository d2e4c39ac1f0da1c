"""A question to a session that may be watching: who answers it, and what that has to wait for."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial

from omnilive.core.clock import stopwatch
from omnilive.core.events import Answer, Timing
from omnilive.live.answer import is_for_live, seen_of
from omnilive.memory.recall import View
from omnilive.memory.store import Store
from omnilive.memory.wall import WallClock
from omnilive.perception.still import as_jpeg
from omnilive.pipeline import Pipeline
from omnilive.reasoning.ask import Ask
from omnilive.reasoning.base import ToolCall
from omnilive.reasoning.mind import Mind
from omnilive.reasoning.present import is_about_now, is_about_text

CATCH_UP_S = 10.0  # longest wait at live pace for perception to reach a question's moment
HEARD_S = 0.35  # the same for a question asked aloud: its answer is to begin at once
NEWEST_S = 5.0  # a picture is of now when it is not older
STORED_S = 1.0  # longest wait for what was seen beside the live model to be stored


async def answered(
    ask: Ask, running: Sequence[Pipeline], store: Store, session: str, mind: Mind, *,
    catch_up_s: float | None, pictures_only: bool, look: Callable[[Ask], Awaitable[Ask]],
) -> AsyncGenerator[str | ToolCall | Answer]:  # fmt: skip
    """Yield the answer in pieces and the Answer last: of the live model where it can, or the mind.

    `running` are the pipelines that have begun. Their perception is waited for, for `catch_up_s`
    at most. `look` finds what is in the pictures given with a question.
    """
    is_answered = False
    async with aclosing(_by_live(ask, running, store, session, mind)) as pieces:
        async for piece in pieces:
            is_answered = True
            yield piece
    if is_answered:
        return
    ask = await _up_to_date(ask, running, catch_up_s, pictures_only)
    if ask.pictures:
        ask = await look(ask)
    async with aclosing(mind.stream(store, session, ask)) as pieces:
        async for piece in pieces:
            yield piece


async def _by_live(
    ask: Ask, running: Sequence[Pipeline], store: Store, session: str, mind: Mind
) -> AsyncGenerator[str | Answer]:
    """Yield what the live model of a running source answers; nothing where it is not for it."""
    t = max((p.t for p in running), default=0.0) if ask.t is None else ask.t
    narrators = [p.narrator for p in running if p.narrator and p.narrator.is_ready_at(t)]
    if not narrators:
        return
    narrator = narrators[-1]
    clock = await asyncio.to_thread(WallClock.of, store, mind.config.memory.time_zone)
    if not is_for_live(ask, t, narrator.since_t, clock):
        return
    began, first_token_s, text = stopwatch(), 0.0, ""
    async with aclosing(narrator.ask(ask.question, t)) as pieces:
        async for piece in pieces:
            if piece := piece if text else piece.lstrip():
                first_token_s = first_token_s or stopwatch() - began
                text += piece
                yield piece
    if text.strip():
        await _stored(running)
        found_at = stopwatch()
        limit = mind.config.reasoning.evidence
        evidence, supported = await asyncio.to_thread(
            seen_of, View(store, t), narrator.since_t, ask.question, text, limit
        )
        now = stopwatch()
        timing = Timing(recall_s=now - found_at, first_token_s=first_token_s, total_s=now - began)
        yield Answer(
            session=session, t=t, question=ask.question, text=text.strip(), evidence=evidence,
            supported=supported, model=narrator.name, timing=timing,
        )  # fmt: skip


async def _stored(running: Sequence[Pipeline]) -> None:
    """Wait a moment for what was just seen to be stored: it may be evidence."""
    marks = (p.mark(f"seen-{stopwatch()}", p.t, sound=False, text=False) for p in running if p.live)
    with suppress(TimeoutError):
        async with asyncio.timeout(STORED_S):
            await asyncio.gather(*marks)


async def _up_to_date(
    ask: Ask, running: Sequence[Pipeline], catch_up_s: float | None, pictures_only: bool
) -> Ask:
    """Return the question with its time and the present picture, once perception is there."""
    if not running:
        return ask
    t = ask.t
    if t is None:
        longest_s = HEARD_S if pictures_only else CATCH_UP_S
        wait_s = longest_s if catch_up_s is None else catch_up_s
        t = await _caught_up(running, ask.question, wait_s, pictures_only)
    newest = max(running, key=lambda p: p.newest.t if p.newest else -1e9).newest
    is_now = newest is not None and abs(newest.t - t) < NEWEST_S
    newest_jpeg = partial(as_jpeg, newest.rgb) if newest is not None and is_now else None
    return replace(ask, t=t, newest=newest_jpeg)


async def _caught_up(
    running: Sequence[Pipeline], question: str, catch_up_s: float, pictures_only: bool
) -> float:
    """Wait until what is before now is perceived; return the time to answer for."""
    t = max(p.t for p in running)
    if pictures_only and not is_about_now(question):
        return t
    sound, text = not pictures_only, not pictures_only or is_about_text(question)
    marks = (p.mark(f"ask-{stopwatch()}", t, sound=sound, text=text) for p in running)
    try:
        async with asyncio.timeout(catch_up_s):
            await asyncio.gather(*marks)
    except TimeoutError:
        if not pictures_only:  # answer for what is perceived, and say up to when
            t = min(t, max(0.0, min(p.progress.t for p in running)))
    return t
