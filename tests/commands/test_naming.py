import pytest

from omnilive.commands.naming import session_name
from omnilive.memory.library import check_name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("kitchen.mp4", "kitchen"),
        ("/a b/My holiday (1).mp4", "My-holiday-1"),
        ("..mp4", "session"),
        ("-.mp4", "session"),
        ("küche.mkv", "küche"),
        ("device:webcam", "webcam"),
        ("device:/dev/video0", "video0"),
        ("rtsp://user:secret@cam.local:554/front door", "cam.local-554-front-door"),
        ("http://host/live/index.m3u8?token=secret", "host-index"),
        ("http://[bad", "session"),
        ("x" * 300 + ".mp4", "x" * 64),
    ],
)
def test_the_name_is_valid_and_gives_no_password_away(source, name):
    assert check_name(session_name(source)) == name
