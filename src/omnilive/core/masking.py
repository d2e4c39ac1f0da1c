"""Takes secrets out of what is shown: messages, logs, and `omnilive config show`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

_SECRET_KEYS = "auth|credential|key|pass|passphrase|passwd|password|secret|sig|signature|token"
_IS_SECRET = re.compile(rf"(?i)(\w*[-_])?({_SECRET_KEYS})")
STARS = "**********"


def masked(url: str) -> str:
    """Return the URL with passwords and tokens replaced by stars, fit for messages and logs."""
    url = re.sub(r"(://[^/@\s:]*):[^/\s]*@", r"\1:***@", url)
    return re.sub(rf"(?i)\b((?:\w*[-_])?(?:{_SECRET_KEYS}))=[^&#\s]*", r"\1=***", url)


def masked_value(value: Any) -> Any:
    """Return a setting's value, which may be nested, without what is secret in it."""
    if isinstance(value, str):
        return masked(value) if "://" in value else value
    if isinstance(value, Mapping):
        entries = cast(Mapping[Any, Any], value)
        return {key: _masked_entry(str(key), entry) for key, entry in entries.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [masked_value(entry) for entry in cast(Sequence[Any], value)]
    return value


def _masked_entry(key: str, value: Any) -> Any:
    is_secret = _IS_SECRET.fullmatch(key) and isinstance(value, str) and value
    return STARS if is_secret else masked_value(value)
