"""All figures of a model at once; the views of it agree where they must."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.model import LiveModel
from omnilive_lab.live import forced
from omnilive_lab.live.dialogue import Sample
from omnilive_lab.live.evaluate import EvalConfig, evaluate
from omnilive_lab.live.grid import frame_range, frames
from omnilive_lab.live.sequences import OBJECTIVES, Layout
from omnilive_lab.live.world.make import plan_stream, sample_of
from omnilive_lab.live.world.settings import WorldConfig
from tests.live.scripted import byte_tokenizer

WIDTH = 8
CONFIG = EvalConfig(max_reply_tok=3, streams=4)


@pytest.fixture(scope="module")
def model() -> Iterator[LiveModel]:
    tokenizer = byte_tokenizer()
    decoder = DecoderShape(vocab=tokenizer.get_vocab_size(), width=16, layers=2, heads=2,
                           kv_heads=1, head_size=8, inner=16)  # fmt: skip
    torch.manual_seed(0)
    yield LiveModel(Card(decoder=decoder, frame=FrameShape(width=WIDTH), bos="<s>", eos="</s>",
                         system="S\n"), tokenizer)  # fmt: skip


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    short = WorldConfig(min_s=8, max_s=12, quiet_share=0.4)
    return [sample_of(plan_stream(0, "test", i, short), 0) for i in range(6)]


@pytest.fixture(scope="module")
def features(samples: list[Sample]) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    made = [random.normal(size=(len(frame_range(s)), 1, WIDTH)).astype("f2") for s in samples]
    for array in made:
        array.setflags(write=False)  # as those mapped from files
    return made


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_gets_its_figures(
    objective: str, model: LiveModel, samples: list[Sample], features: list[np.ndarray]
) -> None:
    config = CONFIG.model_copy(update={"objective": objective})
    model.train()
    figures = evaluate(model, samples, features, config)
    assert model.training  # as it was found
    assert (figures["LM-PPL"] or 0) > 100  # of 258 tokens, untrained
    assert figures["forced_quiet_share"] is not None and figures["forced_f1"] is not None
    assert ("f1" in figures) == (objective != "per-frame")
    again = evaluate(model, samples, features, config)
    assert _without_times(again) == _without_times(figures)


def test_with_threshold_zero_one_decides_by_the_likeliest_token_alone(
    model: LiveModel, samples: list[Sample], features: list[np.ndarray]
) -> None:
    """A model made to keep silent misses all, in both views, and remarks on nothing."""
    silent = LiveModel(model.card, model.template.tokenizer)
    silent.load_state_dict(model.state_dict())
    assert silent.decoder.lm_head is not None
    old = silent.logits
    object.__setattr__(silent, "logits", lambda hidden: _louder(old(hidden), silent))
    figures = evaluate(silent, samples, features, CONFIG.model_copy(update={"theta": 0.0}))
    assert figures["forced_quiet_share"] == figures["quiet_share"] == 1.0
    assert figures["missed_share"] == figures["forced_missed_share"] == 1.0
    assert figures["forced_f1"] == figures["f1"] == 0.0
    # A threshold may ask for more than it gives to silence.
    strict = evaluate(silent, samples, features, CONFIG.model_copy(update={"theta": 0.9999}))
    assert strict["forced_quiet_share"] == strict["quiet_share"] == 0.0


def test_until_the_first_remark_the_engine_decides_as_is_read_off_the_true_dialogue(
    model: LiveModel, samples: list[Sample], features: list[np.ndarray]
) -> None:
    """Where nothing was due before it, both have the same context."""
    from omnilive.live.engine import EngineConfig
    from omnilive_lab.live.played import play

    alone = [s.model_copy(update={"turns": s.turns[:1]}) for s in samples]
    layout = Layout(model.template, "streaming")
    shown = [forced.Shown(layout.lay(frames(s)), f) for s, f in zip(alone, features, strict=True)]
    firsts = set()
    was = model.logits
    object.__setattr__(model, "logits", lambda hidden: _louder(was(hidden), model))
    try:
        for theta in (0.5, 0.65, 0.8, 0.95):
            judged = forced.judge(model, layout, shown, theta)
            config = EngineConfig.model_validate({
                "streams": 3, "max_reply_tok": 1,
                "policy": {"theta": theta, "pause_s": 0.0, "repeat_s": 0.0},
            })  # fmt: skip
            played, _ = play(model, alone, [f.copy() for f in features], config, 2.0)
            for one, other in zip(judged, played, strict=True):
                # The frame before the instruction is no decision to the first, but to the second.
                first = next((round(line.t * 2) for line in other.said), None)
                if first != 0:
                    assert first == (one.said[0] if one.said else None)
                    firsts.add(first)
    finally:
        object.__delattr__(model, "logits")
    assert len(firsts) >= 3, firsts  # early, late, never


def _louder(logits: torch.Tensor, model: LiveModel) -> torch.Tensor:
    logits = logits.clone()
    logits[..., model.template.silence] += 8.0  # likeliest by far, yet not all but certain
    return logits


def _without_times(figures: dict[str, float | None]) -> dict[str, float | None]:
    return {k: v for k, v in figures.items() if k not in ("forced_s", "engine_s", "engine_fps")}


def test_the_engine_keeps_to_its_longest_reply(
    model: LiveModel, samples: list[Sample], features: list[np.ndarray], tmp_path: Path
) -> None:
    from omnilive.live.engine import EngineConfig
    from omnilive_lab.live.played import play

    config = EngineConfig.model_validate({"streams": 2, "max_reply_tok": 2,
                                          "policy": {"pause_s": 0.0, "repeat_s": 0.0}})  # fmt: skip
    played, _ = play(model, samples[:2], [f.copy() for f in features[:2]], config, 2.0)
    said = [line.text for stream in played for line in stream.said]
    assert said and max(len(text) for text in said) <= 2  # bytes
