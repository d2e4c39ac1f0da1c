"""The settings of the SSD backend, apart from it so that reading them loads no library."""

from pydantic import Field

from omnilive.core.config import Config


class SSDConfig(Config):
    """What counts as a detection."""

    min_score: float = Field(default=0.3, ge=0.05, le=1)
    """Detections under this score are not reported at all."""

    max_overlap: float = Field(default=0.6, gt=0, le=1)
    """Of two detections that overlap more (IoU), whatever their labels, the better one stays."""
