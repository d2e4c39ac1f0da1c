"""What this installation can perceive, and so what a watch can be about."""

from dataclasses import dataclass
from pathlib import Path

from omnilive.live.settings import LiveConfig
from omnilive.perception.config import PerceptionConfig
from omnilive.perception.video.labels import COCO_LABELS

COLOURS = (
    "black", "white", "grey", "brown", "red", "orange", "yellow", "green", "cyan", "blue",
    "purple", "pink",
)  # fmt: skip
NO_LIVE = LiveConfig()
SOUNDS = ("speech", "singing", "music")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The words of the models that are switched on. An empty tuple: that sense is off."""

    labels: tuple[str, ...] = COCO_LABELS
    """Labels of the object detector."""
    sounds: tuple[str, ...] = SOUNDS
    tags: tuple[str, ...] = ()
    """Names of what a whole picture may show."""
    sources: tuple[str, ...] = ()
    """Addresses and labels of the session's sources."""
    speech: bool = True
    text: bool = True
    checks: bool = False
    """A model is set up that can check candidates of a watch by looking at the picture."""
    live: bool = False
    """A live model narrates what is to be seen."""
    followed: int = 0
    """Watches that the live model can follow at the same time, each told in plain words."""


def known_of(
    config: PerceptionConfig,
    sources: tuple[str, ...] = (),
    tag_file: Path | None = None,
    checks: bool = False,
    live: LiveConfig = NO_LIVE,
) -> Known:
    """Return what the settings make perceivable; `tag_file` lists the picture model's labels."""
    tags: tuple[str, ...] = ()
    if config.tags != "off" and tag_file is not None and tag_file.is_file():
        lines = tag_file.read_text().splitlines()
        tags = tuple(name.strip() for line in lines for name in line.split(","))
    return Known(
        labels=COCO_LABELS if config.objects != "off" else (),
        sounds=SOUNDS if config.sounds != "off" else (),
        tags=tags,
        sources=sources,
        speech=config.asr != "off" and config.vad != "off",
        text=config.text != "off",
        checks=checks,
        live=bool(live.checkpoint),
        followed=live.watches if live.checkpoint else 0,
    )
