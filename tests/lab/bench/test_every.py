"""Every benchmark, online: its made set through loader, session, scorer, summary and report."""

import json
from pathlib import Path

import pytest

from omnilive.reasoning.mind import Mind
from omnilive_lab.bench.base import BENCHMARKS, Row, Setup, by_name
from omnilive_lab.evaluation.evaluate import write_report
from omnilive_lab.evaluation.run import Plan, load_items, run
from omnilive_lab.evaluation.summing import published, summarise
from omnilive_lab.models.session import SessionExaminee
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.lab.evaluation.test_run import Nobody

NAMES = BENCHMARKS.names()


def finished(plan: Plan) -> tuple[dict, list[Row]]:
    items = load_items(plan.benchmark, plan.data)
    rows = run(plan, items, Nobody())
    summary = summarise(plan, rows)
    assert len(rows) == len(items) and summary["headline"] in summary["official"]
    write_report(plan.benchmark, plan.out, summary)
    if table := published(plan.benchmark.published):
        assert set(summary["official"]) & set(table["columns"]), "no column of the published table"
    assert json.loads((plan.out / "summary.json").read_text()) == summary
    return summary, rows


@pytest.mark.parametrize("name", NAMES)
def test_the_round_trip_online(name: str, tmp_path: Path) -> None:
    benchmark, data = by_name(name), tmp_path / "set"
    benchmark.make(data)
    examinee = SessionExaminee("fake", FAKE_CONFIG, senses=fake_senses(), mind=Mind(FAKE_CONFIG))
    plan = Plan(
        benchmark=benchmark, data=data, examinee=examinee, setup=Setup(mode="online"),
        out=tmp_path / "o",
    )  # fmt: skip
    try:
        summary, rows = finished(plan)
    finally:
        examinee.close()
    assert summary["status"]["failed"] == 0, summary["failed"][:3]
    for row in rows:
        if row.item.push:  # only the question itself may name the answer, and nothing the time
            line = next(
                json.loads(text)
                for text in (plan.out / "items.jsonl").read_text().splitlines()
                if json.loads(text)["id"] == row.item.id
            )
            assert [prompt["text"] for prompt in line["prompts"]] == [row.item.question]
