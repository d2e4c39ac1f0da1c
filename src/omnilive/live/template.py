"""The chat template of LIVE in token ids (arXiv 2406.11816): text interleaved with frames.

    {bos}{system}
    [<v>,<v>,<v>]
    User: Is the kettle on?
    Assistant: Yes, since just now.{eos}
    [<v>,<v>]
    Assistant: The water boils.{eos}
    [<v>

Each piece is tokenised on its own, in training and live alike, so that both see the same ids.
"""

from dataclasses import dataclass

from tokenizers import Tokenizer

from omnilive.core.errors import BackendError

SYSTEM = (
    "A multimodal AI assistant is helping users with some activities. Below is their "
    "conversation, interleaved with the list of video frames received by the assistant."
)  # as published with the released checkpoints


@dataclass(frozen=True, slots=True)
class Marks:
    """The texts that mean something to the template.

    `interval` stands between frames and means silence: "," in live1+; empty in live1, where the
    end of sequence is what a silent frame is answered with, though it never enters the sequence.
    """

    bos: str
    eos: str
    interval: str = ","
    system: str = SYSTEM
    frame: str = "<v>"


class Template:
    """Builds the pieces of a dialogue. All methods return token ids.

    `is_open` says whether the last thing in the sequence is a frame, so that its bracket is
    still to be closed.
    """

    def __init__(self, tokenizer: Tokenizer, marks: Marks) -> None:
        self.tokenizer, self.marks = tokenizer, marks
        self.eos = self._id(marks.eos)
        self.bos = [self._id(marks.bos)] if marks.bos else []
        known = tokenizer.token_to_id(marks.frame)
        # A frame has no embedding of its own: where the vocabulary lacks it, it stands behind it.
        self.frame = tokenizer.get_vocab_size() if known is None else known
        self.interval = self._ids(marks.interval)
        if len(self.interval) > 1:
            raise BackendError(f"the interval {marks.interval!r} is not one token of the tokenizer")

    @property
    def silence(self) -> int:
        """The token that a frame is answered with while nothing is to be said."""
        return self.interval[0] if self.interval else self.eos

    @property
    def speak(self) -> int:
        """The token that a frame is answered with when something is."""
        return self.prompt(is_open=True)[0]

    def start(self) -> list[int]:
        """Return what every stream begins with."""
        return [*self.bos, *self._ids(self.marks.system)]

    def open(self) -> list[int]:
        """Return what stands before the first frame of a span."""
        return self._ids("\n[")

    def ask(self, text: str, *, is_open: bool) -> list[int]:
        """Return a query that is answered at once."""
        return self._ids(f"{_close(is_open)}\nUser: {text}\nAssistant:")

    def instruct(self, text: str, *, is_open: bool) -> list[int]:
        """Return what the user says without waiting for a reply."""
        return self._ids(f"{_close(is_open)}\nUser: {text}")

    def prompt(self, *, is_open: bool) -> list[int]:
        """Return what precedes a reply that nobody has asked for."""
        return self._ids(f"{_close(is_open)}\nAssistant:")

    def words(self, text: str) -> list[int]:
        """Return a reply, without its end of sequence."""
        return self._ids(f" {text}")

    def text(self, ids: list[int]) -> str:
        """Return what a reply says."""
        return self.tokenizer.decode(ids, skip_special_tokens=True).strip()

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids if text else []

    def _id(self, token: str) -> int:
        found = self.tokenizer.token_to_id(token)
        if found is None:
            raise BackendError(f"the tokenizer has no token {token!r}")
        return found


def _close(is_open: bool) -> str:
    return "]" if is_open else ""
