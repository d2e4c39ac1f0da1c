"""The server's token: made at random, shown once, kept as a hash that only its user may read."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from omnilive.core.errors import ConfigError
from omnilive.server.config import TOKEN_VARIABLE, ServerConfig

FILE = ".server-token"  # in the folder of the sessions; no session can be called so
SHORTEST = 16  # characters of a token that somebody thought up
_HASH = re.compile(r"[0-9a-f]{64}")


def hash_of(token: str | bytes) -> str:
    """Return the SHA-256 of a token: enough for a random one, which nobody can guess."""
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).hexdigest()


def opens(given: bytes, token_hash: str) -> bool:
    """Tell whether a token has this hash, in a time that tells nothing about either."""
    return hmac.compare_digest(hash_of(given), token_hash)


def stored_hash(folder: Path) -> str:
    """Return the hash of the token made earlier, "" when there is none.

    Raises ConfigError when the file cannot be read or holds something else: a server that then
    made another token would lock its user out without a word.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {_remedy(error)}") from error
    if not _HASH.fullmatch(text):
        raise ConfigError(f"{path} holds no hash of a token: {_remedy(None)}")
    return text


def make_token(folder: Path) -> str:
    """Make a token in place of any earlier one, store its hash (mode 0600), and return it."""
    token = secrets.token_urlsafe(32)
    path = folder / FILE
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(hash_of(token) + "\n")
        os.replace(part, path)
    except OSError as error:
        raise ConfigError(f"the token cannot be stored in {path}: {error.strerror}") from error
    return token


def lock(
    server: ServerConfig, folder: Path, *, is_open: bool, new_token: bool = False
) -> tuple[ServerConfig, str]:
    """Return the settings with a token where one is needed, and the token if it was made now.

    `is_open`: only this machine can reach the server, so that no token is needed.
    """
    given = server.token.get_secret_value()
    if new_token and server.is_locked:
        raise ConfigError(
            f"a token is given ({TOKEN_VARIABLE} or server.token): take that away to have one made"
        )
    if given and not is_open and len(given) < SHORTEST:
        raise ConfigError(
            f"the token has fewer than {SHORTEST} characters, and others can reach this address: "
            "take a longer one, or give none to have one made"
        )
    if server.is_locked or is_open:
        return server, ""
    made = "" if new_token else stored_hash(folder)
    token = "" if made else make_token(folder)
    return server.model_copy(update={"token_sha256": made or hash_of(token)}), token


def _remedy(error: Exception | None) -> str:
    reason = f"{getattr(error, 'strerror', None) or 'no text'}; " if error else ""
    return f"{reason}make another token with `omnilive serve --new-token`"
