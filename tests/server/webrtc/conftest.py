from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from omnilive.config import SessionConfig
from omnilive.dialogue.config import DialogueConfig
from omnilive.memory.library import Library
from omnilive.speech.config import SpeechConfig
from tests.media.clips import write_clip
from tests.server.client import NO_MODELS, Api, served

MOUTH_HZ, SPOKEN_S = 24000, 1.0
SILENT: SessionConfig = NO_MODELS.model_copy(
    update={
        "speech": SpeechConfig(voice="off"),
        "dialogue": DialogueConfig(end_of_turn="silence"),
    }
)


class FakeMouth:
    """Says everything as a second of a tone of 1000 Hz."""

    name = "fake"
    languages = ("en",)
    rate_hz = MOUTH_HZ

    def can_say(self, text: str) -> bool:
        return True

    async def say(self, text: str) -> AsyncIterator[np.ndarray]:
        t = np.arange(round(SPOKEN_S * MOUTH_HZ)) / MOUTH_HZ
        yield (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)

    def close(self) -> None:
        pass


def give_voice(api: Api) -> None:
    """Let the server speak without a model."""
    api.hub.shared._has_voice, api.hub.shared._voice = True, FakeMouth()  # type: ignore[assignment]


@pytest.fixture
async def api(library: Library) -> AsyncIterator[Api]:
    async with served(library, SILENT) as api:
        yield api


@pytest.fixture(scope="session")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 320x180 as bare H.264."""
    path = tmp_path_factory.mktemp("webrtc") / "clip.h264"
    return write_clip(
        path, seconds=2.0, size=(320, 180), audio=False, video_codec="libx264", format="h264"
    )
