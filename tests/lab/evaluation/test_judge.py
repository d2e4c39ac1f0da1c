import pytest

from omnilive_lab.bench.base import Mark
from omnilive_lab.evaluation.judge import EndpointJudge, read_marks
from tests.lab.models.loopback import served

MARKS = (Mark("accuracy", r"accuracy:\s*(\d+)", 1, 5), Mark("detail", r"detail:\s*(\d+)", 1, 5))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Accuracy: 4, detail: 2", {"accuracy": 4, "detail": 2}),
        ("accuracy: 4\n\nDetail:  1.", {"accuracy": 4, "detail": 1}),
        ("accuracy: 6, detail: 2", None),
        ("accuracy: 0, detail: 2", None),
        ("accuracy: four, detail: 2", None),
        ("detail: 2", None),
        ("", None),
    ],
)
def test_every_mark_must_be_there_and_within_its_bounds(
    said: str, found: dict[str, float] | None
) -> None:
    assert read_marks(said, MARKS) == found


def grade(*script: str | int | bytes | None):
    with served(*script, timeout_s=0.3) as (asked, config):
        judge = EndpointJudge(config.openai, pause=lambda s: None)
        verdict = judge.grade("How good?", MARKS, system="You mark.")
        judge.close()
    return verdict, asked


def test_a_judge_is_asked_until_it_makes_sense() -> None:
    verdict, asked = grade("Good!", 500, "accuracy: 3, detail: 5")
    assert verdict.marks == {"accuracy": 3, "detail": 5} and len(asked) == 3
    assert asked[0]["messages"][0] == {"role": "system", "content": "You mark."}


@pytest.mark.parametrize("trouble", ["I cannot say.", "accuracy: 9, detail: 9", "", 500, 401, None])
def test_a_judge_that_fails_or_rambles_gives_no_mark(trouble: str | int | None) -> None:
    verdict, asked = grade(trouble)
    assert verdict.marks is None and len(asked) == 3
    assert verdict.said == (trouble if isinstance(trouble, str) else verdict.said)
    assert isinstance(trouble, str) or verdict.said.startswith("(no answer")
