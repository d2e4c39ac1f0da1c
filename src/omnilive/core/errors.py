"""The whole error tree. A class exists only where a caller acts differently on it."""


class OmniLiveError(Exception):
    """Base of every error a user of omnilive may want to catch."""


class ConfigError(OmniLiveError):
    """A setting, argument or name is unknown or out of range; the message names it."""


class SourceError(OmniLiveError):
    """A media source could not be opened, or ended early."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class BackendError(OmniLiveError):
    """A model is missing, could not be loaded, or failed while running."""


class StoreError(OmniLiveError):
    """The memory on disk cannot be read or written: corrupt, full, or not permitted."""
