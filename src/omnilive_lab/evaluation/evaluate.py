"""One evaluation from the command line: what was wanted in, a folder with a report out."""

import datetime
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import omnilive
from omnilive.catalog.machine import cpu_count, gpu_names, memory_bytes
from omnilive.commands.output import remark, say, say_json
from omnilive.core.clock import wall_time
from omnilive.core.errors import ConfigError
from omnilive.reasoning.config import OpenAIConfig
from omnilive_lab.bench.base import Benchmark, Judge, Setup, by_name
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.html import page
from omnilive_lab.evaluation.progress import Meter
from omnilive_lab.evaluation.report import Report, figure, markdown, warnings
from omnilive_lab.evaluation.run import Plan, load_items, run
from omnilive_lab.evaluation.sampling import Policy
from omnilive_lab.evaluation.summing import performance, summarise
from omnilive_lab.models.choose import Choice, Mode, Pace, examinee
from omnilive_lab.timing.commit import commit

__all__ = ["Wanted", "evaluate"]
MD, HTML = "report.md", "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line."""

    benchmark: str
    data: Path | None = None
    model: str = "laptop"
    mode: Mode | None = None
    frames: str = ""
    pace: Pace = "fast"
    limit: int | None = None
    out: Path | None = None
    resume: bool = False
    judge: str = ""
    judge_model: str = ""
    judge_key: str = ""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    seed: int = 0
    sets: Sequence[str] = ()
    file: Path | None = None
    command: str = ""


def evaluate(wanted: Wanted, json: bool = False) -> bool:
    """Run it and write the report; return whether every item could be asked."""
    benchmark = by_name(wanted.benchmark, wanted.options)
    if wanted.data is None:
        raise ConfigError(f"where is the data? Give --data DIR.\n{benchmark.need}")
    frames = wanted.frames or benchmark.frames
    choice = Choice(
        model=wanted.model, mode=wanted.mode, policy=Policy.parse(frames), pace=wanted.pace,
        sets=wanted.sets, file=wanted.file, seed=wanted.seed,
    )  # fmt: skip
    mode = choice.final_mode
    items = load_items(benchmark, wanted.data, wanted.limit)
    out = wanted.out or _folder(wanted, mode)
    if (out / results.RUN).exists() and not wanted.resume:
        # Before models are loaded.
        raise ConfigError(f"{out} holds a run: go on with it (--resume), or give another --out")
    judge = _judge(wanted)
    sitter = examinee(choice, items)
    plan = Plan(
        benchmark=benchmark, data=wanted.data, examinee=sitter, out=out, judge=judge,
        setup=Setup(mode=mode, frames=choice.policy.count, options=benchmark.chosen),
        frames="" if choice.plays or wanted.model in ("random", "majority") else frames,
        limit=wanted.limit, resume=wanted.resume, about=_about(wanted.command),
    )  # fmt: skip
    meter = Meter(json)
    try:
        rows = run(plan, items, meter)
    except KeyboardInterrupt:
        remark(f"omnilive: stopped; what is done is kept in {out}: --resume goes on from there")
        raise
    finally:
        meter.close()
        sitter.close()
    summary = summarise(plan, rows)
    report = write_report(benchmark, out, summary)
    _tell(report, out, json)
    return not summary["status"]["failed"]


def write_report(benchmark: Benchmark, out: Path, summary: dict[str, Any]) -> Report:
    """Write summary, performance and both reports into the folder of a run."""
    results.write_json(out / results.SUMMARY, summary)
    results.write_json(out / results.PERFORMANCE, performance(out))
    report = Report.read(out, benchmark.published)
    results.write_text(out / MD, markdown(report))
    lines = list(results.read_lines(out / results.ITEMS))
    results.write_text(out / HTML, page(report, lines))
    return report


def _tell(report: Report, out: Path, json: bool) -> None:
    if json:
        say_json({"type": "summary", **report.summary, "out": str(out)})
        return
    summary = report.summary
    for name in report.columns:
        strict = summary["strict"].get(name)
        beside = f"  (strict {figure(strict)})" if strict is not None else ""
        say(f"{name:<28} {figure(summary['official'][name]):>8}{beside}")
    for warning in warnings(report):
        remark(f"omnilive: note: {warning}")
    remark(f"omnilive: report: {out / HTML}")


def _judge(wanted: Wanted) -> Judge | None:
    if not wanted.judge:
        return None
    from pydantic import SecretStr

    from omnilive_lab.evaluation.judge import EndpointJudge

    key = SecretStr(wanted.judge_key)
    config = OpenAIConfig(base_url=wanted.judge, model=wanted.judge_model, api_key=key)
    try:
        return EndpointJudge(config)
    except ConfigError as error:
        raise ConfigError(str(error).replace("reasoning.openai.base_url", "--judge")) from error


def _folder(wanted: Wanted, mode: str) -> Path:
    model = wanted.model.replace("/", "_").replace(":", "-")
    return Path("evaluations") / f"{wanted.benchmark}-{model}-{mode}"


def _about(command: str) -> dict[str, Any]:
    begun = datetime.datetime.fromtimestamp(wall_time(), datetime.UTC)
    return {
        "command": command,
        "commit": commit(),
        "omnilive": omnilive.__version__,
        "begun": begun.isoformat(timespec="seconds"),
        "machine": {
            "cpu": _cpu(),
            "cores": cpu_count(),
            "memory_gib": round(memory_bytes() / 2**30, 1),
            "gpus": "; ".join(gpu_names()) or "none",
            "python": platform.python_version(),
            "system": platform.system(),
        },
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
