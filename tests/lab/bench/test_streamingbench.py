"""StreamingBench against the schemas of its files, its prompts, its poll and its arithmetic."""

from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Alert, Clip, Item, Prompt, Reply, Row, Score, Setup
from omnilive_lab.bench.streamingbench import StreamingBench
from tests.lab.bench.scripts import ask, right, run, saying, touch, without, write_json

REAL: dict[str, Any] = {
    "time": "[0:00:00 - 0:00:10]",
    "questions": [
        {
            "task_type": "Clips Summarize", "question": "What was done just now?",
            "time_stamp": "00:01:31", "answer": "C",
            "options": ["A. Trays.", "B. Produce.", "C. Bread.", "D. Stock."],
            "required_ability": "episodic memory",
        }
    ],
    "video_categories": "preparation_of_meals",
    "video_path": "./videos/sample_348_real.mp4",
}  # fmt: skip
SQA: list[dict[str, Any]] = [
    {
        "time": "[0:01:00 - 0:02:00]",
        "questions": [
            {
                "task_type": "Sequential Question Answering", "question": question,
                "time_stamp": stamp, "answer": answer, "options": ["Wang.", "Fan.", "Xu.", "Ma."],
                "required_ability": "episodic memory",
            }
        ],
        "video_categories": "table_tennis",
        "video_path": "./videos/sample_17_sqa.mp4",
    }
    for question, stamp, answer in [
        ("Who serves?", "00:00:36", "A"), ("Who wins?", "00:03:02", "C"),
    ]
]  # fmt: skip
PROACTIVE: dict[str, Any] = {
    "time": "[0:00:00 - 0:00:30]",
    "questions": [
        {
            "task_type": "Proactive Output",
            "question": 'When the scoreboard shows 3 points for USA, output "3".',
            "time_stamp": "00:00:20", "ground_truth_time_stamp": "00:00:29",
            "ground_truth_output": "3", "required_ability": "working memory",
        }
    ],
    "video_categories": "basketball",
    "video_path": "./videos/sample_17_proactive.mp4",
}  # fmt: skip


def folder(tmp_path: Path, **parts: list[Any]) -> Path:
    for part, entries in parts.items():
        write_json(tmp_path / f"questions_{part}.json", entries)
    for name in ("sample_348_real", "sample_17_sqa", "sample_17_proactive"):
        touch(tmp_path / "videos" / f"{name}.mp4")
    return tmp_path


def changed(entry: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return entry | {"questions": [entry["questions"][0] | fields]}


def test_reads_the_official_schemas(tmp_path: Path) -> None:
    data = folder(tmp_path, real=[REAL], sqa=[SQA, SQA[:1]], proactive=[PROACTIVE])
    real, first, second, other, push = StreamingBench().load(data)
    assert real.clip == Clip(path=tmp_path / "videos/sample_348_real.mp4")
    assert (real.t, real.task, real.answer, real.choices[2]) == (91, "CS", "C", "Bread.")
    assert (first.group, second.group, other.group) == ("sqa-0", "sqa-0", "sqa-1")
    assert (push.push, push.answer, push.t, push.meta["true_s"]) == (True, "3", 20, 29)


def test_reads_the_spoken_versions_too(tmp_path: Path) -> None:
    spoken = changed(REAL, audio_path="./audio/real/sample_348_00_01_31.wav", time="[...]")
    (item,) = StreamingBench().load(folder(tmp_path, real_stream=[without(spoken, "time")]))
    assert item.t == 91


def test_prompt_and_its_context(tmp_path: Path) -> None:
    (item,) = StreamingBench().load(folder(tmp_path, real=[REAL]))
    prompt = StreamingBench().prompt(item, [], Setup())
    assert prompt.text == (
        "You are an advanced video question-answering AI assistant. You have been provided with"
        " some frames from the video and a multiple-choice question related to the video. Your"
        " task is to carefully analyze the video and provide the best answer to question, choosing"
        " from the four options provided. Respond with only the letter (A, B, C, or D) of the"
        " correct option.\n\nQuestion: What was done just now?\n\nOptions:\nA. Trays.\nB. Produce."
        "\nC. Bread.\nD. Stock.\n\nThe best option is:"
    )
    assert (prompt.t, prompt.since_s) == (91, 31)
    everything = StreamingBench({"context_s": "-1"}).prompt(item, [], Setup())
    assert everything.since_s == 0


def test_options_are_shown_as_they_are_written(tmp_path: Path) -> None:
    tight = changed(REAL, options=["A.A man.", "B.A dog.", "C.A cat.", "D.Nobody."])
    (item,) = StreamingBench().load(folder(tmp_path, omni=[tight]))
    assert item.choices == ("A man.", "A dog.", "A cat.", "Nobody.")
    text = StreamingBench().prompt(item, [], Setup()).text
    assert "Options:\nA.A man.\nB.A dog.\nC.A cat.\nD.Nobody.\n" in text


def test_sequential_questions_are_told_the_true_answers(tmp_path: Path) -> None:
    items = StreamingBench().load(folder(tmp_path, sqa=[SQA]))
    asked: list[str] = []

    def wrong(item: Item, prompt: Prompt) -> Reply:
        asked.append(prompt.text)
        return Reply(text="D")

    run(StreamingBench(), items, wrong)
    assert "correct option.\n\n\n\nHere is the question." in asked[0]  # no context yet
    assert (
        "Here are the contextual information related to the video. Please answer the questions"
        " based on the contextual information: At timestamp 00:00:36, the following question and"
        " answer occurred: Question: Who serves?; Options: A. Wang., B. Fan., C. Xu., D. Ma.;"
        " Answer: A; \n\nHere is the question. Answer it and don't confuse it with the previous"
        " conversation.\nQuestion: Who wins?\n\nOptions:\nA. Wang."
    ) in asked[1]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (without(REAL, "questions"), "field 'questions' is missing"),
        (without(REAL, "video_path"), "field 'video_path' is missing"),
        (changed(REAL, time_stamp="soon"), r"questions\[0\]: field 'time_stamp' should be a time"),
        (changed(REAL, answer="E"), r"field 'answer' should be one of the letters A to D"),
        (changed(REAL, task_type="Juggling"), "field 'task_type' should be a task of Streaming"),
    ],
)
def test_errors_name_file_entry_and_field(tmp_path: Path, entry: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"(?s)questions_real.json, line 1.*{said}"):
        StreamingBench().load(folder(tmp_path, real=[entry]))


def test_nothing_there_says_what_to_download(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="(?s)questions_real.json is missing.*THUNLP-MT"):
        StreamingBench().load(tmp_path)


@pytest.mark.parametrize(
    ("reply", "official", "strict"),
    [
        ("C", 1, 1),
        ("C. Bread.", 1, 1),
        ("(C)", 0, 1),
        (" C", 0, 1),
        ("Answer: C", 0, 1),
        ("Certainly: A", 1, 0),
        ("", 0, 0),
    ],
)
def test_the_first_character_is_scored(
    tmp_path: Path, reply: str, official: float, strict: float
) -> None:
    (item,) = StreamingBench().load(folder(tmp_path, real=[REAL]))
    score = StreamingBench().score(item, Reply(text=reply), [], None)
    assert (score.official, score.strict) == (official, strict)


def test_an_empty_sequential_reply_is_not_counted(tmp_path: Path) -> None:
    item = StreamingBench().load(folder(tmp_path, sqa=[SQA]))[0]
    score = StreamingBench().score(item, Reply(text=""), [], None)
    assert (score.official, score.strict) == (None, 0)


def poll(item: Item, yes_at_s: float, said: str) -> tuple[list[Prompt], Reply]:
    """Say yes from `yes_at_s` on, and `said` when asked for the output."""
    asked: list[Prompt] = []

    def answer(item: Item, prompt: Prompt) -> Reply:
        asked.append(prompt)
        if "Is it the right time" not in prompt.text:
            return Reply(text=said)
        return Reply(text="Yes." if (prompt.t or 0) >= yes_at_s else "No.")

    return asked, ask(StreamingBench(), item, [], answer, Setup())


def test_the_poll_asks_each_second_until_yes(tmp_path: Path) -> None:
    (item,) = StreamingBench().load(folder(tmp_path, proactive=[PROACTIVE]))
    asked, reply = poll(item, 28, "3")
    assert [prompt.t for prompt in asked] == [*range(21, 29), 28]
    assert asked[0].text.endswith(
        'Question: When the scoreboard shows 3 points for USA, output "3". Is it the right time to'
        ' output "3"? You can only answer yes or no.\n\nThe answer is:\n'
    )
    assert asked[-1].text.endswith('USA, output "3".\n\nThe answer is:\n')
    assert (reply.data["spoke_s"], reply.text) == (28, "3")
    asked, reply = poll(item, 99, "3")
    assert [prompt.t for prompt in asked] == [*range(21, 34)]  # to 4 s past the truth
    assert reply.data["spoke_s"] is None


@pytest.mark.parametrize(
    ("yes_at_s", "said", "official", "answer", "strict"),
    [
        (27, "3", 1, 1, 1),
        (31, "It is 3.", 1, 1, 1),
        (29, "30", 1, 1, 0),  # "3" is in "30"
        (29, "two", 1, 0, 0),
        (26, "3", 0, 0, 0),
        (32, "3", 0, 0, 0),
        (99, "", 0, 0, 0),
    ],
)
def test_output_within_two_seconds(
    tmp_path: Path, yes_at_s: float, said: str, official: float, answer: float, strict: float
) -> None:
    (item,) = StreamingBench().load(folder(tmp_path, proactive=[PROACTIVE]))
    score = StreamingBench().score(item, poll(item, yes_at_s, said)[1], [], None)
    assert (score.official, score.parts["answer"], score.strict) == (official, answer, strict)


def test_online_the_prompt_is_the_users_and_the_first_alert_counts(tmp_path: Path) -> None:
    (item,) = StreamingBench().load(folder(tmp_path, proactive=[PROACTIVE]))
    prompt = StreamingBench().prompt(item, [], Setup(mode="online"))
    assert prompt.plain == 'When the scoreboard shows 3 points for USA, output "3".'
    assert "right time" not in prompt.text and "29" not in prompt.text
    late = Reply(alerts=(Alert(t=30.5, text="3"), Alert(t=29.0, text="3 points")))
    assert StreamingBench().score(item, late, [], None).parts["spoke_s"] == 29.0
    early = Reply(alerts=(Alert(t=22.0, text="3"), Alert(t=29.0, text="3")))
    assert StreamingBench().score(item, early, [], None).official == 0
    assert StreamingBench().score(item, Reply(), [], None).official == 0


def test_summary_by_hand() -> None:
    def row(task: str, score: float | None, push: bool = False) -> Row:
        item = Item(id="", clip=Clip(path=Path("x")), question="", task=task, push=push)
        return Row(item, Reply(), Score(official=score, strict=score, parts={"answer": 0.0}))

    rows = [row("OP", 1), row("OP", 0), row("CT", 1), row("ER", 0), row("MCU", 1)]
    rows += [row("SQA", None), row("PO", 1, push=True), row("PO", 0, push=True)]
    summary = StreamingBench().summary(rows)
    figures = summary.official
    assert (figures["OP"], figures["CT"], figures["EU"]) == (50, 100, None)
    assert figures["Overall"] == pytest.approx(200 / 3)  # 2 of 3, not the mean of tasks (75)
    assert (figures["Omni"], figures["SQA"], figures["PO"]) == (0, None, 50)
    assert figures["Contextual"] == pytest.approx(200 / 3)  # the empty reply is left out
    assert figures["Total"] == pytest.approx(100 * 4 / 7)
    assert figures["PO answer"] == 0


def test_made_set_round_trip(tmp_path: Path) -> None:
    benchmark = StreamingBench()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    assert {item.category for item in items} == {"real", "omni", "sqa", "proactive"}

    def knows(item: Item, prompt: Prompt) -> Reply:
        polled = "Is it the right time" in prompt.text
        said = "Yes" if (prompt.t or 0) >= item.meta.get("true_s", 0) else "No"
        return Reply(text=said) if polled else right(item, prompt)

    figures = benchmark.summary(run(benchmark, items, knows)).official
    assert (figures["Total"], figures["PO answer"]) == (100, 100)
    always_a = benchmark.summary(run(benchmark, items, saying("A"))).official
    assert (always_a["Overall"], always_a["SQA"], always_a["PO"]) == (pytest.approx(100 / 3), 50, 0)
