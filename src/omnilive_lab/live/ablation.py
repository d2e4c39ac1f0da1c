"""The paper's ablation in small: what is learned of a dialogue, everything else the same.

    OUT/world/{train,test}          the videos, made once
    OUT/first/                      encoder, features and first decoder: what all begin from
    OUT/seed-S/OBJECTIVE/           a run: checkpoint, metrics.jsonl, figures.json
    OUT/ablation.md, ablation.html  the table

Every part is made unless it is there, so that an interrupted ablation goes on.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from omnilive.live.checkpoint import load_live
from omnilive.live.model import LiveModel
from omnilive_lab.live.dialogue import Sample
from omnilive_lab.live.evaluate import EvalConfig, Figures, evaluate, forced_figures
from omnilive_lab.live.recipe import (
    Progress,
    TinyConfig,
    base_of,
    encoder_of,
    features_of,
    make_tiny,
    samples_of,
)
from omnilive_lab.live.sequences import OBJECTIVES
from omnilive_lab.live.table import ENGINE, FORCED, html, markdown
from omnilive_lab.training import METRICS

UNTRAINED = "no training"
FIGURES, TABLE = "figures.json", "ablation.md"
LINES = {"interleaved": "interleaved dialogue", "per-frame": "per-frame dialogue",
         "streaming": "streaming EOS"}  # fmt: skip

Runs = dict[str, list[Figures]]


def run_ablation(
    config: TinyConfig, seeds: Sequence[int], out: Path, progress: Progress, minutes: float
) -> str:
    """Train and evaluate everything that is not there yet; return the tables as Markdown.

    A run that needs longer than its `minutes` is stopped, and judged as it is.
    """
    runs: Runs = {name: [] for name in (UNTRAINED, *LINES.values())}
    for seed in seeds:
        train = config.train.model_copy(update={"seed": seed})
        seeded = config.model_copy(update={"train": train})
        runs[UNTRAINED].append(_untrained(seeded, out, progress))
        for objective in OBJECTIVES:
            train = seeded.train.model_copy(update={"objective": objective})
            one = seeded.model_copy(update={"train": train})
            figures = _trained(one, out, progress, minutes)
            runs[LINES[objective]].append(figures)
        _write_tables(runs, out)
    return (out / TABLE).read_text()


def _trained(config: TinyConfig, out: Path, progress: Progress, minutes: float) -> Figures:
    folder = out / f"seed-{config.train.seed}" / config.train.objective
    if not (folder / FIGURES).exists():
        make_tiny(config, folder, out, progress, resume=True, minutes=minutes)
        figures = _figures(load_live(folder).model, config, out, progress) | _cost(folder)
        _write(folder, figures)
    return json.loads((folder / FIGURES).read_text())


def _untrained(config: TinyConfig, out: Path, progress: Progress) -> Figures:
    folder = out / "untrained"
    if not (folder / FIGURES).exists():
        samples = samples_of("train", config, out, progress)
        encoder = encoder_of(config, out, progress)
        features = features_of("train", samples, config, encoder, out, progress)
        model = base_of(config, features, out, progress).eval()
        samples, features = held_out(config, out, progress)
        # Not played by the engine: it speaks at every frame, which takes long and says nothing.
        _write(folder, forced_figures(model, samples, features, EvalConfig(fps=model.card.fps)))
    return json.loads((folder / FIGURES).read_text())


def _figures(model: LiveModel, config: TinyConfig, out: Path, progress: Progress) -> Figures:
    samples, features = held_out(config, out, progress)
    progress.stage("evaluating", len(samples))
    settings = EvalConfig(objective=config.train.objective, fps=model.card.fps)
    return evaluate(model, samples, features, settings)


def held_out(
    config: TinyConfig, out: Path, progress: Progress
) -> tuple[list[Sample], list[np.ndarray]]:
    """Return the dialogues of the test split and the features of their frames."""
    samples = samples_of("test", config, out, progress)
    encoder = encoder_of(config, out, progress)
    return samples, features_of("test", samples, config, encoder, out, progress)


def _cost(folder: Path) -> Figures:
    lines = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return {
        "train_tokens": float(sum(line["tokens"] for line in lines)),
        "train_s": sum(line["s"] for line in lines),
        "steps": float(len(lines)),
    }


def _write(folder: Path, figures: Figures) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{FIGURES}.part"
    part.write_text(json.dumps(figures, indent=1) + "\n")
    part.rename(folder / FIGURES)


def _write_tables(runs: Runs, out: Path) -> None:
    parts = (("With the true dialogue before each token", FORCED), ("Played by the engine", ENGINE))
    shown = {name: figures for name, figures in runs.items() if figures}
    played = {
        name: figures for name, figures in shown.items() if any("f1" in one for one in figures)
    }
    tables = [(heading, played if columns is ENGINE else shown, columns)
              for heading, columns in parts]  # fmt: skip
    text = "\n".join(f"### {h}\n\n{markdown(rows, columns)}" for h, rows, columns in tables)
    (out / TABLE).write_text(text)
    page = html("Streaming EOS and its rivals on the held-out synthetic streams", tables)
    (out / "ablation.html").write_text(page)
