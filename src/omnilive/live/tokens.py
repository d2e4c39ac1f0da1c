"""Tokenizers of checkpoints, and which of their tokens begin and end a text."""

from pathlib import Path

from tokenizers import Tokenizer

from omnilive.core.errors import BackendError
from omnilive.live.huggingface import read_json

_NAMING = ("tokenizer_config.json", "special_tokens_map.json")


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a file; raises BackendError where it is missing or damaged."""
    if not path.is_file():
        raise BackendError(f"{path} is missing")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare exceptions
        raise BackendError(f"{path} is no tokenizer, or is damaged: {error}") from error


def special_token(folder: Path, role: str, tokenizer: Tokenizer) -> str | None:
    """Return the text of the "bos_token" or "eos_token" of a Hugging Face folder, if it says.

    Where only the model's config.json does, it gives a number, or several: the first counts.
    """
    for name in (*_NAMING, "config.json"):
        if not (folder / name).is_file():
            continue
        values = read_json(folder / name)
        found = values.get(role, values.get(f"{role}_id"))
        if isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, int):
            found = tokenizer.id_to_token(found)
        text = found.get("content") if isinstance(found, dict) else found
        if text:
            return str(text)
    return None
