import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

from omnilive.core.errors import SourceError
from omnilive.media.open import kind_of, open_source
from tests.media.clips import write_clip


def refusal(url: object) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(str(url))
    return str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file: check the path" in refusal(tmp_path / "none.mp4")
    assert "no such file" in refusal(write_clip(tmp_path / "a.mp4") / "below.mp4")


def test_folder(tmp_path: Path) -> None:
    assert "is a folder: give one media file" in refusal(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert "is empty" in refusal(tmp_path / "a.mp4")


def test_text_named_mp4(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("Dear diary, today I saw 猫 and more.\n" * 300)
    assert "is a text file, not audio or video" in refusal(tmp_path / "a.mp4")


def test_zeros_and_noise(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(10000))
    assert "holds zeros" in refusal(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_bytes(bytes(range(256)) * 100)
    assert "not audio or video" in refusal(tmp_path / "b.mp4")


def test_subtitles_only(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n\n")
    with av.open(str(tmp_path / "a.srt")) as text, av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream_from_template(text.streams[0])
        for packet in text.demux(text.streams[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    assert "no audio or video stream" in refusal(tmp_path / "a.mkv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    path.chmod(0)
    assert "may not be read: give this user permission" in refusal(path)


def test_named_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "is not a regular file" in refusal(tmp_path / "pipe.mp4")


@pytest.mark.parametrize(
    "url",
    ["concat:a.mp4|b.mp4", "pipe:0", "file:///etc/hostname", "ftp://host/a.mp4", "subfile:,,a",
     "data:text/plain,x", "cache:http://x", "http:/one-slash", "gopher://x"],
)  # fmt: skip
def test_other_schemes_are_refused(url: str) -> None:
    assert "is not a kind of source: give a path, device:, or rtsp://" in refusal(url)


def test_a_refusal_quotes_no_password() -> None:
    assert "ftp://me:***@host" in refusal("ftp://me:s3cret@host/a.mp4")


@pytest.mark.parametrize("url", ["", "  ", "a\0b"])
def test_nothing_given(url: str) -> None:
    assert "is no source: give a path" in refusal(url)


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:1,\n/etc/hostname\n", "ffconcat version 1.0\nfile /etc/hostname\n",
     "v=0\no=- 0 0 IN IP4 127.0.0.1\n", '<?xml version="1.0"?><MPD></MPD>'],
)  # fmt: skip
def test_playlists_that_name_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.mp4").write_text(text)
    assert "is a playlist, not media" in refusal(tmp_path / "a.mp4")


def test_a_path_is_never_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "a.mp4").rename(tmp_path / "concat:a|b.mp4")
    assert kind_of("concat:a|b.mp4") == "file"
    source = open_source("concat:a|b.mp4")
    assert source.info.has_video
    source.close()


def test_opening_the_door_imports_nothing_heavy() -> None:
    code = "import sys, omnilive.media.open; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"av", "torch"} & set(modules)
