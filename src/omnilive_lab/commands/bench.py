"""`omnilive bench`: latency and load, measured by the scripts of a checkout's `bench/`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnilive.commands.options import Json
from omnilive.commands.output import remark, say, say_json, table
from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive_lab.timing.comparing import Change, Figure


def bench(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="list | NAME [ARG]... | all | compare OLD NEW | trend NAME",
            help="What to do. Arguments that begin with a dash come after `--`.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the trend as HTML.")
    ] = None,
    figure: Annotated[
        str, typer.Option("--figure", metavar="PART", help="Only figures with this in their name.")
    ] = "",
    json: Json = False,
) -> None:
    """List, run and compare the benchmarks of latency and load.

    Results go to bench/results/NAME.json, all in one format: machine, commit, settings, and n,
    median, p95 and spread of each figure. `compare` takes two such files, or NAME and a commit
    (`compare asr 1a84bf3`); it says what changed by more than noise, and exits with 1 when
    something became worse. `trend` shows every run of a benchmark.

    \b
    Examples:
      omnilive bench list
      omnilive bench qa -- --only bottles
      omnilive bench compare old.json bench/results/qa.json
    """
    match words:
        case ["list"]:
            _list(json)
        case ["compare", old, new]:
            _compare(old, new, figure, json)
        case ["compare", *_]:
            raise ConfigError("compare two results: omnilive bench compare OLD NEW")
        case ["trend", name]:
            _trend(name, figure, out, json)
        case ["trend", *_]:
            raise ConfigError("name one benchmark: omnilive bench trend NAME")
        case ["all"]:
            _run_all(json)
        case [name, *arguments]:
            _run(name, arguments, json)
        case _:
            raise ConfigError("name a benchmark, or `list`")


def _list(json: bool) -> None:
    from omnilive_lab.timing.scripts import benches
    from omnilive_lab.timing.trends import newest

    rows: list[Sequence[str]] = [("NAME", "MEASURED AT", "WHAT")]
    for found in benches().values():
        results = {path.stem: newest(path) for path in found.results()}
        commits = sorted({str((r["machine"] or {}).get("commit", "?")) for r in results.values()})
        if json:
            line = {"name": found.name, "about": found.about, "results": sorted(results)}
            say_json({"type": "bench", **line, "commits": commits})
        rows.append((found.name, ", ".join(commits) or "never", found.about))
    if not json:
        for line in table(rows):
            say(line)


def _run(name: str, arguments: Sequence[str], json: bool) -> None:
    from omnilive_lab.timing.scripts import named, read_result, run_bench

    for path in run_bench(named(name), arguments):
        result = read_result(path)
        if json:
            say_json({"type": "result", **result})
            continue
        say(f"{result['bench']}  (commit {result['machine'].get('commit', '?')})")
        for line in table(_figures(result)):
            say(f"  {line}")


def _run_all(json: bool) -> None:
    from omnilive.core.errors import BackendError
    from omnilive_lab.timing.scripts import benches

    failed: list[str] = []
    for name in benches():
        remark(f"omnilive: bench {name}")
        try:
            _run(name, (), json)
        except BackendError as error:
            remark(f"omnilive: {error}")
            failed.append(name)
    if failed:
        raise BackendError(f"these benchmarks failed: {', '.join(failed)}")


def _figures(result: dict) -> list[Sequence[str]]:
    from omnilive_lab.timing.comparing import flat

    return [(name, *_cells(figure)) for name, figure in flat(result["figures"])] or [("nothing",)]


def _cells(figure: "Figure") -> tuple[str, str]:
    many = f"median of {figure.n}, deviation {figure.deviation or 0:.3g}" if figure.n else ""
    return f"{figure.value:.4g}", many


def _compare(old: str, new: str, wanted: str, json: bool) -> None:
    from omnilive_lab.timing.comparing import cautions, compare

    before, after = _pair(old, new)
    changes = [change for change in compare(before, after) if wanted in change.name]
    for caution in cautions(before, after):
        remark(f"omnilive: not alike: {caution}")
    if json:
        for change in changes:
            say_json({"type": "change", **_as_json(change)})
    else:
        told = [change for change in changes if change.verdict != "same"]
        for line in table([("FIGURE", "OLD", "NEW", "CHANGE", "NOISE", ""), *map(_cells_of, told)]):
            say(line)
        same = len(changes) - len(told)
        remark(f"omnilive: {same} of {len(changes)} figures are the same within noise")
    if any(change.verdict == "worse" for change in changes):
        raise typer.Exit(1)


def _pair(old: str, new: str) -> tuple[dict, dict]:
    """Return two results: two files, or a benchmark's name and a commit."""
    from omnilive_lab.timing.scripts import read_result, result_file
    from omnilive_lab.timing.trends import at_commit, newest

    if Path(old).suffix == ".json":
        return read_result(Path(old)), read_result(Path(new))
    path = result_file(old)
    return at_commit(path, new), newest(path)


def _as_json(change: "Change") -> dict[str, object]:
    old, new = change.old, change.new
    return {
        "name": change.name,
        "old": old.value if old else None,
        "new": new.value if new else None,
        "share": change.share,
        "noise": change.noise,
        "verdict": change.verdict,
    }


def _cells_of(change: "Change") -> Sequence[str]:
    old, new, share = change.old, change.new, change.share
    return (
        change.name,
        f"{old.value:.4g}" if old else "",
        f"{new.value:.4g}" if new else "",
        f"{share:+.1%}" if share is not None else "",
        f"±{change.noise:.3g}" if change.noise else "",
        change.verdict,
    )


def _trend(name: str, wanted: str, out: Path | None, json: bool) -> None:
    from omnilive_lab.evaluation import results as files
    from omnilive_lab.timing.scripts import result_file
    from omnilive_lab.timing.trends import history, page, sparkline, trends

    path = result_file(name)
    found = history(path)
    lines = trends(found, wanted)
    if not lines:
        raise ConfigError(f"no results of {name!r} yet: run `omnilive bench {name}` first")
    if json:
        for title, points in lines.items():
            say_json({"type": "trend", "name": title, "points": points})
    else:
        rows = [
            (
                title,
                sparkline([v for _, v in points]),
                f"{points[0][1]:.4g}",
                f"{points[-1][1]:.4g}",
            )
            for title, points in lines.items()
        ]
        for line in table([("FIGURE", f"{len(found)} RESULTS", "FIRST", "LAST"), *rows]):
            say(line)
    if out is not None:
        files.write_text(out, page(name, lines, found))
        remark(f"omnilive: trend: {out}")
