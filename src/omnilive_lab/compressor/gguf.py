"""A language model in GGUF as a Hugging Face folder that `--backbone` takes.

    pip install gguf accelerate
    python -m omnilive_lab.compressor.gguf smollm2-135m

makes one of the SmolLM2-135M of the catalog (Q4_1, so its weights are those of 4 bits, written
out as float32).
"""

import sys
from pathlib import Path
from typing import Any

import torch

from omnilive.catalog import fetch
from omnilive.core.errors import BackendError

MODEL, FILE = "smollm2-135m-instruct-q4_1", "SmolLM2-135M-Instruct.Q4_1.gguf"


def hub_folder(gguf: Path, out: Path) -> None:
    """Write config.json, model.safetensors and tokenizer.json to `out`."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where: dict[str, Any] = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
    try:
        read = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(**where)
    except (ImportError, ValueError) as error:
        raise BackendError(f"{gguf} cannot be read: {error}") from error
    # What was read counts as quantized and is not written: its weights go into a plain model.
    config = type(read.config)(**{**read.config.to_dict(), "quantization_config": None})
    delattr(config, "quantization_config")
    plain = type(read)(config)
    plain.load_state_dict(read.state_dict())
    plain.save_pretrained(out)
    tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))


if __name__ == "__main__":
    hub_folder(fetch.ensure(MODEL) / FILE, Path(sys.argv[1]))
