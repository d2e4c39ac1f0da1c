"""The settings of a session's live model. Needs no torch."""

from typing import Literal

from pydantic import Field

from omnilive.core.config import Config


class LiveConfig(Config):
    """Which streaming video language model narrates and answers, and how."""

    checkpoint: str = ""
    """Folder that `omnilive train live-tiny` has written, or one of the same form; empty for no
    live model. Needs the extra "torch"."""

    fps: float | None = Field(default=None, gt=0, le=30)
    """Pictures a second that the model sees; none for as many as it was trained with."""

    instruction: str | None = None
    """What the model is told at the beginning, such as "Narrate the video in real time."; empty:
    it says nothing by itself and only answers; none for what its training began with."""

    threshold: float | None = Field(default=None, ge=0, le=1)
    """The model keeps silent where the probability of silence is at least this: higher speaks
    more. None for the checkpoint's own."""

    policy: Literal["threshold", "decay", "head", "text"] = "threshold"
    """How the model decides to speak: a threshold on silence; one that falls with time; its second
    head, where it has one; by writing NO REPLY."""

    pause_s: float = Field(default=1.0, ge=0)
    """No remark sooner than this after the last reply."""

    repeat_s: float = Field(default=10.0, ge=0)
    """A remark that says again what was said within these seconds is not made."""

    window_tok: int = Field(default=2048, ge=0)
    """Newest tokens of a stream that the model looks back on; what is older is dropped, so that
    cost and memory stay flat. 0 for all of the stream, at a cost that grows."""

    sinks_tok: int = Field(default=64, ge=0)
    """First tokens of a stream that are never dropped."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs: "auto" takes a GPU where there is one."""

    quantize: Literal["none", "int8", "f16", "bf16"] = "none"
    """Smaller weights for a faster model: "int8" or "f16" on the CPU, "bf16" on a GPU."""

    max_reply_tok: int = Field(default=64, ge=1, le=4096)
    """Longest remark or answer, in tokens."""

    answers: bool = True
    """Whether questions about the running stream go to the live model; otherwise the memory
    answers them, as it does all others."""

    patience_s: float = Field(default=10.0, gt=0)
    """Longest wait for the next words of an answer; after it the memory answers, if none came."""

    queue: int = Field(default=8, ge=1, le=1000)
    """Pictures that may wait for the model. At live pace the oldest is dropped and counted; at
    fast pace the source waits."""

    watches: int = Field(default=3, ge=0, le=64)
    """Standing watches of a session that the model follows at the same time; 0 for none."""

    streams: int = Field(default=4, ge=1, le=256)
    """Streams that the model follows at the same time in this process, all in one batch: one for
    each source, and one for each watch that it follows. Memory is taken for each."""
