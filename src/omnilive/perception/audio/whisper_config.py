"""The settings of the Whisper backend, apart from it so that reading them loads no library."""

from pydantic import Field

from omnilive.core.config import Config


class WhisperConfig(Config):
    """How carefully Whisper listens."""

    threads: int = Field(default=1, ge=1)
    """CPU threads for one utterance."""

    beam_size: int = Field(default=3, ge=1, le=10)
    """Hypotheses kept for a final transcript; partials use one."""

    min_window_s: float = Field(default=10.0, ge=1, le=30)
    """Shortest encoder window: shorter is faster and less accurate."""

    languages: tuple[str, ...] = ()
    """Languages to choose from, such as ("en", "zh"); empty for all that the model knows."""

    min_logprob: float = -1.0
    """Mean log-probability of the words under which a transcript is tried again, then dropped."""

    max_no_speech: float = Field(default=0.6, ge=0, le=1)
    """Probability of "no speech" over which a doubtful transcript is dropped."""

    max_repetition: float = 2.4
    """Compression ratio over which a transcript counts as a loop (Whisper's own measure)."""
