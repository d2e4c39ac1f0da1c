"""What of a response was heard: phrases laid out on the seconds that were really played."""

from dataclasses import dataclass, field

CHARACTER_S = 0.065  # a guess, for a phrase whose sound is still being made


@dataclass(slots=True)
class Phrase:
    """A piece of the response; `duration_s` 0 when it is only read."""

    text: str
    start_s: float
    duration_s: float = 0.0
    is_whole: bool = True

    @property
    def end_s(self) -> float:
        """Seconds of the response at which it has been said."""
        if self.is_whole:
            return self.start_s + self.duration_s
        return self.start_s + max(self.duration_s, CHARACTER_S * len(self.text))


@dataclass(slots=True)
class Script:
    """Phrases in the order in which they were queued."""

    phrases: list[Phrase] = field(default_factory=list)

    @property
    def end_s(self) -> float:
        """Seconds of sound queued so far."""
        return sum(phrase.duration_s for phrase in self.phrases)

    def read(self, text: str) -> None:
        """Add a phrase that has no sound: whoever gets there has read it."""
        self.phrases.append(Phrase(text, self.end_s))

    def open(self, text: str) -> Phrase:
        """Add a phrase whose sound follows, in pieces; set `is_whole` when it has all come."""
        phrase = Phrase(text, self.end_s, is_whole=False)
        self.phrases.append(phrase)
        return phrase

    def heard(self, played_s: float) -> str:
        """Return the text that was said in the first `played_s` seconds, word by word."""
        return "".join(_said(p, played_s) for p in self.phrases if p.start_s <= played_s).strip()

    def words_between(self, start_s: float, end_s: float) -> str:
        """Return what was said in that stretch of the response, and the words at its edges."""
        whole, before = self.heard(end_s), self.heard(max(0.0, start_s)) if start_s > 0 else ""
        return whole[len(before) :].strip() if whole.startswith(before) else whole


def _said(phrase: Phrase, played_s: float) -> str:
    if phrase.duration_s == 0 and phrase.is_whole or played_s >= phrase.end_s - 0.05:
        return phrase.text
    share = (played_s - phrase.start_s) / (phrase.end_s - phrase.start_s)
    return _first_words(phrase.text, share)


def _first_words(text: str, share: float) -> str:
    """Return the words that end within the first `share` of the text; length stands for time."""
    limit, end = share * len(text), 0
    if " " not in text.strip():
        return text[: int(limit)] if not text.isascii() else ""
    for i, char in enumerate(text):
        if char == " " and i <= limit:
            end = i
    return text[:end]
