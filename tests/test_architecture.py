"""Imports point one way, down the folder list, and the runtime never imports the lab."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src"
LAYERS = [
    "core", "catalog", "media", "perception", "memory", "reasoning", "live", "dialogue", "speech",
    "server", "cluster",
]  # fmt: skip
TOP = {
    "asking", "cli", "commands", "config", "pipeline", "recipes", "session", "settings",
    "wholeness",
}  # fmt: skip
# `config` is the tree of all settings: what is built from it may import it, and the server runs
# whole sessions. Nothing else below the top may look up.
ALLOWED_UP = {
    "reasoning": {"config"},
    "server": {"config", "pipeline", "session", "settings", "recipes"},
    "cluster": {"config", "pipeline", "session", "settings", "recipes"},
}


def modules_imported(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
            found.update(names if module == "omnilive" else [module])
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


def parts_imported(source: str) -> set[str]:
    """Return which folders and top files of omnilive are imported."""
    ours = (name.split(".") for name in modules_imported(source))
    return {name[1] for name in ours if name[0] == "omnilive" and len(name) > 1}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / "omnilive" / folder).rglob("*.py"))


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_backwards(layer: str):
    later = set(LAYERS[LAYERS.index(layer) + 1 :]) | (TOP - ALLOWED_UP.get(layer, set()))
    for path in files(layer):
        late = parts_imported(path.read_text()) & later
        assert not late, f"{path.relative_to(ROOT)} imports from later stages: {sorted(late)}"


def test_every_folder_and_file_has_its_place():
    entries = {path.stem for path in (ROOT / "omnilive").iterdir() if path.suffix in ("", ".py")}
    assert entries - {"__init__", "__main__", "__pycache__"} <= set(LAYERS) | TOP


def test_the_runtime_never_imports_the_lab():
    for path in (ROOT / "omnilive").rglob("*.py"):
        lab = {n for n in modules_imported(path.read_text()) if n.startswith("omnilive_lab")}
        assert not lab, path


def test_nothing_in_the_library_prints():
    for path in (ROOT / "omnilive").rglob("*.py"):
        if path == ROOT / "omnilive" / "server" / "app.py":
            continue  # says once where it listens
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            assert not (is_call and node.func.id == "print"), f"{path}:{node.lineno} prints"


def test_the_test_sees_every_form_of_import():
    source = "import omnilive.live\nfrom omnilive import server\nfrom omnilive.core.clock import x"
    assert parts_imported(source) == {"live", "server", "core"}
