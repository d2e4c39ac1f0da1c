"""A reply that grows token by token, as text that can be shown at once."""

UNFINISHED = "\ufffd"  # what a decoder gives for the first bytes of a character


def fresh(text: str, sent: str) -> str:
    """Return what `text`, a reply as decoded so far, adds to what was `sent` of it.

    A character whose last bytes are still to come is kept back, and so is everything while the
    decoder would rather have what was already sent otherwise.
    """
    whole = finished(text)
    return whole[len(sent) :] if whole.startswith(sent) else ""


def finished(text: str) -> str:
    """Return a decoded reply without the character it breaks off in."""
    return text.rstrip(UNFINISHED)
