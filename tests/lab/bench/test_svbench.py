"""SVBench against its folders, its three kinds of marks, and means worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Clip, Item, Reply, Row, Score, Setup
from omnilive_lab.bench.svbench import META, SVBench
from tests.lab.bench.scripts import FakeJudge, right, run, touch, write_json

CHAINS: list[dict[str, Any]] = [
    {
        "images": ["0.jpg"],
        "chain": {"questions": ["Who is it?", "Where?"], "answers": ["Ann.", "At home."]},
        "qac_timestamps_start": 0.0, "qac_timestamps_end": 10.5,
    },
    {},
    {
        "images": ["11.jpg"],
        "chain": {"questions": ["What now?"], "answers": ["She runs."]},
        "qac_timestamps_start": 10.5, "qac_timestamps_end": 20.0,
    },
]  # fmt: skip
CON: list[dict[str, Any]] = [
    {
        "chain_1": CHAINS[0]["chain"] | {"qac_timestamps_start": 0.0, "qac_timestamps_end": 10.5},
        "chain_2": CHAINS[2]["chain"] | {"qac_timestamps_start": 10.5, "qac_timestamps_end": 20.0},
        "relationship": {"chainBefore": [1], "chainAfter": [0], "relationship": "She leaves."},
    }
]
FORM = "\n".join(
    f"{i}. {name}:\nScore: {score}\nComments: fine"
    for i, (name, score) in enumerate(
        [("Semantic Accuracy", 7), ("Contextual Coherence", 6), ("Logical Consistency", 5),
         ("Temporal Understanding", -1), ("Informational Completeness", 4),
         ("Overall Evaluation", 6)], 1,
    )
)  # fmt: skip


def folder(tmp_path: Path, chains: list[Any] = CHAINS, con: list[Any] = CON) -> Path:
    values = ["v", "Test", "a", "b", "c", "d", "SVBench/Path/v.json", "SVBench/Video/v.mp4", "20",
              "Ego4D"]  # fmt: skip
    meta = tmp_path / "Meta" / "Meta_EN" / "meta_test.csv"
    meta.parent.mkdir(parents=True)
    meta.write_text(",".join(META) + "\n" + ",".join(values) + "\n")
    touch(tmp_path / "Video" / "v.mp4")
    write_json(tmp_path / "Dialogue" / "Dialogue_EN" / "v.json", chains)
    write_json(tmp_path / "Con" / "Con_EN" / "v.json", con)
    return tmp_path


def test_reads_the_official_layout(tmp_path: Path) -> None:
    items = SVBench().load(folder(tmp_path))
    assert [(item.id, item.t) for item in items] == [
        ("v-0-0", 10.5), ("v-0-1", 10.5), ("v-2-0", 20.0)
    ]  # fmt: skip
    assert [item.meta["ends_chain"] for item in items] == [False, True, True]
    assert items[2].meta["links"] == [
        {"chain": 0, "before": [1], "after": [0], "words": "She leaves."}
    ]
    assert items[0].clip == Clip(path=tmp_path / "Video" / "v.mp4")


def test_the_prompt_tells_earlier_turns_of_its_chain(tmp_path: Path) -> None:
    items = SVBench().load(folder(tmp_path))
    rows = run(SVBench(), items, lambda item, prompt: Reply(text=prompt.text), FakeJudge(FORM))
    assert rows[0].reply.text == "Question: Who is it?\nAnswer:"
    assert rows[1].reply.text.endswith("Answer:\nQuestion: Where?\nAnswer:")
    assert rows[2].reply.text == "Question: What now?\nAnswer:"
    assert SVBench().prompt(items[1], [], Setup()).plain == "Where?"


@pytest.mark.parametrize(
    ("chains", "con", "said"),
    [
        ([CHAINS[0] | {"chain": {"questions": ["?"]}}], CON, "field 'answers' is missing"),
        ([CHAINS[0] | {"chain": {"questions": ["?"], "answers": []}}], CON, "as many as there"),
        ([{"chain": CHAINS[0]["chain"]}], CON, "field 'qac_timestamps_end' is missing"),
        (
            CHAINS,
            [CON[0] | {"relationship": {"chainBefore": [5], "chainAfter": [0]}}],
            "field 'chainBefore' should be indices of 2 questions",
        ),
    ],
)
def test_errors_name_file_entry_and_field(
    tmp_path: Path, chains: list[Any], con: list[Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=rf"_EN/v.json, line 1.*{said}"):
        SVBench().load(folder(tmp_path, chains, con))


def test_missing_files_say_what_to_download(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="(?s)meta_test.csv is missing.*yzy666/SVBench"):
        SVBench().load(tmp_path)
    (folder(tmp_path) / "Con" / "Con_EN" / "v.json").unlink()
    with pytest.raises(ConfigError, match="(?s)v.json is missing"):
        SVBench().load(tmp_path)


def test_answers_chains_and_links_are_marked(tmp_path: Path) -> None:
    items = SVBench().load(folder(tmp_path))
    one = "Accuracy:\nScore: 8\nComments: right"
    judge = FakeJudge(one, one, FORM, one, FORM, FORM)
    rows = run(SVBench(), items, right, judge)
    assert len(judge.asked) == 6  # three answers, two chains, one path
    assert "Then (She leaves.):" in judge.asked[5] and "At home." in judge.asked[5]
    assert "Who is it?" not in judge.asked[5]  # not linked
    parts = rows[2].score.parts
    # The sign is lost to the published pattern: -1 becomes 1.
    assert (parts["Streaming TU"], parts["strict Streaming TU"]) == (1, None)
    figures = SVBench().summary(rows)
    assert figures.official["Single QA"] == 80
    assert (figures.official["Dialogue TU"], figures.strict["Dialogue TU"]) == (10, None)
    assert (figures.official["Dialogue SA"], figures.official["AVG"]) == (70, 60)


@pytest.mark.parametrize(
    ("said", "official", "strict", "status"),
    [
        ("Accuracy:\nScore: 8\nComments: good", 8, 8, "scored"),
        ("Accuracy: Score: 8\nComments: a Score of 10 needs more", 10, 8, "scored"),
        ("Accuracy:\nScore: -1", 1, None, "unscored"),
        ("Lovely.", None, None, "unscored"),
    ],
)
def test_single_marks(
    tmp_path: Path, said: str, official: float | None, strict: float | None, status: str
) -> None:
    item = SVBench().load(folder(tmp_path))[0]
    score = SVBench().score(item, Reply(text="Ann"), [], FakeJudge(said))
    assert (score.official, score.strict, score.status) == (official, strict, status)


def test_without_a_judge_it_is_skipped(tmp_path: Path) -> None:
    item = SVBench().load(folder(tmp_path))[0]
    assert SVBench().score(item, Reply(), [], None).status == "skipped"


def test_means_by_hand() -> None:
    def row(**parts: float | None) -> Row:
        item = Item(id="", clip=Clip(path=Path("x")), question="")
        named = {name.replace("_", " "): value for name, value in parts.items()}
        return Row(item, Reply(), Score(official=6, strict=6, parts=named))

    rows = [row(Dialogue_OS=4), row(Dialogue_OS=9), row(Streaming_OS=2), row()]
    official = SVBench().summary(rows).official
    assert (official["Dialogue OS"], official["Streaming OS"]) == (65, 20)
    assert (official["AVG"], official["Single QA"]) == (42.5, 60)
    assert SVBench().summary(rows[:1]).official["AVG"] is None


def test_made_set_round_trip(tmp_path: Path) -> None:
    benchmark = SVBench()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    assert [item.t for item in items] == [4, 4, 8, 8] and items[-1].meta["links"]
    full = FORM.replace("-1", "10").replace("Score: ", "Score: 10 # ")
    judge = FakeJudge(f"Accuracy:\nScore: 10\n{full}")
    summary = benchmark.summary(run(benchmark, items, right, judge))
    assert summary.strict["AVG"] == 100
