"""127.0.0.2 plays the world outside, by being allowed; 127.0.0.1 is what may not be reached."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from omnilive.core.errors import SourceError
from omnilive.core.events import VideoFrame
from omnilive.media.base import MediaConfig
from omnilive.media.open import open_source
from omnilive.media.reach import Reach, is_public
from tests.media.clips import write_clip

OUTSIDE = MediaConfig(public_only=True, networks=("127.0.0.2/32",), connect_s=10.0)
REFUSED = "private or local address.*server.allow_private_sources"


class Web:
    """Serves paths from a table: bytes, or the address to redirect to; counts what is asked."""

    def __init__(self, host: str, pages: dict[str, bytes | str]) -> None:
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                found = pages.get(self.path)
                if isinstance(found, str):
                    self.send_response(302)
                    self.send_header("Location", found)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer((host, 0), Handler)
        self.url = f"http://{host}:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def web(host: str, **pages: bytes | str) -> Iterator[Web]:
    served = Web(host, {f"/{name.replace('_', '.')}": page for name, page in pages.items()})
    try:
        yield served
    finally:
        served.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "a.ts"
    write_clip(path, seconds=2.0)
    return path.read_bytes()


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.9", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "::1", "fe80::1%eth0", "fd00::1",
     "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "nonsense",
     "192.0.2.1", "198.18.0.1", "fec0::1"],
)  # fmt: skip
def test_private_addresses(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_addresses(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/a", "http://localhost:1/a", "http://2130706433/a", "http://0x7f.1/a",
     "http://[::1]:1/a", "rtsp://10.0.0.1/a", "rtmp://192.168.1.1/live/a", "srt://127.0.0.1:9",
     "https://169.254.169.254/latest/meta-data", "http://[::ffff:127.0.0.1]/a"],
)  # fmt: skip
def test_an_address_that_is_private_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(SourceError, match=REFUSED):
        open_source(url, OUTSIDE)


def test_unless_told_so_private_addresses_are_watched(film: bytes) -> None:
    with web("127.0.0.1", a_ts=film) as here:
        source = open_source(f"{here.url}/a.ts", MediaConfig())
        source.close()


def test_what_is_allowed_is_watched_through_the_gate(film: bytes) -> None:
    with web("127.0.0.2", a_ts=film, moved="/a.ts") as outside:
        for path in ("/a.ts", "/moved"):
            source = open_source(outside.url + path, OUTSIDE)
            frames = [item for item in source.items() if isinstance(item, VideoFrame)]
            assert len(frames) >= 6, path


def test_a_redirection_to_a_private_address_is_refused(film: bytes) -> None:
    with web("127.0.0.1", a_ts=film) as inside:
        with web("127.0.0.2", a_ts=f"{inside.url}/a.ts") as outside:
            with pytest.raises(SourceError, match=REFUSED):
                open_source(f"{outside.url}/a.ts", OUTSIDE)
            assert outside.asked and not inside.asked


def test_a_playlist_that_leads_to_a_private_address_is_refused(film: bytes) -> None:
    with web("127.0.0.1", a_ts=film) as inside:
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{inside.url}/a.ts\n#EXT-X-ENDLIST\n"
        with web("127.0.0.2", a_m3u8=text.encode()) as outside:
            with pytest.raises(SourceError, match=REFUSED):
                open_source(f"{outside.url}/a.m3u8", OUTSIDE)
            assert outside.asked and not inside.asked


def test_a_playlist_of_what_is_allowed_is_watched(film: bytes) -> None:
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n"
    with web("127.0.0.2", a_m3u8=text.encode(), a_ts=film) as outside:
        source = open_source(f"{outside.url}/a.m3u8", OUTSIDE)
        assert any(isinstance(item, VideoFrame) for item in source.items())


def test_hosts_are_pinned_where_their_names_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.216.34", 554))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    reach = Reach(OUTSIDE)
    assert reach.pinned("rtsp://a:b@cam.example:8554/x") == "rtsp://a:b@93.184.216.34:8554/x"
    assert reach.pinned("rtmp://cam.example/live/x") == "rtmp://cam.example/live/x"
    found.append((2, 1, 6, "", ("10.0.0.1", 554)))
    with pytest.raises(SourceError, match=REFUSED):
        reach.pinned("rtsp://cam.example/x")


def test_a_connection_to_a_private_address_is_noticed() -> None:
    with web("127.0.0.1") as inside:
        port = int(inside.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)):
            with pytest.raises(PermissionError, match=REFUSED):
                Reach(OUTSIDE).check_peers(gate_port=1)
            Reach(OUTSIDE).check_peers(gate_port=port)


class Rtsp:
    """Sends whoever asks for a stream somewhere else; without a place it only listens."""

    def __init__(self, host: str, leads_to: str = "") -> None:
        self._leads_to = leads_to
        self._listening = socket.create_server((host, 0))
        self.url = f"rtsp://{host}:{self._listening.getsockname()[1]}/camera"
        self.heard = b""
        self.is_cut = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        with client:
            client.settimeout(20)
            while piece := client.recv(4096):
                self.heard += piece
                number = piece.partition(b"CSeq: ")[2].split(b"\r")[0]
                if not self._leads_to:
                    continue
                what = b"302 Moved\r\nLocation: " + self._leads_to.encode()
                if piece.startswith(b"OPTIONS"):
                    what = b"200 OK\r\nPublic: DESCRIBE"
                client.sendall(b"RTSP/1.0 " + what + b"\r\nCSeq: " + number + b"\r\n\r\n")
        self.is_cut.set()

    def __enter__(self) -> "Rtsp":
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self._thread.join()


def test_an_rtsp_redirection_to_a_private_address_is_cut() -> None:
    with Rtsp("127.0.0.1") as inside, Rtsp("127.0.0.2", leads_to=inside.url) as outside:
        with pytest.raises(SourceError, match=REFUSED):
            open_source(outside.url, OUTSIDE)
        assert b"DESCRIBE" in outside.heard
        assert inside.is_cut.wait(5) and inside.heard.count(b"RTSP/1.0") <= 1
