"""SmolLM2-135M in GGUF form on OpenVINO GenAI: quick and small; its answers need checking."""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import openvino_genai

from omnilive.catalog import fetch
from omnilive.core.errors import BackendError
from omnilive.reasoning.base import Message
from omnilive.reasoning.config import ReasoningConfig

MODEL = "smollm2-135m-instruct-q4_1"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


class EmbeddedModel:
    """One generation at a time, on up to two threads."""

    name = "smollm2-135m-instruct"
    is_trusted = False
    images = 0
    is_remote = False

    def __init__(self, config: ReasoningConfig) -> None:
        path = fetch.path(MODEL) / FILE
        try:
            self._pipe = openvino_genai.LLMPipeline(str(path), "CPU", INFERENCE_NUM_THREADS=2)
        except RuntimeError as error:
            raise BackendError(f"cannot load the language model from {path}: {error}") from error
        self._tokenizer = self._pipe.get_tokenizer()

    def stream(
        self, messages: list[Message], max_tok: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[str]:
        """Yield pieces of the answer as they are decoded; it calls no functions."""
        chat = [{"role": m.role, "content": m.text} for m in messages]
        prompt = self._tokenizer.apply_chat_template(chat, add_generation_prompt=True)
        pieces: queue.Queue[str | None] = queue.Queue()
        stopped = threading.Event()

        def hand_on(piece: str) -> openvino_genai.StreamingStatus:
            pieces.put(piece)
            status = openvino_genai.StreamingStatus
            return status.STOP if stopped.is_set() else status.RUNNING

        def generate() -> None:
            try:
                self._pipe.generate(
                    prompt, max_new_tokens=max_tok, do_sample=False, streamer=hand_on,
                    apply_chat_template=False,
                )  # fmt: skip
            finally:
                pieces.put(None)

        thread = threading.Thread(target=generate, name="generate", daemon=True)
        thread.start()
        try:
            while (piece := pieces.get()) is not None:
                yield piece
        finally:
            stopped.set()
            thread.join()
