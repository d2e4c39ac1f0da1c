"""Settings: what is recorded, and for how long what is kept."""

from typing import Annotated

from pydantic import Field

from omnilive.core.config import Config

Days = Annotated[float, Field(gt=0)] | None


class RecordingConfig(Config):
    """Whether live sources are recorded, and how much of it is kept."""

    enabled: bool = False
    """Record pictures and sound of live sources, so that evidence can be played."""

    quota_bytes: int = Field(default=2_000_000_000, ge=0)
    """Recordings of one session; the oldest segment that is not pinned goes first."""

    segment_s: float = Field(default=60.0, ge=2.0, le=3600.0)
    """Length of a segment."""


class RetentionConfig(Config):
    """For how many days of the clock on the wall each kind is kept; none: as long as there is room.

    What is pinned stays. What is older is forgotten bit by bit while the session is watched, and
    when it is opened again.
    """

    speech_days: Days = None
    """What was said, and where it is quoted."""

    sounds_days: Days = None
    """Sounds that are not speech."""

    objects_days: Days = None
    """What was seen."""

    texts_days: Days = None
    """Text on screen."""

    scenes_days: Days = None
    """Scenes and captions."""

    dialogue_days: Days = None
    """Questions, answers, turns and alerts."""

    pictures_days: Days = None
    """Kept pictures."""

    recordings_days: Days = None
    """Recorded segments."""

    everything_days: Days = None
    """All of these."""

    @property
    def has_rules(self) -> bool:
        """Whether anything is forgotten by its age."""
        return any(days is not None for days in self.model_dump().values())

    def days_of(self, name: str) -> float | None:
        """Return after how many days what has this name (such as "speech") goes, None for never."""
        own = getattr(self, f"{name}_days")
        found = [days for days in (own, self.everything_days) if days is not None]
        return min(found, default=None)
