"""All figures of a LIVE model on dialogues with known answers.

Three views of one model: the four published figures (teacher-forced, threshold 0), corrected ones
under names of their own (teacher-forced, with the threshold used live), and what the real engine
says over whole streams. The first have their published names, the second begin with "forced_", the
third are those of played.py. Shares are 0 to 1, but LM-Correctness and Fluency per cent.

Shape legend: F frames, N tokens of a frame, D feature width.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from omnilive.core.clock import stopwatch
from omnilive.core.config import Config
from omnilive.live.engine import EngineConfig
from omnilive.live.model import LiveModel
from omnilive_lab.live import forced
from omnilive_lab.live.dialogue import Sample
from omnilive_lab.live.grid import frames
from omnilive_lab.live.played import play, played_figures
from omnilive_lab.live.sequences import Layout, Objective

Figures = dict[str, float | None]


class EvalConfig(Config):
    """How a model is evaluated."""

    objective: Objective = "streaming"
    """How dialogues are laid out: as in training."""

    fps: float = Field(default=2.0, gt=0)
    """Frames a second of the features."""

    theta: float | None = Field(default=None, ge=0, le=1)
    """Threshold of the corrected figures and of the engine; None: the model's own."""

    within_s: float = Field(default=0.5, ge=0)
    """How far off a remark may be that counts for F1."""

    max_frames: int | None = Field(default=None, ge=1)
    """Teacher-forced dialogues are cut behind so many frames; the engine plays them all."""

    streams: int = Field(default=16, ge=1)
    """Streams in one batch of the engine."""

    max_reply_tok: int = Field(default=24, ge=1)
    """Longest reply of the engine: the world's longest has about 15 tokens, and a model that never
    learned to end would talk on at every frame."""

    window_tok: int = Field(default=0, ge=0)
    """Newest tokens that the engine looks back on; 0 for all."""


def evaluate(
    model: LiveModel,
    samples: Sequence[Sample],
    features: Sequence[np.ndarray],
    config: EvalConfig,
) -> Figures:
    """Return every figure of `model`; `features` are (F, N, D), one for each sample.

    Those of the engine are there for the streaming layout and the interleaved one, which the
    engine speaks; a model of the per-frame layout cannot be played by it.
    """
    figures = forced_figures(model, samples, features, config)
    if config.objective != "per-frame":
        figures |= engine_figures(model, samples, features, config)
    return figures


def forced_figures(
    model: LiveModel,
    samples: Sequence[Sample],
    features: Sequence[np.ndarray],
    config: EvalConfig,
) -> Figures:
    """Return the published and the corrected teacher-forced figures, and `forced_s`, their time."""
    began, theta = stopwatch(), _theta(model, config)
    layout = Layout(model.template, config.objective, model.card.frame.tokens)
    shown = [
        forced.Shown(
            layout.lay(frames(sample, config.fps), config.max_frames),
            np.array(f, np.float32),
            is_quiet=bool(sample.made.get("quiet")),
        )
        for sample, f in zip(samples, features, strict=True)
    ]
    judged = forced.judge(model, layout, shown, theta)
    return {
        **forced.published(judged, config.fps),
        **_prefixed(forced.fair(judged, config.fps)),
        **_prefixed(forced.speaking(judged, config.fps, config.within_s)),
        "forced_s": stopwatch() - began,
    }


def engine_figures(
    model: LiveModel,
    samples: Sequence[Sample],
    features: Sequence[np.ndarray],
    config: EvalConfig,
) -> Figures:
    """Return the figures of the engine, `engine_s`, their time, and frames a second."""
    engine = EngineConfig.model_validate({
        "streams": min(config.streams, max(1, len(samples))),
        "policy": {"theta": _theta(model, config), "pause_s": 0.0, "repeat_s": 0.0},
        "max_reply_tok": config.max_reply_tok,
        "window_tok": config.window_tok,
    })  # fmt: skip
    was_training = model.training
    model.eval()
    streams, took_s = play(
        model, samples, [np.array(f, np.float32) for f in features], engine, config.fps
    )
    model.train(was_training)
    count = sum(len(f) for f in features)
    return {
        **played_figures(streams, config.within_s),
        "engine_s": took_s,
        "engine_fps": count / took_s if took_s else None,
    }


def _prefixed(figures: Figures) -> Figures:
    return {f"forced_{name}": value for name, value in figures.items()}


def _theta(model: LiveModel, config: EvalConfig) -> float:
    return model.card.threshold if config.theta is None else config.theta
