"""`omnilive train world`."""

from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from omnilive.cli import app
from omnilive.core.errors import ConfigError
from omnilive_lab.live.dialogue import read_samples

SHORT = ["--set", "min_s=6", "--set", "max_s=7"]


def test_a_world_is_made_with_its_progress(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["train", "world", str(tmp_path / "w"), "--split", "test", "--count", "2", *SHORT]
    )
    assert done.exit_code == 0, done.output
    assert "test streams: 2 of 2" in done.stderr and "samples.jsonl" in done.stderr
    samples = list(read_samples(tmp_path / "w" / "samples.jsonl"))
    assert [sample.id for sample in samples] == ["test-00000", "test-00001"]
    assert all((tmp_path / "w" / sample.video).is_file() for sample in samples)


def test_a_sheet_shows_events_with_their_remarks(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jpg"
    long = ["--set", "min_s=20", "--set", "max_s=20", "--set", "quiet_share=0"]
    world = ["train", "world", str(tmp_path / "w"), "--sheet", str(sheet)]
    done = CliRunner().invoke(app, [*world, "--count", "4", *long])
    assert done.exit_code == 0, done.output
    height, width = cv2.imread(str(sheet)).shape[:2]  # type: ignore[union-attr]
    assert width == 3 * (2 * 96 + 2 + 6) and height % (96 + 2 * 13 + 6) == 0
    refused = CliRunner().invoke(
        app, ["train", "world", str(tmp_path / "none"), "--sheet", str(sheet), "--count", "1",
              "--set", "quiet_share=1"],
    )  # fmt: skip
    assert isinstance(refused.exception, ConfigError) and "no remarks" in str(refused.exception)


def test_a_wrong_setting_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", "world", str(tmp_path), "--set", "noise=loud"])
    assert isinstance(done.exception, ConfigError) and "noise" in str(done.exception)


@pytest.mark.parametrize("arguments", [["--split", "dev"], ["--count", "0"], []])
def test_a_wrong_use_is_refused(arguments: list[str], tmp_path: Path) -> None:
    place = [str(tmp_path)] if arguments else []
    assert CliRunner().invoke(app, ["train", "world", *place, *arguments]).exit_code == 2
