"""The LIVE model: a decoder over tokens of text and of frames (arXiv 2406.11816).

Shapes: B streams, L tokens, F frames of all of them, N tokens of a frame, D width of an image
feature, C width of the decoder, V vocabulary, K tokens of all whose logits are wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer
from torch import Tensor, nn

from omnilive.live.cache import KVCache, Window
from omnilive.live.config import Card
from omnilive.live.decoder import Decoder
from omnilive.live.template import Marks, Template


class Connector(nn.Module):
    """Makes tokens of image features: two layers with GELU, as published."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(given, width)
        self.second = nn.Linear(width, width)

    def forward(self, features: Tensor) -> Tensor:
        """Return (..., C) for features (..., D)."""
        return self.second(nn.functional.gelu(self.first(features.to(self.first.weight.dtype))))


@dataclass(slots=True)
class LiveState:
    """What a model remembers of its streams."""

    cache: KVCache

    @property
    def nbytes(self) -> int:
        """Bytes taken."""
        return self.cache.nbytes


class LiveModel(nn.Module):
    """Holds weights, and the template that text is put into. States come from `init_state`."""

    def __init__(self, card: Card, tokenizer: Tokenizer, decoder: Decoder | None = None) -> None:
        """Make an untrained model, or one around a `decoder` that is there already."""
        super().__init__()
        self.card = card
        marks = Marks(bos=card.bos, eos=card.eos, interval=card.interval, system=card.system)
        self.template = Template(tokenizer, marks)
        self.decoder = Decoder(card.decoder) if decoder is None else decoder
        self.connector = Connector(card.frame.width, card.decoder.width)
        self.speak = nn.Linear(card.decoder.width, 1) if card.speak_head else None

    def forward(self, ids_BL: Tensor, frames_FND: Tensor, wanted_BL: Tensor) -> Tensor:
        """Return (K, V): the logits of the wanted tokens of whole sequences, row by row."""
        hidden_BLC = self.decoder(self.embed(ids_BL, frames_FND))
        return self.logits(hidden_BLC[wanted_BL])

    def embed(self, ids_BL: Tensor, frames_FND: Tensor) -> Tensor:
        """Return (B, L, C): embeddings of text, with the frames in their places, in order."""
        is_frame_BL = ids_BL == self.template.frame
        x_BLC = self.decoder.embed(ids_BL.masked_fill(is_frame_BL, 0))
        seen = self.frame_embeds(frames_FND).flatten(0, -2)
        return x_BLC.masked_scatter(is_frame_BL[..., None], seen.to(x_BLC.dtype))

    def frame_embeds(self, features: Tensor) -> Tensor:
        """Return frames (..., N, D) as tokens (..., N, C)."""
        return self.connector(features)

    def init_state(self, streams: int = 1, window: Window | None = None) -> LiveState:
        """Return the state of new streams that go through the model together.

        Without a window a stream looks back on all that it has seen, and its state grows.
        """
        weight = self.connector.first.weight
        return LiveState(KVCache(self.card.decoder, streams, window, weight))

    def step(self, x_BLC: Tensor, lengths_B: Sequence[int], state: LiveState) -> Tensor:
        """Add the first `lengths_B[b]` tokens of row b to stream b; return hidden (B, L, C)."""
        return self.decoder.step(x_BLC, lengths_B, state.cache)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return (..., V) for hidden states (..., C)."""
        return self.decoder.logits(hidden)

    def p_speak(self, hidden: Tensor) -> Tensor | None:
        """Return (...,) the second head's probability of speaking; None where there is no head."""
        return None if self.speak is None else self.speak(hidden).squeeze(-1).sigmoid()
