from pathlib import Path

import av
import numpy as np
import pytest

from omnilive.core.errors import SourceError
from omnilive.media.base import MediaConfig
from omnilive.media.clip import cut_clip
from omnilive.media.open import open_source
from tests.media.clips import FPS, chunks_of, frames_of, picture, pitch_hz, rotate_mp4, write_clip


def grey_of(rgb: np.ndarray) -> int:
    """The grey of the bottom right, which tells the index of a picture."""
    height, width, _ = rgb.shape
    return round(float(rgb[height * 3 // 4 :, width * 3 // 4 :].mean()))


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 1.0), (2.03, 4.0), (1.0, 1.2)])
def test_a_clip_begins_and_ends_where_it_should(
    tmp_path: Path, start_s: float, end_s: float
) -> None:
    write_clip(tmp_path / "a.mp4", seconds=6.0)
    assert cut_clip(str(tmp_path / "a.mp4"), start_s, end_s, tmp_path / "clip.mp4")
    source = open_source(str(tmp_path / "clip.mp4"), MediaConfig(max_fps=100.0, rate_hz=48000))
    items = list(source.items())
    pictures, sounds = frames_of(items), chunks_of(items)
    first = int(start_s * FPS + 1e-6)  # the one that is seen at start_s
    assert pictures[0].t == 0.0
    assert abs(grey_of(pictures[0].rgb) - grey_of(picture(first, 64, 48))) <= 4
    assert len(pictures) == round(end_s * FPS + 0.49) - first
    assert pictures[1].t == pytest.approx((first + 1) / FPS - start_s, abs=0.002)
    assert sounds[-1].end_t == pytest.approx(end_s - start_s, abs=0.03)
    assert pitch_hz(sounds) == pytest.approx(440, abs=6)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        kinds = {stream.codec_context.name for stream in container.streams}
    assert kinds == {"h264", "aac"}
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_sound_alone_and_pictures_alone(tmp_path: Path) -> None:
    for kind in ("video", "audio"):
        path, out = tmp_path / f"{kind}.mp4", tmp_path / f"{kind}-clip.mp4"
        write_clip(path, seconds=3.0, video=kind == "video", audio=kind == "audio")
        assert cut_clip(str(path), 1.0, 2.0, out)
        with av.open(str(out)) as container:
            assert [stream.type for stream in container.streams] == [kind]
            assert container.duration == pytest.approx(1e6, rel=0.06)


def test_a_picture_that_lies_on_its_side_is_set_upright(tmp_path: Path) -> None:
    rotate_mp4(write_clip(tmp_path / "a.mp4", size=(65, 48)))
    assert cut_clip(str(tmp_path / "a.mp4"), 0.0, 1.0, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (48, 64)


def test_nothing_there(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", seconds=2.0)
    assert not cut_clip(str(tmp_path / "a.mp4"), 50.0, 51.0, tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()
    with pytest.raises(SourceError, match="no such file"):
        cut_clip(str(tmp_path / "none.mp4"), 0.0, 1.0, tmp_path / "clip.mp4")
