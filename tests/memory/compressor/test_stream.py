import numpy as np
import pytest
import torch

from omnilive.memory.compressor.model import Compressor, scores
from omnilive.memory.compressor.stream import MemoryState, StreamingMemory
from tests.memory.compressor.made import SHAPE, clips, compressor, questions


class Counting(torch.nn.Module):
    """A backbone that counts its calls, and the tokens of the longest one."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner, self.width = inner, inner.width
        self.calls, self.longest = 0, 0

    def prefix(self, spans: torch.Tensor) -> object:
        return self.inner.prefix(spans)

    def words(self, read: list[np.ndarray]) -> object:
        return self.inner.words(read)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.longest = max(self.longest, x.shape[1])
        return self.inner(x, mask)


def counting(net: Compressor) -> Counting:
    net.backbone = Counting(net.backbone)
    return net.backbone


def grown(memory: StreamingMemory, count: int) -> MemoryState:
    state = memory.init_state()
    for i, clip in enumerate(clips(count)):
        memory.step(clip, (10.0 * i, 10.0 * i + 8), state)
    return state


def whole(net: Compressor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    made = clips(count)
    tokens = net.compress(
        torch.from_numpy(np.stack([c.values_TND for c in made])),
        torch.from_numpy(np.stack([c.mask_TN for c in made])),
        torch.tensor([[10.0 * i, 10.0 * i + 8] for i in range(count)], dtype=torch.float64),
    )
    return tokens.globals_BC, net.integrate_all(tokens, count)[0]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9, 11])
def test_clip_by_clip_equals_whole(count: int):
    net = compressor()
    state = grown(StreamingMemory(net), count)
    with torch.no_grad():
        globals_KC, longterm_KC = whole(net, count)
    torch.testing.assert_close(torch.stack(state.globals_C), globals_KC)
    torch.testing.assert_close(torch.stack(state.longterm_C), longterm_KC)


@pytest.mark.parametrize("match", ["global", "integrated"])
def test_clips_are_ranked_as_by_the_whole_pass(match: str):
    net = compressor(SHAPE.model_copy(update={"match": match, "context": 4}))
    memory = StreamingMemory(net)
    state = grown(memory, 20)
    with torch.no_grad():
        globals_KC, longterm_KC = whole(net, 20)
        sought = net.ask(longterm_KC, questions(3))
        wanted = scores(sought, net.targets(globals_KC, longterm_KC))
    np.testing.assert_allclose(memory.rank(questions(3), state), wanted.numpy(), atol=1e-5)


def test_each_clip_costs_two_calls_of_bounded_length():
    net = compressor()
    backbone, memory = counting(net), StreamingMemory(net)
    state = memory.init_state()
    for i, clip in enumerate(clips(50)):
        before = backbone.calls
        memory.step(clip, (10.0 * i, 10.0 * i + 8), state)
        assert backbone.calls - before == 2
    slots = SHAPE.frames * SHAPE.slots
    compression = 1 + SHAPE.frames * SHAPE.patches + slots + 1
    integration = 1 + SHAPE.window * (slots + 1)
    assert backbone.longest == max(compression, integration)


def test_a_question_costs_one_call():
    net = compressor(SHAPE.model_copy(update={"context": 5}))
    memory = StreamingMemory(net)
    state = grown(memory, 30)
    backbone = counting(net)
    memory.rank(questions(4), state)
    assert backbone.calls == 1 and backbone.longest <= 5 + 6


def test_the_open_state_does_not_grow():
    net = compressor(SHAPE.model_copy(update={"context": 4}))
    memory = StreamingMemory(net)
    state = grown(memory, 40)
    assert len(state.block) < SHAPE.window
    assert len(state.longterm_C) <= 4 + SHAPE.window
    assert len(state) == 40


def test_an_empty_memory_ranks_nothing():
    memory = StreamingMemory(compressor())
    assert memory.rank(questions(2), memory.init_state()).shape == (2, 0)
