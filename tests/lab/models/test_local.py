from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.bench.base import Prompt
from omnilive_lab.evaluation.sampling import Picture
from tests.lab.models.vlm import WORDS, write_folder

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("vlm"))


def test_a_local_folder_answers_and_sees_every_picture(folder: Path) -> None:
    from omnilive_lab.models.local import LocalViewer

    viewer = LocalViewer(folder, max_answer_tok=6)
    prompt = Prompt(text="What is the colour ?", system="Question", prefill="Best Option : (")
    black, white = (Picture(0.0, np.full((40, 60, 3), v, np.uint8)) for v in (0, 255))
    seen = viewer._inputs(prompt, [black, white, black])
    image = WORDS.index("<image>")
    assert seen["pixel_values"].shape[0] == 3
    assert int((seen["input_ids"] == image).sum()) == 3 * (16 // 8) ** 2
    text = viewer._processor.tokenizer.decode(seen["input_ids"][0])
    assert text.rstrip().endswith("Best Option : (") and "Question" in text
    reply = viewer.reply(prompt, [black, white])
    assert reply.text and set(reply.text.split()) <= set(WORDS)
    assert reply.text == viewer.reply(prompt, [black, white]).text  # greedy
    assert viewer.reply(Prompt(text="What ?"), ()).text
    assert viewer.settings["class"] == "LlavaForConditionalGeneration"
    viewer.close()


def test_a_folder_that_is_no_model_is_told(folder: Path, tmp_path: Path) -> None:
    from omnilive_lab.models.local import LocalViewer

    with pytest.raises(ConfigError, match=r"no config\.json"):
        LocalViewer(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llava"}')
    with pytest.raises(BackendError, match="cannot be loaded"):
        LocalViewer(tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in folder.iterdir():
        content = path.read_bytes()
        (broken / path.name).write_bytes(
            content[:100] if path.suffix == ".safetensors" else content
        )
    with pytest.raises(BackendError, match="cannot be loaded"):
        LocalViewer(broken)
