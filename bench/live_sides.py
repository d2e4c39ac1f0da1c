"""The two sides of bench/live.py: the original loop in our words, and our engine.

Original: state machine of VideoLLM-online's `LiveInfer` over a Hugging Face language model at its
defaults. One forward pass for each frame over the interval token and the frame's embeddings,
logits for every position, a cache that is only appended to.

Both are put at stream frame n by filling their caches with the same random keys and values, so
that frame 5,000 can be measured without waiting for 4,999 others.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.cache_utils import DynamicCache

from omnilive.live.base import LiveEvent, Silent
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.model import LiveModel
from omnilive.live.policy import Look, Policy, PolicyConfig, PolicyState
from omnilive.live.quantize import Kind, quantize

QUERY = "Why?"  # the tokenizer makes 24 tokens of it with its frame
RANDOM_TOK = 512  # random keys and values repeat after so many
ROOM_TOK = 2048  # behind the jump: a cache that doubles in the middle takes twice the memory


@dataclass(frozen=True)
class Sizes:
    """What a section of bench/live.yaml says."""

    threads: int
    repeats: int
    frames: list[int]
    streams: list[int]
    streams_at: list[int]
    first_at: list[int]
    growth_frames: int
    whole_at: list[int]
    whole_frames: int
    same_frames: int
    same_at: list[int]
    window_tok: int
    sinks_tok: int
    block: int
    together: int
    tokens: int
    decoder: dict[str, Any]
    encoder: dict[str, Any]


def byte_tokenizer() -> Tokenizer:
    """Return one that needs no file: every byte is a token. Texts become longer than they are."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    return tokenizer


def random_model(sizes: Sizes) -> LiveModel:
    """Return a model of the given sizes with random weights."""
    torch.manual_seed(0)
    grid = round((sizes.tokens - 1) ** 0.5)
    frame = FrameShape(encoder="hub", width=sizes.encoder["width"], grid=grid)
    shape = DecoderShape(**sizes.decoder)
    card = Card(decoder=shape, frame=frame, bos="<s>", eos="</s>", system="S\n")
    return LiveModel(card, byte_tokenizer()).eval()


def random_keys(sizes: Sizes, tokens: int) -> list[tuple[Tensor, Tensor]]:
    """Return keys and values (1, G, tokens, E) for each layer, the same at every call."""
    shape, generator = DecoderShape(**sizes.decoder), torch.Generator().manual_seed(1)
    size = (1, shape.kv_heads, RANDOM_TOK, shape.head_size)

    def tiled() -> Tensor:
        block = torch.empty(size).uniform_(-1, 1, generator=generator)
        return block.repeat(1, 1, -(-tokens // RANDOM_TOK), 1)[:, :, :tokens]

    return [(tiled(), tiled()) for _ in range(shape.layers)]


class Original:
    """The published loop. `caches` are those of streams that it serves in turn."""

    def __init__(self, model: LiveModel) -> None:
        shape = model.card.decoder
        config = LlamaConfig(
            vocab_size=shape.vocab, hidden_size=shape.width, num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
            head_dim=shape.head_size, intermediate_size=shape.inner, rms_norm_eps=shape.norm_eps,
            rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
            tie_word_embeddings=shape.tied, max_position_embeddings=1 << 20,
            bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        self.language = LlamaForCausalLM(config).eval()
        weights = {f"model.{name}": w for name, w in model.decoder.state_dict().items()}
        self.language.load_state_dict(weights, strict=False, assign=True)
        self.language.tie_weights()
        self.connector, self.template = model.connector, model.template
        self.caches: list[DynamicCache] = []

    def jump(self, sizes: Sizes, frame: int, streams: int = 1) -> None:
        """Let streams stand behind so many frames."""
        self.caches = [DynamicCache() for _ in range(streams)]
        for i, (keys, values) in enumerate(random_keys(sizes, tokens_at(sizes, frame))):
            for cache in self.caches:
                cache.update(keys, values, i)

    def frame(self, features_ND: Tensor, stream: int = 0) -> Tensor:
        """Add a frame; return the logits (V,) behind it."""
        interval_1C = self._embed(self.template.interval)
        x_LC = torch.cat([interval_1C, self.connector(features_ND)])
        return self._forward(x_LC, stream)

    def decide(self, logits_V: Tensor, theta: float) -> bool:
        """Return whether the loop speaks: the interval loses its probability below theta."""
        p_V = logits_V.softmax(dim=-1)
        if p_V[self.template.silence] < theta:
            p_V[self.template.silence] = 0
        return int(p_V.argmax()) != self.template.silence

    def ask(self, query: str, stream: int = 0) -> int:
        """Add a query; return the first token of the reply."""
        ids = self.template.ask(query, is_open=True)
        return int(self._forward(self._embed(ids), stream).argmax())

    def take_back(self, tokens: int, stream: int = 0) -> None:
        """Forget tokens, so that a query can be asked again."""
        self.caches[stream].crop(-tokens)

    def _embed(self, ids: list[int]) -> Tensor:
        return self.language.get_input_embeddings()(torch.tensor(ids))

    def _forward(self, x_LC: Tensor, stream: int) -> Tensor:
        found = self.language(
            inputs_embeds=x_LC[None], past_key_values=self.caches[stream], use_cache=True
        )
        return found.logits[0, -1]


class Quiet(Policy):
    """Looks as usual, and never speaks: a step is a step over frames. `looks` keeps the last."""

    def __init__(self) -> None:
        super().__init__(PolicyConfig(theta=0.0))

    def speaks(self, look: Look, state: PolicyState) -> bool:
        super().speaks(look, state)
        return False


class Ours:
    """Our engine with one model, at one window, for some streams."""

    def __init__(
        self, model: LiveModel, sizes: Sizes, *, bounded: bool, streams: int = 1, block: int = 1
    ) -> None:  # fmt: skip
        window = {"window_tok": sizes.window_tok, "sinks_tok": sizes.sinks_tok}
        reply_tok = min(100, sizes.window_tok // 2)
        config = EngineConfig(
            streams=streams, block=block, max_reply_tok=reply_tok, **(window if bounded else {})
        )
        self.sizes, self.model = sizes, model
        self.engine = Engine(model, config)
        self.engine.policy = Quiet()
        self.ids = [self.engine.open() for _ in range(streams)]
        self.t = 0.0

    def jump(self, frame: int) -> "Ours":
        """Let all streams stand behind so many frames."""
        tokens = tokens_at(self.sizes, frame)
        cache = self.engine._state.cache
        cache.reserve(tokens + ROOM_TOK)
        slots = min(tokens, cache.slots)
        for layer, (keys, values) in zip(cache.layers, random_keys(self.sizes, slots), strict=True):
            layer.keys_BGWE[:, :, :slots], layer.values_BGWE[:, :, :slots] = keys, values
            layer.sinks_BGSE[:] = keys[:, :, : layer.sinks_BGSE.shape[2]]
        for stream in self.engine._streams.values():
            cache.lengths[stream.row] = cache.written[stream.row] = tokens
            cache.turned[stream.row] = None
            stream.length, stream.pending, stream.is_open = tokens, [], True
        return self

    def feed(self, features_ND: Tensor, frames: int = 1, stream: int | None = None) -> None:
        """Let frames wait, of one stream or of all."""
        for _ in range(frames):
            self.t += 0.5
            for id in self.ids if stream is None else [self.ids[stream]]:
                assert self.engine.feed(id, self.t, features_ND)

    def step(self) -> list[LiveEvent]:
        """Step once; every stream that had frames has seen them."""
        return self.engine.step()

    def frame(self, features_ND: Tensor) -> list[Silent]:
        """Add a frame to every stream."""
        self.feed(features_ND)
        return [event for event in self.step() if isinstance(event, Silent)]

    def ask(self, query: str) -> None:
        """Ask the first stream, and step until the first token of the reply is there."""
        self.engine.ask(self.ids[0], query)
        reply = None
        while reply is None or not reply.ids:
            self.engine.step()
            reply = self.engine._streams[self.ids[0]].reply
            assert reply is not None

    def take_back(self, frame: int) -> None:
        """End the reply, and put the stream back to where it was."""
        self.engine.cancel(self.ids[0])
        self.engine.step()
        self.jump(frame)


def tokens_at(sizes: Sizes, frame: int) -> int:
    """Return the tokens of a stream of so many frames with interval tokens, without the prompt."""
    return frame * (sizes.tokens + 1)


def variant(model: LiveModel, kind: Kind) -> LiveModel:
    """Return a copy of a model with joined projections and smaller weights."""
    made = copy.deepcopy(model)
    made.decoder.fuse()
    return quantize(made.eval(), kind)


class Encoder(nn.Module):
    """A vision transformer of the given sizes with random weights, pooled to a frame's tokens."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        e = sizes.encoder
        self.side_px, self.grid = e["side_px"], round((sizes.tokens - 1) ** 0.5)
        self.patches = nn.Conv2d(3, e["width"], e["patch_px"], stride=e["patch_px"])
        self.layers = nn.ModuleList(
            _EncoderLayer(e["width"], e["heads"], e["inner"]) for _ in range(e["layers"])
        )

    @torch.inference_mode()
    def forward(self, rgb: list[Any]) -> Tensor:
        """Return (T, N, D) for pictures (side, side, 3) of the encoder's size."""
        pictures = torch.stack([torch.as_tensor(one) for one in rgb]).permute(0, 3, 1, 2)
        x_TDhw = self.patches(pictures.float() / 127.5 - 1)
        side = x_TDhw.shape[-1]
        x_TPD = x_TDhw.flatten(2).transpose(1, 2)
        for layer in self.layers:
            x_TPD = layer(x_TPD)
        x_TDhw = x_TPD.transpose(1, 2).unflatten(2, (side, side))
        parts = nn.functional.adaptive_avg_pool2d(x_TDhw, self.grid).flatten(2).transpose(1, 2)
        return torch.cat([x_TPD.mean(dim=1, keepdim=True), parts], dim=1)


class _EncoderLayer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x_TPD: Tensor) -> Tensor:
        heads = self.qkv(self.norm_1(x_TPD)).unflatten(-1, (3, self.heads, -1))
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x_TPD = x_TPD + self.out(y)
        return x_TPD + self.down(nn.functional.gelu(self.up(self.norm_2(x_TPD))))
