"""Settings from four places in, one SessionConfig out that knows where each value came from.

Strongest first: `--set a.b=c`, the variable `OMNILIVE_A__B`, a YAML file, the recipe. All are
flattened to names such as "perception.look.min_fps", laid over each other, checked once.
"""

import difflib
import json
import os
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from omnilive import recipes
from omnilive.config import SessionConfig
from omnilive.core.config import Config
from omnilive.core.errors import ConfigError
from omnilive.core.masking import STARS, masked_value

DEFAULT_RECIPE = "laptop"
DEFAULT_FILE = Path("omnilive.yaml")
_PREFIX = "OMNILIVE_"


@dataclass(frozen=True, slots=True)
class Given:
    """A value as someone gave it, before it is checked; `origin` is how a message calls that."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The merged settings; `origins` maps each setting's name to where its value came from."""

    config: SessionConfig
    origins: Mapping[str, str]

    def values(self) -> Iterator[tuple[str, Any, str]]:
        """Yield (name, value, origin) of every setting, secrets masked."""
        for name, value in _leaves(self.config):
            yield name, _shown(value), self.origins[name]


def load_settings(
    recipe: str | None = None,
    sets: Sequence[str] = (),
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Merge the settings. A ConfigError names the setting that is unknown or out of range.

    `recipe` None is the default one. `file` None is `omnilive.yaml` in the working folder,
    if it is there.
    """
    base = recipes.by_name(recipe or DEFAULT_RECIPE)
    given = {
        **_from_file(file),
        **_from_environ(os.environ if environ is None else environ),
        **_from_sets(sets),
    }
    plain = dict(_leaves(SessionConfig()))
    by_recipe = f"recipe {recipe or DEFAULT_RECIPE}"
    start = {
        name: Given(value, "default" if value == plain[name] else by_recipe)
        for name, value in _leaves(base)
    }
    merged = start | given
    return Settings(_checked(merged), {name: g.origin for name, g in merged.items()})


def known() -> dict[str, FieldInfo]:
    """Return every setting by its dotted name."""
    return dict(_fields(SessionConfig))


def _fields(config: type[Config], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in config.model_fields.items():
        if group := _group(field):
            yield from _fields(group, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def _group(field: FieldInfo) -> type[Config] | None:
    """Return the config of the group that a field holds, None for a plain setting."""
    kind: Any = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Config) else None


def _leaves(config: Config, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, Config):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _from_sets(sets: Sequence[str]) -> dict[str, Given]:
    given: dict[str, Given] = {}
    for text in sets:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set {text!r}: write NAME=VALUE, such as perception.asr=off")
        given[name.strip()] = _text(name.strip(), value, "--set")
    return given


def _from_environ(environ: Mapping[str, str]) -> dict[str, Given]:
    """Take the variables with "__" in them; others (OMNILIVE_HOME) are no settings."""
    given: dict[str, Given] = {}
    for variable, value in sorted(environ.items()):
        if variable.startswith(_PREFIX) and "__" in variable:
            name = variable.removeprefix(_PREFIX).lower().replace("__", ".")
            given[name] = _text(name, value, variable)
    return given


def _text(name: str, text: str, origin: str) -> Given:
    """Check that the setting exists; read lists as JSON and "none" where none is allowed."""
    kind = _known(name, origin).annotation
    if _origin(kind) in (tuple, list, dict):
        try:
            return Given(json.loads(text), origin)
        except ValueError as error:
            message = f'{name} = {text!r} ({origin}) must be JSON, such as ["a", "b"]'
            raise ConfigError(message) from error
    if types.NoneType in get_args(kind) and text.lower() in ("none", "null"):
        return Given(None, origin)
    return Given(text, origin)


def _origin(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [_origin(part) for part in get_args(kind) if part is not types.NoneType]
        return kinds[0] if len(kinds) == 1 else None
    return get_origin(kind)


def _from_file(file: Path | None) -> dict[str, Given]:
    path = file or DEFAULT_FILE
    if file is None and not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8") as stream:
            tree = yaml.load(stream, _Loader)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"settings file {path} cannot be read: {reason}") from error
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise ConfigError(f"settings file {path} is not valid YAML: {where}") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"settings file {path} must hold names and values, such as `memory: ...`")
    return dict(_flat(tree, SessionConfig, "", str(path)))


def _flat(
    tree: Mapping[Any, Any], config: type[Config], prefix: str, origin: str
) -> Iterator[tuple[str, Given]]:
    for key, value in tree.items():
        name, field = f"{prefix}{key}", config.model_fields.get(str(key))
        group = _group(field) if field else None
        if group is None:
            _known(name, origin)
            yield name, Given(value, origin)
        elif isinstance(value, dict):
            yield from _flat(value, group, f"{name}.", origin)
        elif value is not None:  # a group all of whose lines are commented out
            raise _is_a_group(name, origin)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans: `asr: off` is the name "off", not false."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag != "tag:yaml.org,2002:bool" or first in "tTfF"
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _known(name: str, origin: str) -> FieldInfo:
    settings = known()
    if name in settings:
        return settings[name]
    if any(other.startswith(f"{name}.") for other in settings):
        raise _is_a_group(name, origin)
    last = name.rsplit(".", 1)[-1]
    close = difflib.get_close_matches(name, settings, 3, 0.75)
    close += [other for other in settings if other.rsplit(".", 1)[-1] == last]
    listed = list(dict.fromkeys(close))[:4]
    hint = f"did you mean {', '.join(listed)}?" if listed else "`omnilive config show` lists all"
    raise ConfigError(f"unknown setting {name} ({origin}): {hint}")


def _is_a_group(name: str, origin: str) -> ConfigError:
    inside = [other for other in known() if other.startswith(f"{name}.")]
    some = ", ".join(inside[:4])
    return ConfigError(f"{name} ({origin}) is a group of settings: set one of them, such as {some}")


def _checked(given: Mapping[str, Given]) -> SessionConfig:
    tree: dict[str, Any] = {}
    for name, one in given.items():
        *groups, last = name.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = one.value
    try:
        return SessionConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigError("; ".join(dict.fromkeys(_complaints(error, given)))) from error


def _complaints(error: ValidationError, given: Mapping[str, Given]) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        parts = [str(part) for part in detail["loc"]]
        names = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        name = next((name for name in names if name in given), ".".join(parts))
        reason = detail["msg"].replace("Input should be", "must be")
        if name not in given:
            yield f"{name}: {reason}"
            continue
        one = given[name]
        is_secret = "Secret" in str(known()[name].annotation)
        shown = STARS if is_secret else repr(masked_value(one.value))
        yield f"{name} = {shown} ({one.origin}): {reason[0].lower()}{reason[1:]}"


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return STARS if value.get_secret_value() else ""
    if isinstance(value, BaseModel):
        value = {name: _shown(inner) for name, inner in value}
    if isinstance(value, list | tuple):
        value = [_shown(inner) for inner in value]
    return masked_value(value)
