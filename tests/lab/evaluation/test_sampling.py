from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import ConfigError, SourceError
from omnilive_lab.bench.base import Clip
from omnilive_lab.bench.films import COLOURS, Scene, picture, write_film
from omnilive_lab.evaluation.sampling import Policy, length_s, pictures

SCENES = [Scene(0, 4, "red"), Scene(4, 20, "blue"), Scene(20, 30, "green")]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "f.mp4", SCENES, size=(64, 48))


def colour(rgb: np.ndarray) -> str:
    middle = rgb[rgb.shape[0] // 2, rgb.shape[1] // 2].astype(int)
    return min(COLOURS, key=lambda name: int(np.abs(middle - COLOURS[name]).sum()))


@pytest.mark.parametrize(
    ("text", "since", "until", "times"),
    [
        ("uniform:4", 0, 8, [1, 3, 5, 7]),
        ("uniform:2", 10, 14, [11, 13]),
        ("fps:1", 0, 3, [0, 1, 2, 3]),
        ("fps:2", 1, 2, [1, 1.5, 2]),
        ("last:3", 0, 10, [7, 8, 9, 10]),
        ("last:60", 0, 2, [0, 1, 2]),
        ("last:60", 5, 7, [5, 6, 7]),
        ("none", 0, 8, []),
        ("fps:1", 5, 4, []),
    ],
)
def test_the_policies_show_what_they_say(
    text: str, since: float, until: float, times: list[float]
) -> None:
    found = Policy.parse(text).times(since, until)
    assert found == times and all(since <= t <= until for t in found)


def test_no_prompt_gets_more_pictures_than_fit() -> None:
    assert len(Policy.parse("fps:1").times(0, 10_000)) == 512
    assert Policy.parse("uniform:64").count == 64 and Policy.parse("fps:1").count == 0


@pytest.mark.parametrize("text", ["", "uniform", "uniform:0", "uniform:1.5", "fps:-1", "all:3",
                                  "uniform:600", "uniform:32 "])  # fmt: skip
def test_a_policy_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="write uniform:32"):
        Policy.parse(text)


@pytest.mark.parametrize("times", [[0, 3.9, 4.0, 19.9, 20.0, 29.9], [3.99], [25.0], [2.0, 28.0]])
def test_each_picture_is_the_last_one_not_after_its_time(film: Path, times: list[float]) -> None:
    shown = pictures(Clip(path=film), times)
    wanted = ["red" if t < 4 else "blue" if t < 20 else "green" for t in times]
    assert [p.t for p in shown] == times and [colour(p.rgb) for p in shown] == wanted


def test_times_count_from_where_the_clip_begins(film: Path) -> None:
    clip = Clip(path=film, start_s=3.0, end_s=22.0)
    assert length_s(clip) == 19.0
    assert [colour(p.rgb) for p in pictures(clip, [0.0, 1.5, 18.0])] == ["red", "blue", "green"]


def test_beyond_the_end_the_last_picture_stays(film: Path) -> None:
    assert length_s(Clip(path=film)) == pytest.approx(30.0, abs=0.3)
    assert [colour(p.rgb) for p in pictures(Clip(path=film), [29.0, 99.0])] == ["green", "green"]


def test_a_folder_of_pictures_is_a_clip_too(tmp_path: Path) -> None:
    import cv2

    for index, name in enumerate(("red", "blue", "green", "white")):
        rgb = picture(Scene(0, 1, name), (32, 24))
        cv2.imwrite(str(tmp_path / f"{index + 8}.jpg"), rgb[:, :, ::-1])  # 8, 9, 10, 11
    clip = Clip(path=tmp_path, fps=2.0)
    assert length_s(clip) == 2.0
    assert [colour(p.rgb) for p in pictures(clip, [0, 0.6, 1.2, 5])] == [
        "red", "blue", "green", "white",
    ]  # fmt: skip


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "sound"])
def test_a_clip_that_cannot_be_read_is_named(film: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "v.mp4"
    if damage == "sound":
        from omnilive_lab.bench.films import tone, write_sound

        path = write_sound(tmp_path / "v.wav", tone(1.0))
    elif damage != "missing":
        content = {"empty": b"", "text": b"not a film" * 50, "cut": film.read_bytes()[:300]}
        path.write_bytes(content[damage])
    with pytest.raises(SourceError, match=path.name):
        pictures(Clip(path=path), [0.0])
