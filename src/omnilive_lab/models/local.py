"""A vision-language model in a local Hugging Face folder (extra `torch`).

Weights are read from safetensors only, and no code of the folder is run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omnilive.core.clock import stopwatch
from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.bench.base import Cost, Prompt, Reply
from omnilive_lab.evaluation.sampling import Picture
from omnilive_lab.models.base import Refused


class LocalViewer:
    """Greedy answers of any model that AutoModelForImageTextToText knows."""

    def __init__(self, folder: Path, max_answer_tok: int = 96, device: str = "auto") -> None:
        if not (folder / "config.json").is_file():
            raise ConfigError(f"{folder} is no model folder: it has no config.json")
        try:
            import torch
            from safetensors import SafetensorError
            from transformers import AutoModelForImageTextToText, AutoProcessor
        except ImportError as error:
            raise BackendError(
                f"a local model needs {error.name!r}: pip install 'omnilive[torch]'"
            ) from error
        self._torch = torch
        self.device = _device(torch, device)
        try:
            self._processor: Any = AutoProcessor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            model: Any = AutoModelForImageTextToText.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True,
                dtype="auto" if self.device != "cpu" else torch.float32,
            )  # fmt: skip
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
            first = str(error).strip().split("\n")[0]
            raise BackendError(f"the model in {folder} cannot be loaded: {first}") from error
        self._model: Any = model.to(self.device).eval()
        self._max_tok = max_answer_tok
        self.name = folder.resolve().name
        self.settings: Mapping[str, Any] = {
            "folder": folder.resolve().name,
            "class": type(self._model).__name__,
            "max_answer_tok": max_answer_tok,
            "device": self.device,
        }

    def reply(self, prompt: Prompt, pictures: Sequence[Picture]) -> Reply:
        """Answer greedily, going on from the prefill."""
        began = stopwatch()
        inputs = self._inputs(prompt, pictures)
        length = inputs["input_ids"].shape[1]
        try:
            with self._torch.inference_mode():
                made = self._model.generate(**inputs, max_new_tokens=self._max_tok, do_sample=False)
        except self._torch.OutOfMemoryError as error:
            raise BackendError(f"out of GPU memory with {len(pictures)} pictures") from error
        except (RuntimeError, ValueError, IndexError) as error:
            raise Refused(f"{self.name}: {str(error)[:200]}") from error
        tokenizer = getattr(self._processor, "tokenizer", self._processor)
        text = tokenizer.decode(made[0, length:], skip_special_tokens=True)
        return Reply(text=text.strip(), cost=Cost(total_s=stopwatch() - began))

    def close(self) -> None:
        """Free the model."""
        self._model = None

    def _inputs(self, prompt: Prompt, pictures: Sequence[Picture]) -> Any:
        from PIL import Image

        images = [Image.fromarray(picture.rgb) for picture in pictures]
        told = [{"role": "system", "content": [{"type": "text", "text": prompt.system}]}]
        content = [{"type": "image"} for _ in images] + [{"type": "text", "text": prompt.text}]
        messages = [*(told if prompt.system else []), {"role": "user", "content": content}]
        text = self._processor.apply_chat_template(messages, add_generation_prompt=True)
        inputs = self._processor(
            text=[text + prompt.prefill], images=images or None, return_tensors="pt"
        )
        return inputs.to(self.device)


def _device(torch: Any, wanted: str) -> str:
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"
