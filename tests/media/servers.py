"""Servers on the loopback interface that misbehave on purpose."""

import re
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class SilentServer:
    """Accepts every connection and never says a word."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._clients.append(client)

    def __enter__(self) -> "SilentServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
        for client in self._clients:
            client.close()


class FileServer:
    """Serves one file over HTTP with ranges; dies after `bytes_until_death` of body, if set.

    A reply that is cut short closes the connection; `revive` lets the server live again.
    `stall` keeps the connection open instead, sending nothing more.
    """

    def __init__(self, path: Path, bytes_until_death: int | None = None, stall: bool = False):
        self._data = path.read_bytes()
        self._left = bytes_until_death
        self._stall = stall
        self._released = threading.Event()
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/{path.name}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()

    def revive(self) -> None:
        self._left = None

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests += 1
        match = re.match(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(match[1]) if match else 0
        body = self._data[start:]
        handler.send_response(206 if match else 200)
        handler.send_header("Accept-Ranges", "bytes")
        handler.send_header("Content-Length", str(len(body)))
        if match:
            total = len(self._data)
            handler.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        handler.end_headers()
        allowed = body if self._left is None else body[: self._left]
        if self._left is not None:
            self._left -= len(allowed)
        try:
            handler.wfile.write(allowed)
        except (BrokenPipeError, ConnectionResetError):
            return
        if self._stall and len(allowed) < len(body):
            self._released.wait(30)

    def __enter__(self) -> "FileServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def missing_for_rtmp() -> str:
    """What this machine lacks to run an RTMP server; empty when nothing."""
    lacking = [tool for tool in ("nginx", "ffmpeg") if not nginx_or_ffmpeg(tool)]
    if not NGINX_MODULE.exists():
        lacking.append("libnginx-mod-rtmp")
    return ", ".join(lacking)


def nginx_or_ffmpeg(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")


class RtmpServer:
    """nginx with its rtmp module, under a folder and port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"rtmp://127.0.0.1:{self.port}/live/camera"
        (folder / "logs").mkdir(parents=True)
        config = folder / "nginx.conf"
        config.write_text(
            f"load_module {NGINX_MODULE};\n"
            "daemon off; master_process off; worker_processes 1;\n"
            f"pid {folder}/nginx.pid; error_log {folder}/logs/error.log;\n"
            "events { worker_connections 64; }\n"
            f"rtmp {{ server {{ listen 127.0.0.1:{self.port};\n"
            "  application live { live on; } } }\n"
        )
        nginx = nginx_or_ffmpeg("nginx")
        assert nginx
        command = [nginx, "-p", str(folder), "-e", f"{folder}/logs/error.log", "-c", str(config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def __enter__(self) -> "RtmpServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


class Publisher:
    """ffmpeg, pushing a clip to a server in a loop at its natural speed."""

    def __init__(self, clip: Path, url: str) -> None:
        ffmpeg = nginx_or_ffmpeg("ffmpeg")
        assert ffmpeg
        loop = ["-re", "-stream_loop", "-1", "-i", str(clip)]
        command = [ffmpeg, "-v", "error", "-nostdin", *loop, "-c", "copy", "-f", "flv", url]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)
