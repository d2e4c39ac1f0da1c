"""`omnilive models`, `doctor` and `config`: what is there, and what is set."""

import json as jsonlib
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from omnilive.commands.options import ConfigFile, Json, Recipe, Sets, group, settings
from omnilive.commands.output import remark, say, say_json, size, table
from omnilive.core.errors import BackendError

models = group("models", "Model files: which there are, fetch them, check them.")
config = group("config", "Settings: what they are, and where each value comes from.")
_MISSING = 4
_Names = Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...")]


@models.command("list")
def list_models(json: Json = False) -> None:
    """List every model of the catalog, and whether it is on this machine.

    \b
    Example:
      omnilive models list
    """
    from omnilive.catalog import fetch

    rows = [("MODEL", "JOB", "SIZE", "LICENCE", "STATE", "")]
    for state in fetch.states():
        model, found = state.model, state.status.value
        if json:
            say_json(
                {
                    "type": "model", "name": model.name, "job": model.job, "state": found,
                    "bytes": model.size_bytes, "licence": model.licence,
                    "default": model.default, "folder": str(state.folder),
                }
            )  # fmt: skip
        note = "" if model.default else "optional"
        rows.append((model.name, model.job, size(model.size_bytes), model.licence, found, note))
    if not json:
        for line in table(rows):
            say(line)


@models.command()
def pull(names: _Names = None) -> None:
    """Fetch models; without names, those that the default recipe needs.

    \b
    Example:
      omnilive models pull whisper-base
    """
    from omnilive.catalog import fetch
    from omnilive.catalog.progress import Bar

    fetch.pull(names or (), Bar())
    remark("all there")


@models.command()
def verify(names: _Names = None, json: Json = False) -> None:
    """Hash every file of the models again. Exit status 4 when one is missing or damaged.

    \b
    Example:
      omnilive models verify
    """
    from omnilive.catalog import fetch

    found = fetch.verify(names or ())
    for one in found:
        if json:
            say_json(
                {
                    "type": "file", "model": one.model, "name": one.file.name,
                    "state": one.status.value, "path": str(one.path),
                    "sha256": one.file.sha256, "found_sha256": one.found_sha256,
                }
            )  # fmt: skip
    bad = sorted({one.model for one in found if one.status.value != "ok"})
    if not json:
        for line in table([(one.status.value, f"{one.model}/{one.file.name}") for one in found]):
            say(line)
    if bad:
        raise BackendError(f"not whole: {', '.join(bad)}; type `omnilive models pull`")


def doctor(
    json: Json = False, recipe: Recipe = None, set: Sets = None, config: ConfigFile = None
) -> None:
    """Look at this machine and say what is missing and what to type.

    Exit status 4 when a model is missing, 1 when anything else is.

    \b
    Example:
      omnilive doctor
    """
    from omnilive.catalog.doctor import checkup
    from omnilive.live.look import look_over

    checks = [*checkup(), *look_over(settings(recipe, set, config).config.live)]
    for check in checks:
        if json:
            facts = {"name": check.name, "ok": check.ok, "detail": check.detail}
            say_json({"type": "check", **facts, "remedy": check.remedy})
        else:
            remedy = f"  -> {check.remedy}" if check.remedy and not check.ok else ""
            say(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.detail}{remedy}")
    failed = [check for check in checks if not check.ok]
    if failed:
        only_models = all(check.name.startswith("model ") for check in failed)
        raise typer.Exit(_MISSING if only_models else 1)


@config.command()
def show(
    json: Json = False, recipe: Recipe = None, set: Sets = None, config: ConfigFile = None
) -> None:
    """Print every setting with its value and where that came from; secrets are masked.

    \b
    Example:
      omnilive config show --set perception.asr=off
    """
    merged = settings(recipe, set, config)
    if json:
        for name, value, origin in merged.values():
            say_json({"type": "setting", "name": name, "value": value, "from": origin})
        return
    rows = [
        (name, jsonlib.dumps(value, ensure_ascii=False), origin)
        for name, value, origin in merged.values()
    ]
    for line in table(rows):
        say(line)


@config.command()
def schema() -> None:
    """Print the JSON schema of all settings, for editors that check a YAML file.

    \b
    Example:
      omnilive config schema > omnilive.schema.json
    """
    from omnilive.config import SessionConfig

    described: Mapping[str, Any] = SessionConfig.model_json_schema()
    say(jsonlib.dumps(described, ensure_ascii=False, indent=2))
