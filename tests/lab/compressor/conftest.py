from pathlib import Path

import pytest
import torch

from tests.commands.conftest import Shell


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Tensors of a few numbers: threads would only wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture
def omnilive(tmp_path: Path) -> Shell:
    return Shell(tmp_path)
