"""The language model inside: our small decoder, or a Hugging Face causal LM from a folder.

Shapes: B sequences, L tokens, C width. Masks are True where there is a token.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from omnilive.core.errors import BackendError, ConfigError
from omnilive.memory.compressor.config import ShapeConfig
from omnilive.memory.compressor.decoder import SmallDecoder

PREFIX = "This contains a clip sampled in {:d} to {:d} seconds"  # the published wording
PERIODS_S = (8.0, 30.0, 120.0, 600.0, 3600.0, 21_600.0, 86_400.0, 604_800.0)
MAX_TOK = 128  # of a question


class Backbone(Protocol):
    """A causal model over embeddings, and how times and words become embeddings for it."""

    width: int

    def prefix(self, spans_B2: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, L, C) and (B, L): the times of clips, in seconds, as tokens."""
        ...

    def words(self, read: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Return (B, L, C) and (B, L), padded at the end: questions as their `Reader` read them."""
        ...

    def __call__(self, x_BLC: Tensor, mask_BL: Tensor) -> Tensor:
        """Return the hidden states (B, L, C)."""
        ...


class Projector(nn.Module):
    """The published two layers with GELU; with `skip`, what they add to the input itself."""

    def __init__(self, given: int, inner: int, width: int, *, skip: bool) -> None:
        super().__init__()
        self.given, self.width, self.skip = given, width, skip
        self.first = nn.Linear(given, inner)
        self.second = nn.Linear(inner, width)
        if skip:
            nn.init.zeros_(self.second.weight)
            nn.init.zeros_(self.second.bias)

    def forward(self, x_BLD: Tensor) -> Tensor:
        """Return (B, L, C)."""
        y_BLC = self.second(nn.functional.gelu(self.first(x_BLD)))
        if not self.skip:
            return y_BLC
        kept = x_BLD[..., : self.width]
        return y_BLC + nn.functional.pad(kept, (0, self.width - kept.shape[-1]))


class SmallBackbone(nn.Module):
    """Reads the vectors of a sentence encoder; times come in as sines and cosines."""

    def __init__(self, shape: ShapeConfig) -> None:
        super().__init__()
        self.width = shape.width
        self.decoder = SmallDecoder(shape)
        self.word = Projector(shape.text_width, shape.inner, shape.width, skip=True)
        self.time = nn.Linear(4 * len(PERIODS_S), shape.width)

    def prefix(self, spans_B2: Tensor) -> tuple[Tensor, Tensor]:
        """Return one token a clip."""
        periods_F = torch.tensor(PERIODS_S, dtype=torch.float64)
        phase_B2F = spans_B2.double()[..., None] % periods_F / periods_F * (2 * torch.pi)
        waves = torch.cat([phase_B2F.sin(), phase_B2F.cos()], dim=-1).flatten(1).float()
        x_BLC = self.time(waves)[:, None]
        return x_BLC, torch.ones(x_BLC.shape[:2], dtype=torch.bool)

    def words(self, read: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Return the projected vectors."""
        x_BLD, mask_BL = padded(read)
        return self.word(x_BLD.float()), mask_BL

    def forward(self, x_BLC: Tensor, mask_BL: Tensor) -> Tensor:
        """Return the hidden states."""
        return self.decoder(x_BLC, mask_BL)


class HubBackbone(nn.Module):
    """Any Hugging Face causal LM that takes embeddings; times come in as the published prefix."""

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.model, self.tokenizer = model, tokenizer
        self.width = int(model.config.hidden_size)

    def prefix(self, spans_B2: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tokens of the published wording, in whole seconds."""
        texts = [PREFIX.format(int(a), int(b)) for a, b in spans_B2.tolist()]
        # At the front: what follows must stand right behind it. Position 0 holds a token always.
        return self.words([token_ids(self.tokenizer, text) for text in texts])

    def words(self, read: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Return the embeddings of the token ids."""
        ids_BL, mask_BL = padded(read)
        return self.model.get_input_embeddings()(ids_BL.long()), mask_BL

    def forward(self, x_BLC: Tensor, mask_BL: Tensor) -> Tensor:
        """Return the last hidden states."""
        found = self.model(inputs_embeds=x_BLC, attention_mask=mask_BL.long(), use_cache=False)
        return found.last_hidden_state


class HubReader:
    """Reads a question as token ids."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def read(self, text: str) -> np.ndarray:
        """Return (L,) ids, the last MAX_TOK at most."""
        return token_ids(self._tokenizer, text)[-MAX_TOK:]


def token_ids(tokenizer: Tokenizer, text: str) -> np.ndarray:
    """Return the (L,) ids of a text; a text without any becomes that of a full stop."""
    ids = tokenizer.encode(text).ids or tokenizer.encode(".").ids
    return np.array(ids, np.int64)


def padded(read: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Return arrays of different length as one tensor, filled up at the end, and its mask."""
    x = pad_sequence([torch.from_numpy(np.ascontiguousarray(one)) for one in read], True)
    lengths_B = torch.tensor([len(one) for one in read])
    return x, torch.arange(x.shape[1]) < lengths_B[:, None]


def hub_backbone(folder: Path, *, weights: bool = True) -> HubBackbone:
    """Open a Hugging Face folder: config.json, tokenizer.json and, with `weights`, safetensors.

    Nothing is fetched, no code of the folder runs, pickles are not read. Raises ConfigError for
    a folder that is no such thing, BackendError where transformers cannot load it.
    """
    needed = ["config.json", "tokenizer.json"]
    if missing := [name for name in needed if not (folder / name).is_file()]:
        raise ConfigError(f"{folder} is no folder of a language model: it has no {missing[0]}")
    if weights and not list(folder.glob("*.safetensors")):
        raise ConfigError(f"{folder} has no *.safetensors; other weights are not read")
    try:
        from transformers import AutoConfig, AutoModel
    except ModuleNotFoundError as error:
        raise BackendError(
            "a language model from a folder needs transformers: pip install 'omnilive[torch]'"
        ) from error
    try:
        if weights:
            model = AutoModel.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, local_files_only=True,
                trust_remote_code=False,
            )  # fmt: skip
        else:
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
            model = AutoModel.from_config(config, trust_remote_code=False)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # both libraries raise bare exceptions of their own
        raise BackendError(f"cannot load the language model in {folder}: {error}") from error
    return HubBackbone(model, tokenizer)
