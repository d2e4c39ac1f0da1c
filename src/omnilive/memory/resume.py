"""Decides whether a source is new to a session or goes on where watching broke off."""

import os
from dataclasses import dataclass

from omnilive.memory.base import SourceRow
from omnilive.memory.store import Store
from omnilive.perception.continuation import Continuation, OpenObject

ENDED = "ended"
PUSH = "push"  # comes from a client: several may run, so each joins at the time on the wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a source joins the session clock. Times in seconds.

    `video_s` and `audio_s` are source times up to which each medium is in the store already.
    """

    url: str
    offset_s: float
    start_s: float = 0.0
    video_s: float = 0.0
    audio_s: float = 0.0
    moment_s: float = 0.0
    gap_s: float = 0.0
    resumes: int | None = None
    continuation: Continuation = Continuation()


def plan_watch(store: Store, url: str, kind: str, wall_s: float, is_running: bool = False) -> Plan:
    """Return the plan for watching `url` into this store; tidies what a crash left behind.

    With `is_running`, other sources are being watched into it, and what is open is theirs.
    """
    if kind == "file":
        url = os.path.abspath(url)
        broken = [s for s in store.sources() if s.url == url]
        if broken and broken[-1].state != ENDED and broken[-1].kind == "file":
            return _go_on(store, broken[-1])
    if not is_running:
        store.close_open_facts()
    end_s = store.end_s()
    is_first = not store.sources()
    if is_first and kind != PUSH:
        return Plan(url=url, offset_s=0.0)
    if kind == "file":
        return Plan(url=url, offset_s=end_s, moment_s=end_s)
    created_s = float(store.meta().get("created_wall_s", wall_s))
    now_s = max(end_s, wall_s - created_s)
    is_gap = not (is_first or is_running)
    gap_s = now_s - end_s if is_gap else 0.0
    return Plan(url=url, offset_s=now_s, moment_s=now_s, gap_s=gap_s)


def _go_on(store: Store, source: SourceRow) -> Plan:
    # Progress of zero means that not even the first picture was perceived.
    video_s = source.video_s or -1.0 if source.has_video else 1e12
    audio_s = source.audio_s or -1.0 if source.has_audio else 1e12
    objects = store.drop_unfinished(source.id, source.offset_s + video_s, source.offset_s + audio_s)
    return Plan(
        url=source.url,
        offset_s=source.offset_s,
        start_s=max(0.0, min(video_s, audio_s)),
        video_s=video_s,
        audio_s=audio_s,
        moment_s=max(source.offset_s, store.last_moment_end() or 0.0),
        resumes=source.id,
        continuation=Continuation(
            next_number=store.last_number(source.id) + 1,
            objects=tuple(
                OpenObject(
                    start_s=f.start_s, end_s=f.end_s, confidence=f.confidence, data=dict(f.data)
                )
                for f in objects
            ),
        ),
    )
