import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from omnilive.core.errors import ConfigError
from omnilive.server.config import ServerConfig
from omnilive.server.tokens import FILE, hash_of, lock, make_token, opens, stored_hash

ROOT = Path(__file__).parents[2]
OPEN = ServerConfig()


def test_only_the_hash_is_stored_and_only_its_user_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    token = make_token(folder)
    text = (folder / FILE).read_text()
    assert len(token) >= 43 and token not in text
    assert opens(token.encode(), stored_hash(folder)) and not opens(b"", stored_hash(folder))
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert os.listdir(folder) == [FILE]


def test_a_token_is_made_once(tmp_path: Path) -> None:
    first, made = lock(OPEN, tmp_path, is_open=False)
    assert made and first.is_locked and first.token_sha256 == hash_of(made)
    again, none = lock(OPEN, tmp_path, is_open=False)
    assert not none and again.token_sha256 == first.token_sha256
    other, another = lock(OPEN, tmp_path, is_open=False, new_token=True)
    assert another not in ("", made) and other.token_sha256 == stored_hash(tmp_path)


def test_none_is_made_where_none_is_needed(tmp_path: Path) -> None:
    assert lock(OPEN, tmp_path, is_open=True) == (OPEN, "")
    given = ServerConfig(token=SecretStr("a-long-random-text"))
    assert lock(given, tmp_path, is_open=False) == (given, "")
    hashed = ServerConfig(token_sha256=hash_of("x"))
    assert lock(hashed, tmp_path, is_open=False) == (hashed, "")
    assert not (tmp_path / FILE).exists()


def test_what_is_refused(tmp_path: Path) -> None:
    short = ServerConfig(token=SecretStr("short"))
    assert lock(short, tmp_path, is_open=True) == (short, "")
    with pytest.raises(ConfigError, match="fewer than 16 characters"):
        lock(short, tmp_path, is_open=False)
    with pytest.raises(ConfigError, match="a token is given"):
        lock(short, tmp_path, is_open=True, new_token=True)
    (tmp_path / FILE).write_text("rubbish")
    with pytest.raises(ConfigError, match="holds no hash .* --new-token"):
        lock(OPEN, tmp_path, is_open=False)
    assert lock(OPEN, tmp_path, is_open=False, new_token=True)[1]


def start(folder: Path, *more: str) -> tuple[subprocess.Popen[str], list[str]]:
    """Serve on all addresses; return what is said at the start, up to its last line."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("OMNILIVE_")}
    child = subprocess.Popen(
        [sys.executable, "-m", "omnilive", "serve", "--host", "0.0.0.0", "--port", "0", *more],
        env={**environ, "OMNILIVE_DATA": str(folder)}, stderr=subprocess.PIPE, text=True,
        cwd=folder,
    )  # fmt: skip
    assert child.stderr is not None
    said = [child.stderr.readline()]
    while said[-1] and not re.search(r"\?token=|makes another", said[-1]):
        said.append(child.stderr.readline())
    return child, said


def ask(said: list[str], token: str) -> int:
    found = re.search(r"http://localhost:\d+", said[0])
    assert found, said
    url = found[0].replace("localhost", "127.0.0.1")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{url}/v1/sessions", headers=headers).status_code


def test_a_server_that_others_can_reach_shows_its_token_once(tmp_path: Path) -> None:
    child, said = start(tmp_path)
    try:
        token = said[1].split()[-1]
        assert said[2].split("?token=")[1].strip() == token
        assert (ask(said, ""), ask(said, "wrong"), ask(said, token)) == (401, 401, 200)
    finally:
        child.send_signal(signal.SIGTERM)
        _, rest = child.communicate(timeout=20)
    assert child.returncode == 0 and token not in rest
    assert not any(token.encode() in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    child, said = start(tmp_path)
    try:
        assert token not in "".join(said) and ask(said, token) == 200 and ask(said, "") == 401
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)
