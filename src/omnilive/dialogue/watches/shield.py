"""Takes quotations and addresses out of a sentence, so that grammar is not sought in them."""

import re
from dataclasses import dataclass, field

_QUOTES = re.compile(
    r"“([^”]{1,500})”|「([^」]{1,500})」|『([^』]{1,500})』|‘([^’]{1,500})’|\"([^\"]{1,500})\""
    r"|(?<!\w)'([^']{1,500})'(?!\w)"
)
_URL = re.compile(r"https?://[^\s,;\uff0c。“”\"'<>]+", re.IGNORECASE)
# A Chinese keyboard's forms of "," ":" "A" "1" and the like, which mean the same.
_PLAIN = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_MARK = re.compile(r"Q(\d+)Q|U(\d+)U")


@dataclass(slots=True)
class Shielded:
    """A sentence with marks such as Q0Q and U0U where quotations and addresses stood."""

    text: str
    quotes: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    """What things do, as far as only a model that sees can tell."""

    def quoted(self, text: str) -> list[str]:
        """Return the quotations marked in a piece of the sentence, in order."""
        return [self.quotes[int(n)] for n in re.findall(r"Q(\d+)Q", text)]

    def restore(self, text: str) -> str:
        """Return a piece of the sentence as it was written, without quotation marks."""

        def original(match: re.Match[str]) -> str:
            return self.quotes[int(match[1])] if match[1] else self.urls[int(match[2])]

        return _MARK.sub(original, text)


def shield(text: str) -> Shielded:
    """Take the quotations and addresses out of a sentence."""
    text, shielded = " ".join(text.split()), Shielded("")

    def url(match: re.Match[str]) -> str:
        shielded.urls.append(match[0].rstrip(".!?)"))
        return f" U{len(shielded.urls) - 1}U "

    def plain(piece: str) -> str:
        # What looks like a mark of ours, but was typed, is broken up.
        piece = re.sub(r"([QU])(?=\d+[QU])", r"\1 ", piece)
        return _URL.sub(url, piece).translate(_PLAIN)

    pieces, end = list[str](), 0
    for match in _QUOTES.finditer(text):
        quote = next(part for part in match.groups() if part).strip()
        if "://" in match[0] or not quote:
            continue  # an address may hold an apostrophe
        pieces += [plain(text[end : match.start()]), f" Q{len(shielded.quotes)}Q "]
        shielded.quotes.append(quote)
        end = match.end()
    shielded.text = " ".join("".join([*pieces, plain(text[end:])]).split())
    return shielded
