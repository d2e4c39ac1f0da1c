"""Streams in steps: chunked equals whole, also after eviction; rollback; positions without end."""

import functools
import math
import random
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from omnilive.core.errors import ConfigError
from omnilive.live.cache import KVCache, Window
from omnilive.live.config import DecoderShape, RopeScaling
from omnilive.live.decoder import Decoder

WINDOWS = [
    None,
    Window(sinks=4, recent=12, chunk=4),
    Window(sinks=0, recent=7, chunk=7),
    Window(sinks=3, recent=10, chunk=1),
    Window(sinks=5, recent=9, chunk=4),
]
SHAPES = {
    "llama": DecoderShape(
        vocab=20, width=16, layers=2, heads=4, kv_heads=2, head_size=8, inner=24, rope_base=100.0
    ),
    "qwen3": DecoderShape(
        vocab=20, width=12, layers=2, heads=3, kv_heads=1, head_size=6, inner=20, qk_norm=True,
        tied=True,
    ),
    "qwen2": DecoderShape(
        vocab=20, width=12, layers=2, heads=2, kv_heads=2, head_size=8, inner=20, qkv_bias=True,
        rope_scaling=RopeScaling(factor=4.0, original=32),
    ),
}  # fmt: skip


same = functools.partial(torch.testing.assert_close, rtol=1e-9, atol=1e-10)


def made(name: str = "llama", seed: int = 0) -> Decoder:
    """Return a decoder in float64, so that equal means equal."""
    torch.manual_seed(seed)
    decoder = Decoder(SHAPES[name]).eval()
    for parameter, weight in decoder.named_parameters():
        mean = 1.0 if "norm" in parameter else 0.0
        torch.nn.init.normal_(weight, mean=mean, std=0.4)
    return decoder.double()


def noise(*size: int) -> Tensor:
    return torch.randn(*size, dtype=torch.float64)


def cache_of(decoder: Decoder, window: Window | None, streams: int = 1) -> KVCache:
    return KVCache(decoder.shape, streams, window, noise(0), capacity=2)


def run(decoder: Decoder, x_LC: Tensor, window: Window | None, sizes: Sequence[int]) -> Tensor:
    """Return the hidden states of one stream that comes in pieces."""
    cache = cache_of(decoder, window)
    pieces = x_LC.split(list(sizes))
    return torch.cat([decoder.step(piece[None], [len(piece)], cache)[0] for piece in pieces])


def cut(total: int, chance: random.Random, most: int) -> list[int]:
    sizes: list[int] = []
    while (left := total - sum(sizes)) > 0:
        sizes.append(chance.randint(1, min(most, left)))
    return sizes


def recomputed(decoder: Decoder, x_LC: Tensor, window: Window) -> Tensor:
    """Return hidden states from scratch: each token over sinks and window, positions contiguous.

    Written from the formulas in float64, without any code of the library but the weights.
    """
    shape, weights = decoder.shape, {n: w.double() for n, w in decoder.state_dict().items()}
    speeds = shape.rope_base ** (-torch.arange(0, shape.head_size, 2).double() / shape.head_size)

    def norm(x: Tensor, name: str) -> Tensor:
        return x * (x.square().mean(-1, keepdim=True) + shape.norm_eps).rsqrt() * weights[name]

    def turned(x_HE: Tensor, position: int) -> Tensor:
        a, b = x_HE.chunk(2, -1)
        pairs = torch.complex(a, b) * torch.polar(torch.ones_like(speeds), position * speeds)
        return torch.cat([pairs.real, pairs.imag], -1)

    x_LC = x_LC.double()
    for layer in range(shape.layers):
        at = f"layers.{layer}."
        h = norm(x_LC, at + "input_layernorm.weight")
        q, k, v = (
            (h @ weights[f"{at}self_attn.{n}_proj.weight"].T).unflatten(-1, (-1, shape.head_size))
            for n in "qkv"
        )
        k, v = (t.repeat_interleave(shape.heads // shape.kv_heads, 1) for t in (k, v))
        rows = []
        for i in range(len(x_LC)):
            over = i + 1 - window.sinks - window.recent
            gone = math.ceil(over / window.chunk) * window.chunk if over > 0 else 0
            seen = [j for j in range(i + 1) if j < window.sinks or j >= window.sinks + gone]
            keys = torch.stack([turned(k[j], place) for place, j in enumerate(seen)])
            score = torch.einsum("he,jhe->hj", turned(q[i], len(seen) - 1), keys)
            share = (score / shape.head_size**0.5).softmax(-1)
            rows.append(torch.einsum("hj,jhe->he", share, v[seen]).flatten())
        x_LC = x_LC + torch.stack(rows) @ weights[at + "self_attn.o_proj.weight"].T
        h = norm(x_LC, at + "post_attention_layernorm.weight")
        gate, up = (h @ weights[f"{at}mlp.{n}_proj.weight"].T for n in ("gate", "up"))
        x_LC = x_LC + functional.silu(gate) * up @ weights[at + "mlp.down_proj.weight"].T
    return norm(x_LC, "norm.weight")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("fused", [False, True])
@torch.inference_mode()
def test_steps_equal_the_whole_sequence(name: str, fused: bool):
    decoder = made(name)
    x = noise(40, decoder.shape.width)
    whole = decoder(x[None])[0]
    if fused:
        decoder.fuse()
        same(decoder(x[None])[0], whole)
    for sizes in ([40], [1] * 40, [11, 11, 11, 7]):
        same(run(decoder, x, None, sizes), whole)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("seed", range(2))
@torch.inference_mode()
def test_any_cut_gives_the_same(window: Window | None, seed: int):
    decoder, chance = made(seed=seed), random.Random(seed)
    x = noise(60, 16)
    one_by_one = run(decoder, x, window, [1] * 60)
    for most in (3, 11, 60):
        sizes = cut(60, chance, most)
        same(run(decoder, x, window, sizes), one_by_one)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("seed", range(2))
@torch.inference_mode()
def test_streams_in_a_batch_are_as_alone(window: Window | None, seed: int):
    decoder, chance = made(seed=seed), random.Random(seed)
    streams = [noise(length, 16) for length in (70, 1, 35, 50)]
    cache = cache_of(decoder, window, streams=4)
    got: list[list[Tensor]] = [[] for _ in streams]
    while any(left := [len(x) - n for x, n in zip(streams, cache.lengths, strict=True)]):
        lengths = [min(rest, chance.choice((0, 1, 5, 11))) for rest in left]
        x = noise(4, max(*lengths, 1), 16)  # what is beyond a length must not matter
        for b, more in enumerate(lengths):
            x[b, :more] = streams[b][cache.lengths[b] :][:more]
        hidden = decoder.step(x, lengths, cache)
        for b, more in enumerate(lengths):
            got[b].append(hidden[b, :more])
    for pieces, x in zip(got, streams, strict=True):
        alone = run(decoder, x, window, [len(x)])
        same(torch.cat(pieces), alone)


@pytest.mark.parametrize("window", WINDOWS[1:])
@torch.inference_mode()
def test_bounded_equals_unbounded_until_the_window_fills(window: Window):
    decoder, full = made(), window.sinks + window.recent
    x = noise(full + 1, 16)
    bounded, unbounded = run(decoder, x, window, [full, 1]), run(decoder, x, None, [full, 1])
    torch.testing.assert_close(bounded[:full], unbounded[:full])
    assert (bounded[full] - unbounded[full]).abs().max() > 1e-3


@pytest.mark.parametrize("window", WINDOWS[1:])
@torch.inference_mode()
def test_bounded_equals_a_run_from_scratch(window: Window):
    decoder = made()
    x = noise(60, 16)
    wanted = recomputed(decoder, x, window)
    for sizes in ([1] * 60, [60], [7, 11, 11, 1, 1, 11, 18]):
        torch.testing.assert_close(run(decoder, x, window, sizes), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("seed", range(2))
@torch.inference_mode()
def test_what_is_taken_back_leaves_no_trace(window: Window | None, seed: int):
    decoder, chance = made(seed=seed), random.Random(seed)
    x = noise(80, 16)
    wanted = run(decoder, x, window, [80])
    cache, most = cache_of(decoder, window), window.chunk if window else 20
    got = noise(80, 16)
    while (first := cache.length(0)) < 80:
        real = chance.randint(0, min(9, 80 - first))
        wrong = chance.randint(0 if real else 1, most)
        hidden = decoder.step(
            torch.cat([x[first : first + real], noise(wrong, 16)])[None],
            [real + wrong],
            cache,
        )
        got[first : first + real] = hidden[0, :real]
        cache.truncate(0, first + real)
    same(got, wanted)


def test_what_cannot_be_taken_back_is_said():
    decoder = made()
    cache = cache_of(decoder, Window(sinks=2, recent=6, chunk=3))
    decoder.step(noise(1, 30, 16), [30], cache)
    cache.truncate(0, 27)
    with pytest.raises(ValueError, match="30 to 20 tokens.*chunk is 3"):
        cache.truncate(0, 20)
    with pytest.raises(ValueError, match="27 tokens, not 28"):
        cache.truncate(0, 28)
    cache.truncate(0, 0)  # the beginning is always there


@pytest.mark.parametrize("window", WINDOWS)
@torch.inference_mode()
def test_a_cleared_stream_is_a_new_one_and_the_other_goes_on(window: Window | None):
    decoder, cache = made(), cache_of(made(), window, streams=2)
    x = noise(2, 60, 16)
    decoder.step(x[:, :40], [40, 40], cache)
    cache.clear(0)
    hidden = decoder.step(x[:, 40:], [20, 20], cache)
    for row, piece in ((0, x[0, 40:]), (1, x[1])):
        alone = run(decoder, piece, window, [len(piece)])[-20:]
        same(hidden[row], alone)


@pytest.mark.parametrize("shift", [16, 16 * 10**7])
@torch.inference_mode()
def test_positions_without_end_stay_exact(shift: int):
    """After 84 days of 2 frames of 11 tokens a second a float32 angle would be off by 8."""
    decoder, window = made(), Window(sinks=4, recent=12, chunk=4)
    x = noise(64, 16)
    early, late = cache_of(decoder, window), cache_of(decoder, window)
    for cache in (early, late):
        decoder.step(x[None, :4], [4], cache)
    late.lengths[0] = late.written[0] = 4 + shift  # as if much had come between
    wanted, got = (decoder.step(x[None, 4:], [60], cache)[0] for cache in (early, late))
    assert late.length(0) == shift + 64
    # What two layers see of what came before is gone after 24 tokens.
    torch.testing.assert_close(got[-12:], wanted[-12:], rtol=1e-6, atol=1e-6)


@torch.inference_mode()
def test_single_precision_is_near_double():
    decoder, window = made(), Window(sinks=4, recent=12, chunk=4)
    x = noise(200, 16)
    exact = run(decoder, x, window, [200])
    cache = KVCache(decoder.shape, 1, window, torch.empty(0))
    single = decoder.float().step(x.float()[None], [200], cache)[0]
    torch.testing.assert_close(single.double(), exact, rtol=1e-3, atol=1e-3)


def test_memory_is_taken_once_with_a_window():
    decoder = made()
    cache = cache_of(decoder, Window(sinks=2, recent=6, chunk=3), streams=2)
    before, tensors = cache.nbytes, [layer.keys_BGWE.data_ptr() for layer in cache.layers]
    # Keys and values of 2 + 6 + 3 tokens, and 2 sinks: 2 layers, 2 streams, 2 heads of 8 float64.
    assert before == (2 * 11 + 2) * 2 * 2 * 2 * 8 * 8
    for _ in range(20):
        decoder.step(noise(2, 5, 16), [5, 3], cache)
    assert cache.nbytes == before
    assert [layer.keys_BGWE.data_ptr() for layer in cache.layers] == tensors


@pytest.mark.parametrize("sizes", [(-1, 4, 1), (0, 4, 0), (0, 4, 5), (0, 0, 0)])
def test_windows_that_cannot_be_are_refused(sizes: tuple[int, int, int]):
    with pytest.raises(ConfigError, match="chunk"):
        Window(*sizes)


@torch.inference_mode()
def test_nothing_to_add_changes_nothing():
    decoder = made()
    cache = cache_of(decoder, None, streams=2)
    assert not decoder.step(noise(2, 3, 16), [0, 0], cache).any()
    assert cache.lengths == [0, 0]
