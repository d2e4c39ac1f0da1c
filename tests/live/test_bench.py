"""The benchmarks of the live engine run, at sizes of seconds."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.syspath_prepend(str(BENCH))
    monkeypatch.setattr(importlib.import_module("common"), "RESULTS", tmp_path)
    threads = torch.get_num_threads()

    def run(script: str, *arguments: str) -> dict[str, Any]:
        importlib.import_module(script).main([*arguments, "--name", "try"])
        return json.loads((tmp_path / "try.json").read_text())["figures"]

    yield run
    torch.set_num_threads(threads)


def test_both_sides_give_the_same(run):
    figures = run("live", "--tiny", "--only", "same")["same"]
    for found in (figures["frame_3"], figures["frame_20"]):
        assert found["largest_difference_of_logits"] < 1e-5 < 0.1 < found["largest_logit"]
        assert found["same_decision_at_the_median_theta"] == 1.0


def test_parts_add_up_to_one_result(run):
    run("live", "--tiny", "--only", "first,encoder")
    figures = run("live", "--tiny", "--only", "steps,streams,growth,whole")
    assert figures.keys() == {"first", "encoder", "steps", "streams", "growth", "whole"}
    steps = figures["steps"]["frame_20"]
    assert steps.keys() == {
        "original", "full", "bounded_float32", "bounded_f16", "bounded_int8", "bounded_f16_x2",
        "bounded_int8_x2",
    }  # fmt: skip
    assert steps["original"]["times_the_original"] == 1.0
    assert figures["first"]["query_tokens"] == 23


def test_an_unknown_part_is_refused(run):
    with pytest.raises(SystemExit):
        run("live", "--tiny", "--only", "speed")


def test_hours_are_cut_into_comparable_parts(run):
    figures = run("live_hours", "--hours", "0.03", "--clips", "1")
    assert figures["frames"] == 216
    assert sum(part["encoder_ms"]["n"] for part in figures["parts"]) == 216
    last = figures["parts"][-1]
    assert last["tokens"] > 2 * 216 and last["cache_mb"] == figures["parts"][0]["cache_mb"]
    assert sum(part["asked"] for part in figures["parts"]) == sum(
        part["answered"] for part in figures["parts"]
    )


def test_the_gpu_bench_runs_dry(run):
    figures = run("live_gpu", "--dry-run", "--streams", "1", "3", "--repeats", "2")
    row = figures["plain"]["streams_3_frame_20"]
    assert row["of_limit"] == pytest.approx(row["limit_ms"] / row["median"], abs=1e-3)
    assert figures["plain"].keys() == {
        "streams_1_frame_4", "streams_1_frame_20", "streams_3_frame_4", "streams_3_frame_20",
    }  # fmt: skip


def test_what_a_step_reads_is_counted_by_hand(run):
    gpu = importlib.import_module("live_gpu")
    sizes = gpu.sizes_of(gpu.TINY, 128, 1)
    model = gpu.random_model(sizes, "cpu", torch.float32)
    # 2 layers with 2 heads of 16 for keys and for values, 4 bytes each.
    assert gpu.window_bytes(model, sizes, 2) == 22 * 2 * 2 * 2 * 16 * 4
    assert gpu.window_bytes(model, sizes, 1000) == (4 + 128) * 2 * 2 * 2 * 16 * 4
    attention = 64 * (4 + 2 + 2) * 16 + 64 * 64
    layers = 2 * (attention + 3 * 64 * 96 + 2 * 64)
    connector = (1024 + 1) * 64 + (64 + 1) * 64
    assert gpu.weight_bytes(model) == 4 * (layers + 64 + 300 * 64 + connector)
