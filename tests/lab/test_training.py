import pytest

from omnilive_lab.training import cosine


def test_the_learning_rate_rises_and_falls():
    assert [cosine(step, 104, 4, 0.1) for step in (0, 3)] == [0.25, 1.0]
    assert cosine(54, 104, 4, 0.1) == pytest.approx(0.55)
    assert cosine(104, 104, 4, 0.1) == pytest.approx(0.1)
