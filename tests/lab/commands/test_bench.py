import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import omnilive
from omnilive.cli import app
from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.timing import scripts as module
from omnilive_lab.timing.scripts import Bench, benches, read_result, run_bench

SCRIPT = '''
"""Counts to three."""
import sys
from pathlib import Path
sys.path.insert(0, {bench!r})
import common
from common import report, spread
common.RESULTS = Path({results!r})
print("counting")
if "--fail" in sys.argv:
    sys.exit(1)
report("counts", {{"to": 3}}, {{"count_s": spread([1.0, 2.0, 3.0])}})
'''


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    results = tmp_path / "results"
    results.mkdir()
    path = tmp_path / "counts.py"
    real = str(module.root() / "bench")
    path.write_text(SCRIPT.format(bench=real, results=str(results)))
    return Bench("counts", path, "Counts to three.")


def test_every_script_of_the_checkout_that_reports_is_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = benches()
    assert {"asr", "nothing", "pipeline", "qa", "sessions", "voice", "watches"} <= set(found)
    assert not {"common", "voice_client", "watch_films"} & set(found)
    assert all(bench.about for bench in found.values())
    app(["bench", "list", "--json"], standalone_mode=False)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == list(found)


def test_a_run_is_kept_in_the_one_format_and_in_the_history(bench: Bench) -> None:
    first = run_bench(bench, ())
    assert [path.name for path in first] == ["counts.json"]
    result = read_result(first[0])
    assert list(result) == ["bench", "begun", "command", "machine", "settings", "figures"]
    assert result["machine"]["commit"] and result["settings"] == {"to": 3}
    spread = {"n": 3, "median": 2.0, "p95": 3.0, "min": 1.0, "max": 3.0, "deviation": 1.4826}
    assert result["figures"] == {"count_s": spread}
    run_bench(bench, ())
    history = bench.path.parent / "results" / "counts.history.jsonl"
    assert len(history.read_text().splitlines()) == 2
    with pytest.raises(BackendError, match=r"counts\.py failed with exit status 1"):
        run_bench(bench, ["--fail"])


def test_results_of_variants_are_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script may report under other names only, and the newest file may be gone."""
    result = read_result(run_bench(bench, ())[0])
    checkout = bench.path.parent / "checkout"
    folder = checkout / "bench" / "results"
    folder.mkdir(parents=True)
    shutil.copy(bench.path, checkout / "bench" / "counts.py")
    (folder / "counts_far.json").write_text(json.dumps(result | {"bench": "counts_far"}))
    line = json.dumps(result | {"bench": "counts_near", "figures": {"count_s": 5}})
    (folder / "counts_near.history.jsonl").write_text(line + "\n")
    (folder / "countship.json").write_text(json.dumps(result | {"bench": "countship"}))
    monkeypatch.setattr(module, "checkout", lambda: checkout)
    (found,) = benches().values()
    assert [path.stem for path in found.results()] == ["counts_far", "counts_near"]
    app(["bench", "list"], standalone_mode=False)
    assert "never" not in capsys.readouterr().out
    app(["bench", "trend", "counts_near"], standalone_mode=False)
    assert capsys.readouterr().out.splitlines()[1].split()[-2:] == ["5", "5"]
    with pytest.raises(ConfigError, match="several ways: name one of counts_far, counts_near"):
        app(["bench", "trend", "counts"], standalone_mode=False)


@pytest.mark.parametrize("wrong", [{"machine": [1]}, {"settings": 3}, {"figures": [2]}])
def test_what_is_no_result_is_told(tmp_path: Path, wrong: dict) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps({"bench": "x", "machine": {}, "settings": {}, "figures": {}} | wrong)
    )
    with pytest.raises(
        ConfigError, match=f"a.json is no result of a benchmark: '{next(iter(wrong))}'"
    ):
        read_result(path)


def test_two_files_are_compared(
    tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    old = run_bench(bench, ())[0]
    new = tmp_path / "new.json"
    result = read_result(old)
    result["figures"]["count_s"]["median"] = 9.0
    new.write_text(json.dumps(result))
    app(["bench", "compare", str(old), str(old)], standalone_mode=False)
    assert "1 of 1 figures are the same within noise" in capsys.readouterr().err
    status = app(["bench", "compare", str(old), str(new)], standalone_mode=False)
    assert status == 1
    assert "+350.0%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing-such"], "choose from"), (["compare", "a.json"], "OLD NEW"),
        (["compare", "a.json", "b.json"], "run the benchmark first"), (["trend"], "name one"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told(words: list[str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        app(["bench", *words], standalone_mode=False)


def test_without_a_checkout_it_says_what_it_needs(tmp_path: Path) -> None:
    """As from a wheel: the packages lie in a folder of their own."""
    site = tmp_path / "lib" / "site"
    for name in ("omnilive", "omnilive_lab"):
        source = Path(omnilive.__file__).parents[1] / name
        shutil.copytree(source, site / name, ignore=shutil.ignore_patterns("page", "__pycache__"))
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); sys.argv = ['omnilive', 'bench', 'list'];"
        "from omnilive.cli import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2 and "needs a checkout" in done.stderr, done.stderr
