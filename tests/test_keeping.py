"""What may not be seen, heard or kept is at none of the exits of a session."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from omnilive.config import SessionConfig
from omnilive.core.events import AudioChunk, SourceHealth, VideoFrame
from omnilive.media.base import Item, MaskConfig, MediaConfig, SourceInfo
from omnilive.memory.control.keeping import RecordingConfig, RetentionConfig
from omnilive.memory.control.recordings import segments
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, RATE_HZ, fake_senses
from tests.server.client import NO_MODELS, served
from tests.story import SHORT_LINES, SHORT_SHOTS, Line, Shot, draw, speak, write_short

LEFT = MaskConfig(rect=(0.0, 0.0, 0.45, 1.0))  # where the red car is; the blue dog is to the right


class LiveSource:
    """A camera that films the short story, as fast as it is read."""

    decoded = dropped = 0

    def __init__(self, offset_s: float, url: str = "push:door") -> None:
        self._offset_s = offset_s
        self.info = SourceInfo(
            url=url, kind="push", duration_s=None, has_video=True, has_audio=True, width=96,
            height=64, fps=4.0, live=True,
        )  # fmt: skip

    def items(self) -> Iterator[Item]:
        """Three seconds, then a second of nothing in particular."""
        pcm = speak((*SHORT_LINES, Line(9, "")), 4.0)
        for i in range(40):
            t = self._offset_s + i / 10
            if i % 2 == 0:
                shots = [shot for shot in (*SHORT_SHOTS, Shot(3.0, 60)) if shot.start_s <= i / 10]
                yield VideoFrame(t=t, rgb=draw(shots[-1]))
            chunk = pcm[round(i / 10 * RATE_HZ) : round((i + 1) / 10 * RATE_HZ)]
            yield AudioChunk(t=t, pcm=chunk, rate_hz=RATE_HZ)
        yield SourceHealth(t=self._offset_s + 4.0, state="ended")

    def close(self) -> None:
        """Nothing to free."""


def config(**memory: object) -> SessionConfig:
    return FAKE_CONFIG.model_copy(update={"memory": FAKE_CONFIG.memory.model_copy(update=memory)})


def watch_live(library: Library, settings: SessionConfig, newest: list[np.ndarray]) -> Store:
    """Watch the camera; collect what would be its live picture."""
    senses = fake_senses()

    async def run() -> None:
        async with Session.open("s", settings, library=library, senses=senses) as session:

            def look(_: object) -> None:
                frames = [pipeline.newest for pipeline in session.pipelines]
                newest.extend(frame.rgb for frame in frames if frame is not None)

            session.listeners.append(look)
            await session.watch("push:door", source=LiveSource)

    asyncio.run(run())
    senses.close()
    return library.open("s")


def hides_left(rgb: np.ndarray, level: int = 40) -> bool:
    """Tell whether the left of a picture is black, give or take what a video code makes of it."""
    return int(rgb[:, : rgb.shape[1] * 4 // 10].max()) <= level < int(rgb.max())


def pictures_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_mask_holds_at_every_exit(tmp_path: Path) -> None:
    library, newest = Library(tmp_path), []
    settings = config(recording=RecordingConfig(enabled=True)).model_copy(
        update={"media": MediaConfig(masks=(LEFT.model_copy(update={"source": "push:*"}),))}
    )
    store = watch_live(library, settings, newest)
    labels = {fact.data.get("label") for fact in store.facts(kinds=["object"])}
    assert labels == {"dog"}  # no model saw the car
    kept = [cv2.imread(str(path)) for path in (store.folder / "keyframes").iterdir()]
    assert kept and all(hides_left(picture) for picture in kept if picture is not None)
    assert newest and all(hides_left(rgb, 0) for rgb in newest)
    (segment,) = segments(store)
    recorded = pictures_of(store.folder / segment.path)
    assert len(recorded) > 10 and all(hides_left(rgb) for rgb in recorded)
    store.close()


def test_without_the_mask_the_car_is_seen(tmp_path: Path) -> None:
    library, newest = Library(tmp_path), []
    masks = (LEFT.model_copy(update={"source": "rtsp://another"}),)
    settings = config().model_copy(update={"media": MediaConfig(masks=masks)})
    store = watch_live(library, settings, newest)
    labels = {fact.data.get("label") for fact in store.facts(kinds=["object"])}
    assert labels == {"car", "dog"} and not any(hides_left(rgb) for rgb in newest)
    assert segments(store) == [] and not (store.folder / "recordings").exists()  # off by default
    store.close()


async def mask_and_serve(library: Library, film: Path) -> bytes:
    masked = NO_MODELS.model_copy(update={"media": MediaConfig(masks=(LEFT,))})
    async with served(library, masked) as api:
        path = await api.session()
        await api.watched(path, str(film))
    async with served(library) as api:  # the setting has gone since: the mask stays
        (source,) = await api.sources("/s")
        assert source["playable"] is False
        assert (await api.get(f"/s/sources/{source['id']}/media")).status_code == 404
        response = await api.get("/s/clip.mp4?start_s=0.5&end_s=2.5")
        assert response.status_code == 200, response.text
        return response.content


def test_clips_of_a_masked_file_are_masked(tmp_path: Path) -> None:
    film, out = write_short(tmp_path / "film.mkv"), tmp_path / "clip.mp4"
    out.write_bytes(asyncio.run(mask_and_serve(Library(tmp_path / "sessions"), film)))
    shown = pictures_of(out)
    assert len(shown) > 10 and all(hides_left(rgb) for rgb in shown)


def test_quiet_hours_leave_nothing_but_a_gap(tmp_path: Path) -> None:
    newest: list[np.ndarray] = []
    always = config(quiet_hours=("00:00-24:00",), recording=RecordingConfig(enabled=True))
    store = watch_live(Library(tmp_path), always, newest)
    assert store.facts() == [] and store.moments() == [] and newest == []
    assert store.counts()["keyframe"] == 0 and segments(store) == []
    gaps = store.log_of("gap")
    assert {gap.body["reason"] for gap in gaps} == {"quiet hours, 00:00-24:00"}
    assert max(gap.body["end_s"] - gap.body["start_s"] for gap in gaps) == pytest.approx(4, abs=0.2)
    store.close()


def test_what_is_too_old_goes_when_the_session_is_opened_again(tmp_path: Path) -> None:
    library = Library(tmp_path)
    store = watch_live(library, config(recording=RecordingConfig(enabled=True)), [])
    assert store.facts(kinds=["speech"]) and segments(store)
    began_s = float(store.meta()["created_wall_s"])
    store.set_meta("created_wall_s", str(began_s - 3 * 86400))  # as if that was three days ago
    store.close()
    rules = RetentionConfig(speech_days=2, recordings_days=1, pictures_days=1)
    settings = config(retention=rules, quiet_hours=("00:00-24:00",))
    store = watch_live(library, settings, [])
    assert store.facts(kinds=["speech"]) == [] and store.facts(kinds=["object"])
    assert segments(store) == [] and store.counts()["keyframe"] == 0
    store.close()
