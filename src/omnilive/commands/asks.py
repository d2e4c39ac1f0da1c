"""Reads `--ask`: a question, with the stream second at which it is asked, if one is given."""

import math
import re

from omnilive.core.errors import ConfigError

_AT = re.compile(r"(.*)@\s*([-+]?(?:\d+:[\d:]*\d|\d+\.?\d*|\.\d+))\s*", re.DOTALL)


def parse_ask(text: str) -> tuple[str, float | None]:
    """Split "Q@SECONDS". Only a number at the very end counts; any other "@" is text."""
    match = _AT.fullmatch(text)
    question = (match[1] if match else text).strip()
    if not question:
        raise ConfigError(
            f'--ask {text!r}: the question is empty: write one, such as "what was said?@12.5"'
        )
    return question, at_second(match[2], f"--ask {text!r}") if match else None


def at_second(text: str, where: str) -> float:
    """Return a stream time; ConfigError names the option when it is none."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        message = f"{where}: {text} is no stream time: give seconds from the start, such as 12.5"
        raise ConfigError(message)
    return seconds
