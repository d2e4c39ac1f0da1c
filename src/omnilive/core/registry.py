"""Backends by name: import strings, loaded only when chosen; third parties add entry points."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from omnilive.core.errors import BackendError, ConfigError


class Registry:
    """Names of one kind of backend, mapped to "module:attribute"."""

    def __init__(self, kind: str, builtin: Mapping[str, str]) -> None:
        self.kind = kind
        self._builtin = dict(builtin)

    def names(self) -> list[str]:
        """Return every name that `load` accepts."""
        return sorted(self._targets())

    def load(self, name: str) -> Any:
        """Import a backend. Unknown name: ConfigError; missing library: BackendError."""
        targets = self._targets()
        if name not in targets:
            known = ", ".join(sorted(targets))
            raise ConfigError(f"no {self.kind} backend {name!r}; choose from {known}")
        module, attribute = targets[name].split(":")
        try:
            return getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise BackendError(
                f"{self.kind} backend {name!r} needs the Python package {error.name!r}, "
                "which is not installed: run `omnilive doctor`"
            ) from error

    def _targets(self) -> dict[str, str]:
        plugins = {e.name: e.value for e in entry_points(group=f"omnilive.{self.kind}")}
        return plugins | self._builtin
