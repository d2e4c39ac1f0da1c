"""The engine on a small model with random weights: however a stream is cut, the same comes out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from omnilive.core.errors import ConfigError
from omnilive.live.base import Ended, LiveEvent, Silent
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.model import LiveModel
from omnilive.live.policy import PolicyConfig
from tests.live.scripted import byte_tokenizer

SHAPE = DecoderShape(vocab=258, width=32, layers=2, heads=4, kv_heads=2, head_size=8, inner=48)
FRAME = FrameShape(pooled=True, grid=1, width=6)
WINDOW = {"sinks_tok": 4, "window_tok": 48, "block": 4, "max_reply_tok": 6}


@pytest.fixture(scope="module", params=[",", ""], ids=["interval", "none"])
def model(request: pytest.FixtureRequest) -> LiveModel:
    """Return one that is silent at some frames and speaks at others."""
    torch.manual_seed(3)
    card = Card(decoder=SHAPE, frame=FRAME, bos="<s>", eos="</s>", interval=request.param,
                system="S\n")  # fmt: skip
    made = LiveModel(card, byte_tokenizer()).eval()
    for weight in made.parameters():
        if weight.ndim == 2:
            torch.nn.init.normal_(weight, std=0.3)
    assert made.decoder.lm_head is not None
    with torch.no_grad():
        # Short replies, that differ; and silence at some frames, at others not.
        made.decoder.lm_head.weight[made.template.silence] *= 8
    return made


def features(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, FRAME.tokens, 6)).astype(np.float32)


def engine(model: LiveModel, **changes) -> Engine:
    policy = PolicyConfig(theta=0.5, pause_s=0.0, repeat_s=0.0)
    settings = {"policy": policy, "max_reply_tok": 6, "streams": 1}
    return Engine(model, EngineConfig(**(settings | changes)))


def rounded(events: Sequence[LiveEvent]) -> list[LiveEvent]:
    return [replace(e, p_silent=round(e.p_silent, 4)) if isinstance(e, Silent) else e
            for e in events]  # fmt: skip


def watched(engine: Engine, frames: np.ndarray, cuts: Sequence[int]) -> list[LiveEvent]:
    """Feed frames in blocks of so many, with a query in the middle of the stream."""
    id, events, t = engine.open(), [], 0
    engine.ask(id, "What?", t=len(frames) // 2)
    for cut in cuts:
        for _ in range(cut):
            engine.feed(id, float(t), frames[t])
            t += 1
        events += engine.run()
    assert t == len(frames)
    engine.close(id)
    return events


def test_the_model_of_this_test_is_not_of_one_opinion(model: LiveModel):
    events = watched(engine(model), features(40), [40])
    kinds = {kind: sum(isinstance(e, kind) for e in events) for kind in (Silent, Ended)}
    assert kinds[Silent] >= 8 and kinds[Ended] >= 8
    assert len({e.text for e in events if isinstance(e, Ended)}) >= 8


@pytest.mark.parametrize("block", [2, 5, 8])
def test_frames_together_are_as_frame_by_frame(model: LiveModel, block: int):
    frames = features(40)
    alone = watched(engine(model, block=1), frames, [1] * 40)
    assert rounded(watched(engine(model, block=block), frames, [1, 17, 2, 20])) == rounded(alone)


def test_streams_together_are_as_alone(model: LiveModel):
    def feed(engine: Engine, ids: list[int], wanted: Sequence[int]) -> list[LiveEvent]:
        events = []
        for i in range(18):
            for n in wanted:
                if i % (n + 1) == 0:
                    engine.feed(ids[n], float(i), features(18, seed=n)[i])
                if i == 5 * n:
                    engine.ask(ids[n], f"What is {n}?")
            events += engine.run() if i % 3 else engine.step()
        return events + list(engine.run())

    together = engine(model, streams=3, **WINDOW)
    everything = feed(together, [together.open() for _ in range(3)], range(3))
    for n in range(3):
        single = engine(model, streams=3, **WINDOW)
        ids = [single.open() for _ in range(3)]
        alone = rounded(feed(single, ids, [n]))
        assert alone == rounded([e for e in everything if e.stream == ids[n]])
        assert len([e for e in alone if isinstance(e, Ended)]) >= 3


def test_bounded_and_unbounded_agree_until_the_window_is_full(model: LiveModel):
    frames = features(30)
    whole = watched(engine(model), frames, [3] * 10)
    large = watched(engine(model, sinks_tok=4, window_tok=2000), frames, [3] * 10)
    small = watched(engine(model, **WINDOW), frames, [3] * 10)
    assert rounded(whole) == rounded(large) != rounded(small)
    first = [rounded(events)[:3] for events in (whole, small)]
    assert first[0] == first[1]


def test_cut_or_whole_after_the_window_has_moved(model: LiveModel):
    frames = features(60)
    one = watched(engine(model, **WINDOW | {"block": 1}), frames, [1] * 60)
    assert rounded(watched(engine(model, **WINDOW), frames, [20] * 3)) == rounded(one)


def test_remarks_can_be_taken_back_in_a_small_window(model: LiveModel):
    policy = PolicyConfig(kind="text", no_reply="x", theta=0.5, pause_s=0.0, repeat_s=1e6)
    bounded = engine(model, **WINDOW | {"policy": policy, "max_reply_tok": 1})
    id = bounded.open()
    for i, features_ND in enumerate(features(80)):
        bounded.feed(id, float(i), features_ND)
        for _ in bounded.run():
            pass
    status = bounded.state(id)
    assert status.withheld > 5 and status.frames == 80


def test_what_is_kept_does_not_grow_with_the_stream(model: LiveModel):
    seldom = PolicyConfig(pause_s=1e9)
    bounded = engine(model, **WINDOW | {"policy": seldom})
    before = bounded.nbytes
    watched(bounded, features(400), [40] * 10)
    assert bounded.nbytes == before
    unbounded = engine(model, policy=seldom)
    before = unbounded.nbytes
    watched(unbounded, features(600), [50] * 12)
    assert unbounded.nbytes > before


def test_a_window_too_short_for_what_may_be_taken_back_is_refused(model: LiveModel):
    with pytest.raises(ConfigError, match="raise window_tok"):
        engine(model, window_tok=20, block=8)


def test_the_second_head_decides(model: LiveModel):
    def made(bias: float) -> Engine:
        card = model.card.model_copy(update={"speak_head": True})
        two_headed = LiveModel(card, byte_tokenizer()).eval()
        assert two_headed.speak is not None
        torch.nn.init.zeros_(two_headed.speak.weight)
        torch.nn.init.constant_(two_headed.speak.bias, bias)
        policy = PolicyConfig(kind="head", theta=0.7, pause_s=0.0, repeat_s=0.0)
        return engine(two_headed, policy=policy)

    # The logistic function is 0.7 at 0.847.
    for bias, kind in ((0.84, Silent), (0.86, Ended)):
        events = watched(made(bias), features(3), [3])
        assert sum(isinstance(e, kind) for e in events) >= 2, bias
        assert isinstance(events[0], Silent) == (kind is Silent)


def test_a_policy_that_needs_a_second_head_says_so(model: LiveModel):
    with pytest.raises(ConfigError, match="no second head"):
        engine(model, policy=PolicyConfig(kind="head"))
