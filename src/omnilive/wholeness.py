"""A source beside what is known of it: what the store has already, and whether it came whole."""

from collections.abc import AsyncGenerator, AsyncIterator

from omnilive.core.errors import SourceError
from omnilive.core.events import AudioChunk, VideoFrame
from omnilive.media.base import Item, Source
from omnilive.memory.resume import Plan
from omnilive.pipeline import Pipeline


def check_whole(source: Source, pipeline: Pipeline, plan: Plan) -> None:
    """Raise SourceError for a file that ended well before the length that it states."""
    said_s, seen_s = source.info.duration_s, pipeline.t - plan.offset_s
    if source.info.kind != "file" or not pipeline.ended or said_s is None:
        return
    if said_s - seen_s > max(3.0, 0.1 * said_s):
        raise SourceError(
            source.info.url,
            f"ends after {seen_s:.1f} s although it says that it lasts {said_s:.1f} s: it is cut "
            "off or damaged; what was seen is kept",
        )


async def unseen(items: AsyncIterator[Item], plan: Plan) -> AsyncGenerator[Item]:
    """Leave out what is in the store already, of a source that goes on after a break."""
    video_t, audio_t = plan.offset_s + plan.video_s, plan.offset_s + plan.audio_s
    async for item in items:
        if plan.resumes is not None:
            # The last picture is seen again: what follows is compared with it.
            if isinstance(item, VideoFrame) and item.t < video_t - 1e-3:
                continue
            if isinstance(item, AudioChunk) and item.end_t <= audio_t + 1e-3:
                continue
        yield item
