"""Cuts a stream of text into phrases that can be spoken one by one; nothing is lost or added."""

import re
from dataclasses import dataclass

FIRST_LEAST, FIRST_MOST = 12, 60  # characters: the first phrase is short, so that speech starts
LEAST, MOST = 24, 160
SENTENCE = re.compile(r"[.!?…]+[\"”’)\]]*(?=\s)\s*|[。！？]+[”’）」]*\s*|\n+")
CLAUSE = re.compile(r"[,;:—–](?=\s)\s*|[，；：、]\s*")
SPACE = re.compile(r"\s+")
ABBREVIATIONS = frozenset(
    "dr mr mrs ms prof st no vs etc eg ie fig approx jr sr inc ltd co dept min max".split()
)


@dataclass(slots=True)
class Phrases:
    """Feed pieces with `add`; it returns the phrases that are complete, `rest` the last one."""

    buffer: str = ""
    count: int = 0

    def add(self, piece: str) -> list[str]:
        """Take the next piece of text."""
        self.buffer += piece
        out: list[str] = []
        while (end := self._end()) is not None:
            out += self._take(end)
        return out

    def rest(self) -> list[str]:
        """Return what is left: the text is over."""
        self.buffer += " "  # what stands at the end is complete now
        out = []
        while (end := self._end()) is not None and end < len(self.buffer):
            out += self._take(end)
        self.buffer = self.buffer[:-1]
        return out + self._take(len(self.buffer))

    def _take(self, end: int) -> list[str]:
        phrase, self.buffer = self.buffer[:end], self.buffer[end:]
        if not phrase:
            return []
        self.count += 1
        return [phrase]

    def _end(self) -> int | None:
        """Return where the first phrase in the buffer ends, if that is known already."""
        least, most = (FIRST_LEAST, FIRST_MOST) if self.count == 0 else (LEAST, MOST)
        sentence = next((m.end() for m in SENTENCE.finditer(self.buffer) if self._is_end(m)), None)
        if self.count == 0 or sentence is None or sentence > most:
            limit = len(self.buffer) if sentence is None else sentence
            clauses = [m.end() for m in CLAUSE.finditer(self.buffer) if m.end() <= limit]
            early = [end for end in clauses if end >= least]
            if early and (self.count == 0 or len(self.buffer) > most):
                return early[0] if self.count == 0 else _last_within(early, most)
            if limit > most and (spaces := _spaces(self.buffer, least, most)):
                return spaces[-1]
        return sentence

    def _is_end(self, match: re.Match[str]) -> bool:
        """Tell a full stop from one in an abbreviation, an initial, or before a small letter."""
        before = re.search(r"[\w.]*$", self.buffer[: match.start()])
        word = before[0].replace(".", "").lower() if before else ""
        after = self.buffer[match.end() : match.end() + 1]
        if not match[0].startswith(".") or match[0].startswith(".."):
            return True
        if word in ABBREVIATIONS or after.islower():
            return False
        return not (len(word) == 1 and word.isalpha() and word != "i")


def _spaces(text: str, least: int, most: int) -> list[int]:
    return [m.end() for m in SPACE.finditer(text) if least <= m.end() <= most]


def _last_within(ends: list[int], most: int) -> int:
    within = [end for end in ends if end <= most]
    return within[-1] if within else ends[0]
