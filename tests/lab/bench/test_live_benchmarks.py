"""Ego4D narration and COIN against their annotation schemas, by logits and by times."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Alert, Clip, Item, Prompt, Reply, Setup
from omnilive_lab.bench.coin import Coin, nearest
from omnilive_lab.bench.ego4d_narration import Ego4DNarration
from omnilive_lab.bench.narration import conversation, frame_time
from omnilive_lab.metrics.live import Figures, Turn
from tests.lab.bench.scripts import right, run, saying, touch, without, write_json

EGO: dict[str, Any] = {
    "uid-1": {
        "a1": [
            {"time": 3.1, "text": "C picks a knife."},
            {"time": 6.0, "text": "C cuts."},
            {"time": 6.0, "text": "C cuts bread."},
            {"time": 7.2, "text": "C cuts bread."},
            {"time": 9.9, "text": "C eats."},
        ],
        "a2": [],
    }
}
COIN: dict[str, Any] = {
    "database": {
        "vid1": {
            "class": "PutOnHairExtensions", "subset": "testing", "start": 24.2, "end": 60.0,
            "duration": 80.0, "recipe_type": 1, "video_url": "https://example.org",
            "annotation": [
                {"segment": [25.1, 30.0], "label": "pull up the hair", "id": "1"},
                {"segment": [31.0, 40.0], "label": "put on the hair extensions", "id": "2"},
                {"segment": [50.0, 60.0], "label": "process (crop, fold) paper", "id": "3"},
            ],
        },
        "vid2": {
            "class": "ReplaceSIMCard", "subset": "training", "start": 0.0, "end": 9.0,
            "annotation": [{"segment": [0.0, 9.0], "label": "open the tray", "id": "4"}],
        },
    }
}  # fmt: skip


def ego(tmp_path: Path, entries: Any = EGO) -> Path:
    touch(tmp_path / "videos" / "uid-1.mp4")
    write_json(tmp_path / "narration_stream_val.json", entries)
    return tmp_path


def coin(tmp_path: Path, entries: Any = COIN) -> Path:
    touch(tmp_path / "videos" / "vid1.mp4")
    write_json(tmp_path / "COIN.json", entries)
    return tmp_path


def test_reads_the_narrations(tmp_path: Path) -> None:
    (item,) = Ego4DNarration().load(ego(tmp_path))
    assert (item.id, item.narrate) == ("uid-1/a1", True)
    # At 2 pictures a second the first remark belongs to 3.5 s, the last one to 10 s.
    path = tmp_path / "videos" / "uid-1.mp4"
    assert item.clip == Clip(path=path, start_s=3.5, end_s=10.5)
    prompt = Ego4DNarration().prompt(item, [], Setup())
    assert prompt.text.startswith(
        "Please concisely narrate the video in real time. Use the tag 'C'"
    )


def test_the_dialogue_of_the_original() -> None:
    made = conversation(EGO["uid-1"]["a1"], fps=2)
    assert made == [
        {"role": "stream", "num_frames": 1, "learn": False},
        {"role": "assistant", "content": "C picks a knife.", "learn": True},
        {"role": "stream", "num_frames": 5, "learn": True},
        {"role": "assistant", "content": "C cuts bread.", "learn": True},  # the later of two
        {"role": "stream", "num_frames": 8, "learn": True},  # the repetition is dropped
        {"role": "assistant", "content": "C eats.", "learn": True},
    ]
    assert (frame_time(3.0, 2), frame_time(3.01, 2), frame_time(0.3, 10)) == (3.0, 3.5, 0.3)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"uid-1": {"a1": [{"time": 1}]}}, r"uid-1, a1\[0\]: field 'text' is missing"),
        ({"uid-1": {"a1": [{"time": "x", "text": "y"}]}}, "field 'time' should be a time"),
        (
            {"uid-1": {"a1": [{"time": 2, "text": "b"}, {"time": 1, "text": "a"}]}},
            "field 'a1' should be remarks in time order",
        ),
        ([], "should be an object of video uids"),
    ],
)
def test_narration_errors_name_file_entry_and_field(
    tmp_path: Path, entries: Any, said: str
) -> None:
    with pytest.raises(ConfigError, match=rf"narration_stream_val.json.*{said}"):
        Ego4DNarration().load(ego(tmp_path, entries))


def test_remarks_without_logits_are_judged_by_their_times(tmp_path: Path) -> None:
    (item,) = Ego4DNarration().load(ego(tmp_path))
    # Wanted at 3.1, 6.0, 6.0, 7.2 and 9.9 s, which is -0.4, 2.5, 2.5, 3.7 and 6.4 in the clip.
    alerts = (Alert(t=0.1, text="a knife"), Alert(t=6.9, text="eating"), Alert(t=30, text="?"))
    rows = run(Ego4DNarration(), [item], lambda item, prompt: Reply(alerts=alerts))
    summary = Ego4DNarration().summary(rows)
    assert set(summary.official.values()) == {None}
    assert summary.strict["Recall"] == pytest.approx(40)
    assert summary.strict["Precision"] == pytest.approx(200 / 3)
    assert summary.strict["Remark error (s)"] == pytest.approx(0.5)
    assert any("need a model that shows its logits" in note for note in summary.notes)


def test_a_model_with_logits_gets_the_published_figures(tmp_path: Path) -> None:
    (item,) = Ego4DNarration().load(ego(tmp_path))
    turns = [Turn(nll=2.0, words=4, prefix=3, right=3, frames=6, frame_diff=2)]
    data = {
        "live": asdict(Figures(lm_ppl=2.5, frame_diff=3.0, fluency=0.4, lm_correctness=0.75)),
        "turns": [asdict(turn) for turn in turns],
        "fps": 2,
    }
    rows = run(Ego4DNarration(), [item], lambda item, prompt: Reply(data=data))
    assert rows[0].score.official == 0.4
    summary = Ego4DNarration().summary(rows)
    assert summary.official == {
        "LM-PPL": 2.5, "TimeDiff": 1.5, "Fluency": 40, "LM-Correctness": 75
    }  # fmt: skip
    assert summary.strict["Speak error (s)"] == 1
    assert summary.strict["Token accuracy"] == 75
    assert not any("logits" in note for note in summary.notes)


def test_made_narration_round_trip(tmp_path: Path) -> None:
    benchmark = Ego4DNarration()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)

    def perfect(item: Item, prompt: Prompt) -> Reply:
        times = [remark["time"] - item.clip.start_s for remark in item.meta["remarks"]]
        return Reply(alerts=tuple(Alert(t=max(0.0, t), text="x") for t in times))

    assert benchmark.summary(run(benchmark, items, perfect)).strict["F1"] == 100
    assert benchmark.summary(run(benchmark, items, saying("x"))).strict["F1"] == 0


def test_reads_coin(tmp_path: Path) -> None:
    benchmark = Coin()
    items = {item.id: item for item in benchmark.load(coin(tmp_path))}
    assert list(items) == [
        "vid1-step-0", "vid1-step-1", "vid1-step-2", "vid1-task", "vid1-next-0", "vid1-next-1",
        "vid1-procedure-0", "vid1-procedure-1", "vid1-procedure+-0", "vid1-procedure+-1",
    ]  # fmt: skip
    step = items["vid1-step-0"]
    path = tmp_path / "videos" / "vid1.mp4"
    assert step.clip == Clip(path=path, start_s=25.5, end_s=30.5)
    assert step.answer == "Pull up the hair."
    assert items["vid1-step-2"].answer == "Crop and fold paper."
    assert items["vid1-task"].answer == "Put on hair extensions."
    assert benchmark.tasks == ("Put on hair extensions.", "Replace sim card.")
    assert len(benchmark.steps) == 4  # those of training videos too


def test_coin_questions(tmp_path: Path) -> None:
    items = {item.id: item for item in Coin().load(coin(tmp_path))}
    assert items["vid1-step-0"].question == (
        "What is the action in the video? Format your answer concisely. No extra text output."
    )
    assert items["vid1-procedure-0"].question == (
        "What is the next 2 actions for the video? Format your answer concisely, listing each"
        " action on a new line with a number prefix. No extra text output."
    )
    assert items["vid1-procedure-1"].question == (
        "What is the next action for the video? Format your answer concisely. No extra text output."
    )
    assert items["vid1-procedure+-1"].question.startswith("To put on hair extensions, what is the")


def test_the_nearest_category_counts_however_far(tmp_path: Path) -> None:
    benchmark = Coin()
    items = {item.id: item for item in benchmark.load(coin(tmp_path))}
    item = items["vid1-step-0"]

    def score(text: str) -> tuple[float | None, float | None]:
        scored = benchmark.score(item, Reply(text=text), [], None)
        return scored.official, scored.strict

    assert score("Pull up the hair.") == (1, 1)
    assert score("pull up the hair") == (1, 1)
    assert score("Pulling up hair") == (1, 0)
    assert score("Put on the hair extensions.") == (0, 0)
    # An empty reply is nearest to the shortest of all categories.
    assert nearest("", benchmark.steps) == "Open the tray."


def test_procedures_count_steps(tmp_path: Path) -> None:
    benchmark = Coin({"tasks": "procedure"})
    items = benchmark.load(coin(tmp_path))
    replies = {
        "vid1-procedure-0": "1. Put on the hair extensions.\n2. Open the tray.",
        "vid1-procedure-1": "Crop and fold paper.",
    }
    rows = run(benchmark, items, lambda item, prompt: Reply(text=replies[item.id]))
    assert [row.score.official for row in rows] == [0.5, 1]
    assert benchmark.summary(rows).official["Proc."] == pytest.approx(200 / 3)  # 2 of 3 steps


def test_a_stream_is_narrated(tmp_path: Path) -> None:
    (item,) = Coin({"tasks": "stream"}).load(coin(tmp_path))
    assert item.question.startswith("The video is about to put on hair extensions. Please remind")
    assert [remark["time"] for remark in item.meta["remarks"]] == [25.1, 30, 31, 40, 50, 60]
    reply = Reply(alerts=(Alert(t=25.0, text="starts"), Alert(t=30.5, text="ends")))
    rows = run(Coin({"tasks": "stream"}), [item], lambda item, prompt: reply)
    assert Coin().summary(rows).strict["Recall"] == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"annotation": [{"segment": [1], "label": "x"}]}, "'segment' should be two times"),
        ({"annotation": [{"segment": [1, 2]}]}, r"annotation\[0\]: field 'label' is missing"),
        ({"subset": None}, "field 'subset' is missing"),
    ],
)
def test_coin_errors_name_file_entry_and_field(tmp_path: Path, change: Any, said: str) -> None:
    entries = {"database": {"vid1": COIN["database"]["vid1"] | change}}
    with pytest.raises(ConfigError, match=rf"COIN.json, database, vid1.*{said}"):
        Coin().load(coin(tmp_path, entries))


def test_coin_without_its_base(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="COIN.json: field 'database' is missing"):
        Coin().load(coin(tmp_path, without(COIN, "database")))
    with pytest.raises(ConfigError, match="coin: option tasks should be .* 'dance'"):
        Coin({"tasks": "dance"}).load(tmp_path)


def test_made_coin_round_trip(tmp_path: Path) -> None:
    benchmark = Coin()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    figures = benchmark.summary(run(benchmark, items, right))
    for kind in (figures.official, figures.strict):
        assert set(kind.values()) == {100}
