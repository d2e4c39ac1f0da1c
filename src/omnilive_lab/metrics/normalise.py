"""Texts as tokens for error rates: as Qwen2-Audio's `evaluate_asr.py` makes them, and plainly.

English: Whisper's EnglishTextNormalizer, then its BasicTextNormalizer (package whisper-normalizer,
extra `eval`). Chinese: numbers and signs as they are read aloud, in the manner of SpeechIO's
`cn_tn.py`, then characters.
"""

import functools
import re
import unicodedata
from collections.abc import Callable

from omnilive.core.errors import ConfigError
from omnilive_lab.metrics.chinese import spoken_chinese

_SIGNS = "!,.?;:"


def english_words(text: str) -> list[str]:
    """Return the words that the official English score compares."""
    return _tokens(_english()(_tidy(text)))


def chinese_characters(text: str) -> list[str]:
    """Return the characters that the official Chinese score compares."""
    tidy = re.sub(r"\s+", "", _tidy(text))
    return list("".join(_tokens(spoken_chinese(tidy))))


def plain_words(text: str) -> list[str]:
    """Return words in lower case without punctuation: numbers and spellings as they are."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", "")
    return "".join(" " if _is_sign(c) else c for c in text).split()


def plain_characters(text: str) -> list[str]:
    """Return characters in lower case without punctuation and blanks."""
    return list("".join(plain_words(text)))


def _tidy(text: str) -> str:
    """Drop marks such as <|en|>, and blanks before signs."""
    text = re.sub(r"\s+", " ", re.sub(r"<\|.*?\|>", " ", text))
    return re.sub(f" ?([{_SIGNS}])", r"\1", text).lstrip(" ")


def _tokens(text: str) -> list[str]:
    """Return the tokens in lower case, but for those of punctuation only."""
    return [token for token in text.lower().split() if not all(map(_is_sign, token))]


def _is_sign(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


@functools.cache
def _english() -> Callable[[str], str]:
    try:
        from whisper_normalizer.basic import BasicTextNormalizer
        from whisper_normalizer.english import EnglishTextNormalizer
    except ModuleNotFoundError as error:
        raise ConfigError(
            "word error rates need Whisper's normaliser: pip install 'omnilive[eval]'"
        ) from error
    english, basic = EnglishTextNormalizer(), BasicTextNormalizer()
    return lambda text: basic(english(text))
