"""Rules from a file, a request or options: words or JSON, with fields to change on top."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from omnilive.core.errors import ConfigError
from omnilive.dialogue.watches.rule import Rule, rule_from_json, rule_json

MAX_FILE_BYTES = 1_000_000
MAX_WATCHES = 500
Said = str | dict[str, Any]
"""Plain words, or a rule as JSON values."""


def changed(rule: Rule, change: Mapping[str, Any]) -> Rule:
    """Return the rule with some of its fields replaced; ConfigError for a field that is none.

    `add_to` appends targets, in place of replacing all of them with `to`.
    """
    if not change:
        return rule
    values = {**rule_json(rule), **{k: v for k, v in change.items() if k != "add_to"}}
    added = change.get("add_to", [])
    if not isinstance(added, list) or not isinstance(values["to"], list):
        raise ConfigError("to and add_to are lists of targets")
    for target in added:
        if target not in values["to"]:
            values["to"] = [*values["to"], target]
    return rule_from_json(values)


def read_file(path: Path) -> list[tuple[Said, dict[str, Any]]]:
    """Read a YAML or JSON file: a list of sentences, rules, or sentences with fields to change.

    - Tell me when a dog appears
    - text: Tell me when someone comes in
      cooldown_s: 60
    - {what: {kind: text, contains: [EXIT]}, repeat: once}
    """
    found = _read(path)
    if isinstance(found, dict) and set(found) == {"watches"}:
        found = found["watches"]
    if not isinstance(found, list) or not found:
        raise ConfigError(f"{path} must hold a list of sentences or rules")
    if len(found) > MAX_WATCHES:
        raise ConfigError(f"{path} holds {len(found)} watches; {MAX_WATCHES} are the most")
    return [_item(path, number, item) for number, item in enumerate(found, 1)]


def read_steps(path: Path) -> list[str | dict[str, Any]]:
    """Read a procedure: a YAML or JSON list of steps, or a text with one step a line.

    - Put the cup on the table
    - text: Switch the laptop on
      done: a laptop appears
    """
    if path.suffix in (".yaml", ".yml", ".json"):
        found: Any = _read(path)
    else:
        found = [line.strip() for line in _text(path).splitlines() if line.strip()]
    if not isinstance(found, list) or not all(map(_is_step, found)):
        raise ConfigError(f"{path} must hold a list of steps: sentences, or text with done")
    return found


def _is_step(step: Any) -> bool:
    if isinstance(step, dict):
        return set(step) <= {"text", "done"} and isinstance(step.get("text"), str)
    return isinstance(step, str)


def _read(path: Path) -> Any:
    text = _text(path)
    try:
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{path} is neither YAML nor JSON: {error}") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"{path} is over 1 MB: that is no list of watches or steps")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is no text: {error}") from error


def _item(path: Path, number: int, item: Any) -> tuple[Said, dict[str, Any]]:
    if isinstance(item, str):
        return item, {}
    if isinstance(item, dict) and "what" in item:
        return item, {}
    if isinstance(item, dict) and isinstance(item.get("text"), str):
        return item["text"], {k: v for k, v in item.items() if k != "text"}
    raise ConfigError(f"{path}: entry {number} is neither a sentence nor a rule with “what”")
