"""The settings of reasoning."""

from typing import Literal

from pydantic import Field, SecretStr

from omnilive.core.config import Config


class OpenAIConfig(Config):
    """An OpenAI-compatible endpoint (vLLM, llama.cpp, Ollama, a hosted service)."""

    base_url: str = "http://127.0.0.1:8000/v1"
    """Address up to and including the version."""

    model: str = ""
    """Name of the model; empty for the first that the endpoint lists."""

    api_key: SecretStr = SecretStr("")
    """Sent as a bearer token when not empty."""

    images: int = Field(default=0, ge=0, le=16)
    """Keyframes sent with a question, for a model that sees; 0 for one that does not."""

    timeout_s: float = Field(default=60.0, gt=0)
    """Longest wait for the first and between two pieces of the answer."""


class ReasoningConfig(Config):
    """Who words the answers, and from how much."""

    backend: Literal["embedded", "openai", "scripted"] | str = "embedded"
    """The language model: embedded (local, small), openai (an endpoint), scripted (tests)."""

    preload: bool = False
    """Wait for the embedded model (8 s of CPU) before the first answer that it could shorten.

    The server loads it in the background; a command that answers once does better without.
    """

    shorten_s: float = Field(default=0.4, ge=0)
    """Longest wait for the embedded model to shorten a quote; then it is said whole."""

    evidence: int = Field(default=8, ge=1, le=64)
    """Remembered spans that an answer is built from, at most."""

    max_answer_tok: int = Field(default=96, ge=8)
    """Longest answer of the language model, in tokens."""

    history_tok: int = Field(default=600, ge=0)
    """How much of the dialogue so far goes into a prompt, in tokens (as estimated)."""

    min_similarity: float = Field(default=0.38, ge=-1, le=1)
    """Cosine from which a remembered span counts as being about the question."""

    script: tuple[str, ...] = ()
    """What the scripted backend says, in turn."""

    openai: OpenAIConfig = OpenAIConfig()
