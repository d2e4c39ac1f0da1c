"""All converters by name."""

from omnilive.core.errors import ConfigError
from omnilive_lab.live.converters import (
    activitynet,
    coin,
    ego4d_goalstep,
    ego4d_narration,
    subtitles,
    table,
    youcook2,
)
from omnilive_lab.live.converters.base import Converter

CONVERTERS: dict[str, Converter] = {
    module.CONVERTER.name: module.CONVERTER
    for module in (
        ego4d_narration, ego4d_goalstep, coin, activitynet, youcook2, subtitles, table
    )
}  # fmt: skip


def converter(name: str) -> Converter:
    """Return the converter of an annotation format. ConfigError lists them."""
    if name not in CONVERTERS:
        raise ConfigError(f"no annotation format {name!r}; choose from {', '.join(CONVERTERS)}")
    return CONVERTERS[name]
