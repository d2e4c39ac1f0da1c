import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Tensors of a few numbers: threads would only wait for each other."""
    torch.set_num_threads(1)
