"""A small byte-level tokenizer, trained on the texts that a small model is to speak."""

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from omnilive.live.template import Marks

BOS, EOS = "<s>", "</s>"
# A bracket and the line's end are one piece ("]\n"), a word takes the space before it along.
PIECES = r"\]\n|\n| ?[\p{L}\p{N}']+| ?[^\s\p{L}\p{N}]|\s"


def train_tokenizer(texts: Iterable[str], marks: Marks, vocab: int = 1024) -> Tokenizer:
    """Return a tokenizer of at most `vocab` tokens; frequent words are one token each."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )  # type: ignore[assignment]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=[marks.bos, marks.eos, marks.frame], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=2,
    )  # fmt: skip
    said = [text for text in texts for text in (text, f" {text}")]
    glue = [marks.system, "]\nUser:", "]\nAssistant:", "\n[", marks.interval] * 2
    tokenizer.train_from_iterator([*said, *glue], trainer)
    return tokenizer
