"""The commit of the code that runs: read once, when the first figure is about to be made."""

import subprocess
from functools import cache
from pathlib import Path

import omnilive


def checkout() -> Path | None:
    """Return the root of the checkout that omnilive runs from; None when it is installed."""
    root = Path(omnilive.__file__).resolve().parents[2]
    return root if (root / "bench" / "common.py").is_file() else None


@cache
def commit() -> str:
    """Return the short commit, with "+" when code has been changed since; else the version."""
    root = checkout()
    if root is None:
        return f"version {omnilive.__version__}"
    name = _git(root, "rev-parse", "--short", "HEAD")
    if not name:
        return f"version {omnilive.__version__}"
    return f"{name}+" if _git(root, "status", "--porcelain", "--", "src", "bench") else name


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
