from pathlib import Path

import pytest

from omnilive.core.errors import SourceError
from omnilive.media.device import cameras, microphones
from omnilive.media.open import open_source


def refusal(url: str) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(url)
    return str(caught.value)


@pytest.mark.skipif(bool(cameras()), reason="this machine has a camera")
def test_no_camera() -> None:
    assert "there is no camera: plug it in" in refusal("device:webcam")
    assert "there is no /dev/video0" in refusal("device:0")
    assert "(present: " in refusal("device:/dev/video3")


@pytest.mark.skipif(bool(microphones()), reason="this machine has a microphone")
@pytest.mark.parametrize("name", ["mic", "microphone"])
def test_no_microphone(name: str) -> None:
    assert "there is no microphone: plug it in" in refusal(f"device:{name}")


@pytest.mark.parametrize("name", ["", "toaster", "/etc/hostname", "-1"])
def test_unknown_device(name: str) -> None:
    assert "give device:webcam, device:0 or device:mic" in refusal(f"device:{name}")


def test_what_is_there_is_listed_in_order(tmp_path: Path) -> None:
    for name in ("video10", "video2", "videos"):
        (tmp_path / name).touch()
    assert cameras(tmp_path) == [f"{tmp_path}/video2", f"{tmp_path}/video10"]
    (tmp_path / "pcm").write_text(
        "00-00: HDMI : HDMI : playback 1\n01-00: USB Audio : USB Audio : capture 1\n"
    )
    assert microphones(tmp_path) == ["hw:1,0"]
