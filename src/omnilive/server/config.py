"""The settings of the server."""

import os

from pydantic import Field, SecretStr

from omnilive.core.config import Config

TOKEN_VARIABLE = "OMNILIVE_TOKEN"


class ServerConfig(Config):
    """Who may use the server, and how much it takes."""

    token: SecretStr = SecretStr("")
    """What every request must carry; empty: none is asked for, and only this machine may ask."""

    upload_max_bytes: int = Field(default=2 * 2**30, ge=1)
    """Largest file that may be uploaded."""

    body_max_bytes: int = Field(default=2**20, ge=1)
    """Largest request of any other kind."""

    stop_s: float = Field(default=8.0, gt=0)
    """Time that a stopped source has to finish what it holds, before it is cut off."""

    @classmethod
    def from_environment(cls) -> "ServerConfig":
        """Return the defaults, with the token that the environment names."""
        return cls(token=SecretStr(os.environ.get(TOKEN_VARIABLE, "").strip()))
