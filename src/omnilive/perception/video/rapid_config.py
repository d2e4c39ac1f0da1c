"""The settings of the RapidOCR backend, apart from it so that reading them loads no library."""

from pydantic import Field

from omnilive.core.config import Config


class RapidConfig(Config):
    """How carefully text is looked for."""

    max_side_px: int = Field(default=640, ge=160, le=4096)
    """The picture is scaled down to this longer side before text is located in it."""

    min_score: float = Field(default=0.8, ge=0, le=1)
    """Lines under this score are not reported."""

    threads: int = Field(default=1, ge=1)
    """CPU threads."""
