"""Watches: precision, recall, false alerts, latency, and what they cost.

    python bench/watches.py [--pace live|fast] [--levels easy,medium,hard] [--seeds 1]
        [--parts films,clips,quiet,cost]

- films: generated streams with exact ground truth and distractors (bench/watch_films.py)
- clips: the annotated clips of the shared media folder (set OMNILIVE_SHARED)
- quiet: 4 h in which nothing happens: the percepts of a noisy clip, really computed, repeated
- cost: processor time of watching one film with 0, 100 and 500 watches, at fast pace

Latency is from when the evidence is first to be seen or heard until the alert is told, at live
pace; at fast pace there is none. An alert counts as right when it comes between 1 s before and
3.5 s after (4.5 s for music, in stream time) something that it must tell, each one once.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import SHARED, percentile, report
from watch_films import END_S, LEVELS, Case, Truth, cases_of, script_of, write_film

from omnilive import Session, recipes
from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.engine import Engine, Watch
from omnilive.dialogue.watches.gate import Times
from omnilive.memory.base import LogEntry
from omnilive.memory.library import Library
from omnilive.perception.senses import Senses, load_senses
from omnilive.pipeline import Pipeline

QUIET_H = 4.0


@dataclass
class Tally:
    """What a kind of rule told, and what it should have."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    hours: float = 0.0
    latency_s: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        told, wanted = self.right + self.wrong, self.right + self.missed
        return {
            "n": wanted,
            "precision": round(self.right / told, 3) if told else None,
            "recall": round(self.right / wanted, 3) if wanted else None,
            "false_per_hour": round(self.wrong / self.hours, 2) if self.hours else None,
            "latency_median_s": _rounded(percentile(self.latency_s, 0.5)),
            "latency_p95_s": _rounded(percentile(self.latency_s, 0.95)),
            "mistakes": self.mistakes,
        }


@dataclass
class Told:
    """One alert and where the stream was when it was told; None at fast pace."""

    watch: str
    at_s: float
    now_t: float | None
    text: str


def score(case: Case, told: list[Told], tally: Tally, hours: float, where: str) -> None:
    """Match alerts to what they must tell, in order, each once."""
    left = list(case.truth)
    tally.hours += hours
    for alert in sorted(told, key=lambda a: a.at_s):
        fitting = [truth for truth in left if truth.lo <= alert.at_s <= truth.hi]
        if not fitting:
            tally.wrong += 1
            tally.mistakes.append(f"{where} {case.name}: false at {alert.at_s:.1f}: {alert.text}")
            continue
        truth = min(fitting, key=lambda truth: abs(truth.t - alert.at_s))
        left.remove(truth)
        tally.right += 1
        if alert.now_t is not None:
            tally.latency_s.append(max(0.0, alert.now_t - truth.t))
    tally.missed += len(left)
    tally.mistakes += [f"{where} {case.name}: missed at {truth.t:.1f}" for truth in left]


async def watch(
    clip: Path, rules: list[r.Rule], pace: str, senses: Senses, folder: Path
) -> tuple[list[Told], float]:
    """Watch a clip with these rules; return the alerts and the processor seconds."""
    told: list[Told] = []
    pipelines: list[Pipeline] = []
    name = f"s{time.monotonic_ns()}"
    async with Session.open(
        name, recipes.laptop(), library=Library(folder), senses=senses
    ) as session:

        def hear(line: dict[str, Any]) -> None:
            if line["type"] == "alert":
                now_t = pipelines[0].now_t if pace == "live" and pipelines else None
                told.append(Told(line["watch"], line["at_s"], now_t, line["text"]))

        session.listeners.append(hear)
        for rule in rules:
            session.watches.book.add(rule)
        began = time.process_time()
        await session.watch(str(clip), pace, on_open=pipelines.append)  # type: ignore[arg-type]
        return told, time.process_time() - began


async def films(args: argparse.Namespace, senses: Senses, folder: Path) -> dict[str, Any]:
    """Score every kind of rule on generated films, by level and over all."""
    tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for level in args.levels.split(","):
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            script = script_of(seed)
            clip = folder / f"{level}{seed}.mp4"
            write_film(clip, script, LEVELS[level], seed)
            cases = cases_of(script)
            told, _ = await watch(clip, [c.rule for c in cases], args.pace, senses, folder)
            for i, case in enumerate(cases):
                mine = [t for t in told if t.watch == f"w{i + 1}"]
                for of in (level, "all"):
                    tally = tallies[of][case.kind]
                    score(case, mine, tally, END_S / 3600, f"{level}{seed}")
    return {of: {k: t.figures() for k, t in sorted(kinds.items())} for of, kinds in tallies.items()}


def clip_cases(video: dict[str, Any]) -> list[Case]:
    """Return watches for an annotated clip, made from its annotations alone."""
    cases: list[Case] = []
    labels = defaultdict(list)
    for thing in video["visible"]:
        labels[thing["label"]].append((thing["start_s"], thing["end_s"]))
    for label in ("person", "car", "bird", "bottle", "laptop", "bus", "bicycle", "clock"):
        if label in labels and len(labels[label]) < 5:
            truth = tuple(Truth(a, a - 1.0, a + 3.5) for a, _ in labels[label])
            cases.append(Case("object", label, r.Rule(what=r.Object(labels=(label,))), truth))
    for text in video["screen_text"]:
        words = text["text"].split(" - ")[0]
        same = [x["start_s"] for x in video["screen_text"] if words.lower() in x["text"].lower()]
        truth = tuple(Truth(t, t - 1.0, t + 3.5) for t in same)
        cases.append(Case("text", words, r.Rule(what=r.Text(contains=(words,))), truth))
    for said in video["transcript"]:
        word = _keyword(said["text"], said["lang"])
        same = [x for x in video["transcript"] if word.lower() in x["text"].lower()]
        truth = tuple(Truth(x["end_s"], x["start_s"] - 1.0, x["end_s"] + 1.0) for x in same)
        cases.append(Case("speech", word, r.Rule(what=r.Speech(any_of=(word,))), truth))
    if video["scene_changes_s"] and min(_gaps(video["scene_changes_s"])) > 2.0:
        truth = tuple(Truth(t, t - 1.0, t + 2.0) for t in video["scene_changes_s"])
        cases.append(Case("scene", "cut", r.Rule(what=r.Scene(change=True)), truth))
    return cases


def _keyword(text: str, language: str) -> str:
    """Return what is asked for: the longest word, or the first four signs of Chinese."""
    if language == "zh":
        return text[:4]
    return max((w.strip(".,!?'\"") for w in text.split()), key=lambda w: (len(w), w))


def _gaps(times: list[float]) -> list[float]:
    return [b - a for a, b in zip([0.0, *times], times, strict=False)]


async def clips(args: argparse.Namespace, senses: Senses, folder: Path) -> dict[str, Any]:
    """Score the annotated clips."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    videos = json.loads((SHARED / "annotations.json").read_text())["videos"]
    for video in videos:
        cases = clip_cases(video)
        rules = [case.rule for case in cases]
        told, _ = await watch(SHARED / video["video"], rules, args.pace, senses, folder)
        for i, case in enumerate(cases):
            mine = [t for t in told if t.watch == f"w{i + 1}"]
            hours = video["duration_s"] / 3600
            score(case, mine, tallies[case.kind], hours, Path(video["video"]).stem)
    return {kind: tally.figures() for kind, tally in sorted(tallies.items())}


async def quiet(args: argparse.Namespace, senses: Senses, folder: Path) -> dict[str, Any]:
    """Count alerts in 4 h of a noisy room: the percepts of a clip of it, again and again."""
    script = script_of(0)
    cases = cases_of_quiet(script)
    for part in (script.objects, script.texts, script.speech, script.music):
        part.clear()
    clip = folder / "quiet.mp4"
    write_film(clip, script, LEVELS["hard"], 7)
    async with Session.open("quiet", recipes.laptop(), library=Library(folder), senses=senses) as s:
        await s.watch(str(clip), "fast")
        lines = [e for e in s.store.log_after(0, 100_000) if e.type == "percept"]
    engine = Engine()
    for i, case in enumerate(cases):
        engine.put(Watch(f"w{i}", case.rule))
    fired: dict[str, int] = defaultdict(int)
    for turn in range(round(QUIET_H * 3600 / END_S)):
        for entry in lines:
            line = shifted(entry, turn)
            for firing in engine.step([line], {1: Times(line["t"], line["t"])}):
                fired[cases[int(firing.watch[1:])].name] += 1
    return {
        "hours": QUIET_H, "percepts_of_one_round": len(lines), "watches": len(cases),
        "false_alerts": dict(fired),
        "false_per_hour_of_all_watches": round(sum(fired.values()) / QUIET_H, 3),
    }  # fmt: skip


def shifted(entry: LogEntry, turn: int) -> dict[str, Any]:
    """Return a line of the log as it would be so many rounds later."""
    body, later_s = dict(entry.body), turn * END_S
    body |= {"start_s": body["start_s"] + later_s, "end_s": body["end_s"] + later_s}
    body["id"] += turn * 1_000_000
    return {"seq": entry.seq, "t": entry.t + later_s, "type": "percept", **body}


def cases_of_quiet(script: Any) -> list[Case]:
    """The rules of the films that nothing should fulfil, without those about absence."""
    script.said = {"budget": [1.0], "delivery": [1.0]}
    return [case for case in cases_of(script) if case.kind != "absence"]


async def cost(args: argparse.Namespace, senses: Senses, folder: Path) -> dict[str, Any]:
    """Processor time of one film with no, 100 and 500 watches, each measured alternately."""
    script = script_of(0)
    clip = folder / "cost.mp4"
    write_film(clip, script, LEVELS["easy"], 0)
    base = [case.rule for case in cases_of(script)]
    seconds: dict[int, list[float]] = defaultdict(list)
    for _ in range(args.repeats):
        for count in (0, 100, 500):
            rules = [_varied(base[i % len(base)], i) for i in range(count)]
            told, cpu_s = await watch(clip, rules, "fast", senses, folder)
            seconds[count].append(cpu_s)
    none = min(seconds[0])
    return {
        "processor_s": {str(n): [round(x, 2) for x in found] for n, found in seconds.items()},
        "more_with_100": round(min(seconds[100]) / none - 1, 4),
        "more_with_500": round(min(seconds[500]) / none - 1, 4),
    }  # fmt: skip


def _varied(rule: r.Rule, i: int) -> r.Rule:
    """Return a rule that costs the same and has an identity of its own."""
    return rule.model_copy(update={"text": f"watch {i}", "cooldown_s": float(i % 7)})


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 2)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pace", default="live", choices=("live", "fast"))
    parser.add_argument("--levels", default="easy,medium,hard")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--parts", default="films,clips,quiet,cost")
    args = parser.parse_args()
    parts = {"films": films, "clips": clips, "quiet": quiet, "cost": cost}
    senses = load_senses(recipes.laptop().perception)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in args.parts.split(","):
            figures[name] = await parts[name](args, senses, Path(folder))
    senses.close()
    report("watches" if args.pace == "live" else "watches-fast", vars(args), figures)


asyncio.run(main())
