"""How much was read and said. Estimates: a computed answer has no tokens, and models differ."""

import re
from collections.abc import Iterable
from typing import Any

_PIECES = re.compile(r"[^\W_]+|[^\w\s]|_")
_LETTERS = 6  # in a piece of a word; longer words are several tokens
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
IMAGE_TOK = 85  # what a picture of low detail is billed as, elsewhere


def tokens_in(text: str) -> int:
    """Estimate the tokens of a text: short words, pieces of long ones, signs, characters."""
    wide = len(_WIDE.findall(text))
    pieces = _PIECES.findall(_WIDE.sub(" ", text))
    return wide + sum(1 + (len(piece) - 1) // _LETTERS for piece in pieces)


def chat_usage(asked: Iterable[str], images: int, said: str) -> dict[str, Any]:
    """Return the `usage` of a chat completion."""
    read_tok = sum(tokens_in(text) for text in asked) + IMAGE_TOK * images
    said_tok = tokens_in(said)
    return {
        "prompt_tokens": read_tok,
        "completion_tokens": said_tok,
        "total_tokens": read_tok + said_tok,
    }


def realtime_usage(asked: Iterable[str], images: int, said: str, spoken: bool) -> dict[str, Any]:
    """Return the `usage` of a realtime response."""
    text_tok, image_tok = sum(tokens_in(text) for text in asked), IMAGE_TOK * images
    said_tok = tokens_in(said)
    read = {"text_tokens": text_tok, "audio_tokens": 0, "image_tokens": image_tok}
    kinds = {"text_tokens": 0 if spoken else said_tok, "audio_tokens": said_tok if spoken else 0}
    return {
        "total_tokens": text_tok + image_tok + said_tok,
        "input_tokens": text_tok + image_tok,
        "output_tokens": said_tok,
        "input_token_details": {**read, "cached_tokens": 0},
        "output_token_details": kinds,
    }
