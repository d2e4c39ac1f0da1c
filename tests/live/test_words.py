"""Text deltas of a reply whose characters are longer than its tokens."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from omnilive.live.words import finished, fresh


def byte_tokenizer() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@pytest.mark.parametrize(
    "text", ["Plain words.", "Ein Gruß", "鍋が沸いた。", "A 👩‍🍳 cooks", "नमस्ते"]
)
def test_deltas_joined_are_the_text(text: str):
    tokenizer = byte_tokenizer()
    ids = tokenizer.encode(text).ids
    assert len(ids) == len(text.encode())  # each byte is a token: the hardest case
    sent = ""
    for count in range(1, len(ids) + 1):
        delta = fresh(tokenizer.decode(ids[:count]), sent)
        assert "\ufffd" not in delta
        sent += delta
    assert sent == text


def test_a_reply_cut_in_a_character_ends_before_it():
    assert finished("Gru\ufffd") == "Gru"


def test_what_was_sent_is_never_taken_back():
    assert fresh("helpful", sent="hello") == ""
