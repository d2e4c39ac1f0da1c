"""The settings of the server."""

import ipaddress
import os
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from omnilive.core.config import Config

TOKEN_VARIABLE = "OMNILIVE_TOKEN"


class IceServer(Config):
    """A STUN or TURN server that helps WebRTC peers through a firewall."""

    urls: tuple[Annotated[str, Field(pattern=r"^(stuns?|turns?):[^/ ]")], ...]
    """Such as "stun:stun.example.org:3478" or "turn:turn.example.org:3478?transport=udp"."""

    username: str = ""
    """For TURN."""

    credential: SecretStr = SecretStr("")
    """For TURN; told to every client that may use this server, as WebRTC needs it."""


class ServerConfig(Config):
    """Who may use the server, and how much it takes."""

    token: SecretStr = SecretStr("")
    """What every request must carry; empty: loopback needs none, elsewhere one is made."""

    token_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """Hash of the token, for whoever does not want to keep the token itself in the settings."""

    allow_private_sources: bool | None = None
    """Whether streams may lead to private, loopback or link-local addresses, such as a camera in
    the home; none: only while no token is needed, because then only this machine can ask."""

    source_networks: tuple[str, ...] = ()
    """Private networks that streams may lead to all the same, such as 192.168.1.0/24."""

    allow_devices: bool | None = None
    """Whether clients may switch on this machine's own camera; none: as for private sources."""

    source_folders: tuple[str, ...] = ()
    """Folders below which clients may watch files of this machine. While no token is needed they
    may watch any file; uploads are always possible."""

    upload_max_bytes: int = Field(default=2 * 2**30, ge=1)
    """Largest file that may be uploaded."""

    body_max_bytes: int = Field(default=2**20, ge=1)
    """Largest request of any other kind."""

    chat_max_bytes: int = Field(default=20 * 2**20, ge=1)
    """Largest request to /v1/chat/completions, which may carry pictures."""

    asks_per_minute: int = Field(default=120, ge=1)
    """Questions that one address may ask."""

    creations_per_minute: int = Field(default=120, ge=1)
    """Sessions, sources and peers that one address may make."""

    sessions_max: int = Field(default=1000, ge=1)
    """Sessions that may be stored."""

    sources_max: int = Field(default=16, ge=1)
    """Sources that may be watched at once, over all sessions; peers and calls are sources too."""

    sockets_max: int = Field(default=64, ge=1)
    """WebSockets that may be open at once."""

    event_streams_max: int = Field(default=128, ge=1)
    """Event streams that may be open at once."""

    ice_servers: tuple[IceServer, ...] = ()
    """STUN and TURN servers; none are needed where peers reach this machine directly."""

    peers_max: int = Field(default=32, ge=1)
    """WebRTC peers that may be connected at once."""

    peer_connect_s: float = Field(default=20.0, gt=0)
    """Time that a WebRTC peer has to connect after its offer was answered."""

    peer_silent_s: float = Field(default=15.0, gt=0)
    """Time without any packet after which a WebRTC peer is taken for gone."""

    event_stream_max_s: float | None = Field(default=None, gt=0)
    """Longest time that an event stream lasts; its client comes back with its cursor. None: until
    the client leaves."""

    watch_max_s: float | None = Field(default=None, gt=0)
    """Longest time that a source is watched or a call lasts; none: as long as it goes on."""

    clip_max_s: float = Field(default=300.0, gt=0)
    """Longest clip that may be cut out."""

    preload: bool = True
    """`omnilive serve` loads its models at the start, not when the first caller needs them."""

    stop_s: float = Field(default=8.0, gt=0)
    """Time that a stopped source has to finish what it holds, before it is cut off."""

    @field_validator("source_networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ipaddress.ip_network(network, strict=False)
        return networks

    @classmethod
    def from_environment(cls, base: "ServerConfig | None" = None) -> "ServerConfig":
        """Return `base`, or the defaults, with the token that the environment names."""
        base = base or cls()
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        return base.model_copy(update={"token": SecretStr(token)}) if token else base

    @property
    def is_locked(self) -> bool:
        """Whether every request needs a token; else only this machine is served."""
        return bool(self.token.get_secret_value() or self.token_sha256)

    @property
    def may_reach_private(self) -> bool:
        """Whether a stream may lead to this machine or its neighbours."""
        allowed = self.allow_private_sources
        return not self.is_locked if allowed is None else allowed

    @property
    def may_use_devices(self) -> bool:
        """Whether this machine's cameras may be switched on."""
        return not self.is_locked if self.allow_devices is None else self.allow_devices
