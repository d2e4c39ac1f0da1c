import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import pytest

from omnilive.core.errors import StoreError
from omnilive_lab.bench.base import Item, Reply, Row, Score, Setup, Summary
from omnilive_lab.bench.quiz import Quiz
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.evaluate import write_report
from omnilive_lab.evaluation.report import Report, markdown
from omnilive_lab.evaluation.run import Plan, load_items, run
from omnilive_lab.evaluation.summing import published, summarise
from omnilive_lab.models.guess import Random
from tests.lab.evaluation.test_run import Nobody


class Known(Quiz):
    """The quiz under the columns of a published table."""

    published = "video_mme"

    def summary(self, rows: Any) -> Summary:
        made = super().summary(rows)
        right = made.official["Overall"]
        return replace(
            made, official={"Short": right, "Medium": None, "Overall": right},
            strict={"Overall": right}, counts={"Short": len(rows)}, notes=["a trap <b>"],
        )  # fmt: skip


class Reader(HTMLParser):
    """Counts tags, and notes what is left open or comes from elsewhere."""

    void: ClassVar = {"meta", "circle", "rect", "line", "polyline"}

    def __init__(self) -> None:
        super().__init__()
        self.open, self.count, self.fetched, self.text = [], {}, [], ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        self.fetched += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.void or self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data


def evaluated(tmp_path: Path, benchmark: Quiz, **about: Any) -> tuple[Plan, list[Row]]:
    data = tmp_path / "data"
    if not data.exists():
        benchmark.make(data, seed=2)
    items = load_items(benchmark, data)
    plan = Plan(
        benchmark=benchmark, data=data, examinee=Random(1), setup=Setup(),
        out=tmp_path / "out", about=about,
    )  # fmt: skip
    return plan, run(plan, items, Nobody())


def test_our_row_stands_beside_the_published_ones(tmp_path: Path) -> None:
    about = {
        "command": "omnilive eval quiz --data 'a b'",
        "commit": "abc1234",
        "machine": {"cores": 2},
    }
    plan, rows = evaluated(tmp_path, Known(), **about)
    report = write_report(plan.benchmark, plan.out, summarise(plan, rows))
    share = report.summary["official"]["Overall"]
    text = markdown(report)
    assert "| **random** (ours) | " in text and f"{share:.2f} |" in text
    assert "| IXC2.5-OL | 72.7 | 58.2 | 60.6 |" in text
    assert "arXiv 2412.09596, table 5" in text and "> a trap <b>" in text
    assert "- command: `omnilive eval quiz --data 'a b'`" in text and "`abc1234`" in text
    assert report.columns == ["Short", "Medium", "Overall"]
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1

    page = (plan.out / "report.html").read_text()
    reader = Reader()
    reader.feed(page)
    assert reader.open == [] and reader.fetched == []  # whole, and needs nothing else
    assert reader.count["svg"] == 2 and reader.count["details"] == 24
    ours = re.findall(r'r="6" fill="#1d6fd1"', page)
    assert len(ours) == 2  # Short and Overall; Medium has no figure
    assert "IXC2.5-OL, Overall: 60.6" in page and "a trap &lt;b&gt;" in page
    assert "http" not in re.sub(r"<title>.*?</title>", "", page).replace("http-equiv", "")


def test_what_was_skipped_failed_or_unmarked_is_said_first(tmp_path: Path) -> None:
    plan, rows = evaluated(tmp_path, Quiz())
    odd = [
        replace(rows[0], score=Score(status="failed", detail="no such file <x>")),
        replace(rows[1], score=Score(status="skipped", detail="needs a judge")),
        replace(rows[2], score=Score(status="unscored", detail="the judge said: hm")),
    ]
    summary = summarise(plan, [*odd, *rows[3:]])
    report = write_report(plan.benchmark, plan.out, summary)
    text = markdown(report)
    assert "> 1 of 24 items failed and are in no figure, such as q0: no such file <x>" in text
    assert "> 1 items were skipped: needs a judge" in text
    assert "> 1 replies could not be marked and are in no strict figure" in text
    assert summary["interval"]["n"] == 21


def test_no_reply_can_break_the_page(tmp_path: Path) -> None:
    class Rude(Random):
        def guess(self, item: Item) -> str:
            return "</details><script>alert(1)</script>\u2028\x00 & \"'"

    data = tmp_path / "data"
    Quiz().make(data)
    items = load_items(Quiz(), data)
    plan = Plan(benchmark=Quiz(), data=data, examinee=Rude(), setup=Setup(), out=tmp_path / "out")
    rows = run(plan, items, Nobody())
    write_report(plan.benchmark, plan.out, summarise(plan, rows))
    page = (plan.out / "report.html").read_text()
    reader = Reader()
    reader.feed(page)
    assert reader.open == [] and "script" not in reader.count
    assert results.as_row(items[0], next(results.read_lines(plan.out / results.ITEMS))) == Row(
        items[0], Reply(text=rows[0].reply.text), rows[0].score
    )


def test_the_evidence_of_right_answers_is_counted(tmp_path: Path) -> None:
    plan, rows = evaluated(tmp_path, Quiz())
    low, high = rows[0].item.evidence_s[0]
    hit, miss = Reply(evidence=((low + 1, high),)), Reply(evidence=((high + 1, high + 2),))
    right, wrong = Score(official=1.0), Score(official=0.0)
    told = [
        Row(rows[0].item, hit, right), Row(rows[0].item, miss, right),
        Row(rows[0].item, hit, wrong), Row(rows[0].item, Reply(), right),
    ]  # fmt: skip
    assert summarise(plan, told)["evidence"] == {
        "annotated": 4, "citing": 3, "citing_right_span": 2, "right_answers": 3,
        "right_answers_citing_right_span": 1,
    }  # fmt: skip


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no whole run"):
        Report.read(tmp_path, "")


def test_the_published_tables_are_whole() -> None:
    assert published("") is None and published("none") is None
    table = published("mlvu")
    assert table is not None and table["rows"][-1]["model"] == "IXC2.5-OL"
    assert table["rows"][-1]["scores"]["M-Avg"] == 66.2


def test_a_run_that_was_resumed_with_other_code_says_so(tmp_path: Path) -> None:
    plan, rows = evaluated(tmp_path, Quiz(), commit="aaa")
    for commit in ("bbb", "aaa", "bbb"):
        run(replace(plan, resume=True, about={"commit": commit}), [r.item for r in rows], Nobody())
    report = write_report(plan.benchmark, plan.out, summarise(plan, rows))
    assert "> the run was resumed with other code: commits aaa, bbb" in markdown(report)
