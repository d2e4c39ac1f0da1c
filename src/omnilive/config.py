"""All settings of a session in one tree; recipes make it, users change parts of it."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from omnilive.core.config import Config
from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.watches.config import WatchesConfig
from omnilive.dialogue.watches.deliver.config import DeliveryConfig
from omnilive.live.settings import LiveConfig
from omnilive.media.base import MediaConfig
from omnilive.media.quiet import Hours
from omnilive.memory.compressor.config import CompressorConfig
from omnilive.memory.consolidation.budget import BudgetConfig
from omnilive.memory.control.keeping import RecordingConfig, RetentionConfig
from omnilive.memory.moments import MomentConfig
from omnilive.perception.config import PerceptionConfig
from omnilive.reasoning.config import ReasoningConfig
from omnilive.server.config import ServerConfig
from omnilive.speech.config import SpeechConfig


def _is_store(value: str) -> str:
    if value != "sqlite" and not value.startswith(("postgresql://", "postgres://")):
        raise ValueError(
            "must be sqlite, or the address of a PostgreSQL database: "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
        )
    return value


class MemoryConfig(Config):
    """How what was perceived is kept."""

    store: Annotated[str, AfterValidator(_is_store)] = "sqlite"
    """Where sessions are kept: "sqlite", a file in each session's folder, or the URL of a
    PostgreSQL database with pgvector, postgresql://USER:PASSWORD@HOST:5432/DATABASE."""

    embedder: str = "minilm"
    """Sentence embeddings for search by meaning; "off" for none."""

    recall: Literal["training-free", "compressor"] = "training-free"
    """How moments are found: by words, meaning and neighbourhood, or with the ranking of a
    trained compressor as well (`omnilive train compressor`; needs the extra "torch")."""

    compressor: CompressorConfig = CompressorConfig()

    time_zone: str = ""
    """Where "yesterday at two" is meant, such as "Europe/Berlin"; empty for this machine's."""

    moments: MomentConfig = MomentConfig()
    budget: BudgetConfig = BudgetConfig()
    retention: RetentionConfig = RetentionConfig()
    recording: RecordingConfig = RecordingConfig()

    quiet_hours: tuple[Hours, ...] = ()
    """Times such as "22:00-06:30", in `time_zone`, in which live sources are not perceived and
    nothing of them is stored."""


class SessionConfig(Config):
    """Everything that can be set, as `omnilive config show` prints it."""

    media: MediaConfig = MediaConfig()
    perception: PerceptionConfig = PerceptionConfig()
    memory: MemoryConfig = MemoryConfig()
    reasoning: ReasoningConfig = ReasoningConfig()
    live: LiveConfig = LiveConfig()
    dialogue: DialogueConfig = DialogueConfig()
    watches: WatchesConfig = WatchesConfig()
    speech: SpeechConfig = SpeechConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    server: ServerConfig = ServerConfig()
