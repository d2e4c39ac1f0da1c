"""`omnilive memory`: every command, and what it says of wrong input."""

from pathlib import Path

import pytest

from tests.commands.conftest import Shell
from tests.made import a_file, put, said, thing

DAY_S = 86400.0


@pytest.fixture
def kitchen(omnilive: Shell) -> Path:
    store = omnilive.library.create("kitchen")
    store.put_source(a_file(kind="network", state="ended"))
    store.update_source(1, video_s=60.0, audio_s=60.0)
    put(store, said("the code is zanzibar", 10), said("hello", 30), said("over there", 16),
        thing("person", "red", 20, 25), thing("car", "blue", 40, 45))  # fmt: skip
    store.put_moment(8, 18, "said: the code is zanzibar; said: over there")
    store.put_keyframe(21.0, b"somebody's face")
    store.close()
    return store.folder


def holds(folder: Path, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_show_and_budget(omnilive: Shell, kitchen: Path) -> None:
    (shown,) = omnilive("memory", "show", "kitchen", "--json").lines
    assert shown["held"]["facts"] == {"used": 5, "budget": 150_000}
    assert shown["levels"] == {"moments": 1} and shown["kinds"] == {"object": 2, "speech": 3}
    text = omnilive("memory", "show", "kitchen", "--set", "memory.budget.moments=10").out
    assert "moments" in text and "10%" in text and "1 moments, for 1 moments" in text
    (budget,) = omnilive("memory", "budget", "--json").lines
    assert budget["facts"] == 150_000 and "recording_bytes" in budget
    assert "memory.budget.exact_s" in omnilive("memory", "budget").out


def test_pins(omnilive: Shell, kitchen: Path) -> None:
    pinned = omnilive(
        "memory", "pin", "kitchen", "--from", "10", "--to", "20", "--note", "keep this", "--json"
    )
    (pin,) = pinned.lines
    assert (pin["start_s"], pin["end_s"], pin["note"]) == (10, 20, "keep this")
    assert "keep this" in omnilive("memory", "pins", "kitchen").out
    assert omnilive("memory", "unpin", "kitchen", "99").status == 2
    assert omnilive("memory", "unpin", "kitchen", str(pin["id"])).status == 0
    assert omnilive("memory", "pins", "kitchen", "--json").lines == []
    assert omnilive("memory", "pin", "kitchen", "--from", "20", "--to", "10").status == 2


def test_edit(omnilive: Shell, kitchen: Path) -> None:
    found = omnilive("search", "kitchen", "zanzibar", "--json", "--set", "memory.embedder=off")
    id = str(next(hit["id"] for hit in found.lines if hit["kind"] == "speech"))
    off = ("--set", "memory.embedder=off")
    done = omnilive("memory", "edit", "kitchen", id, "--text", "the code is sansibar", *off)
    assert done.status == 0 and "sansibar" in done.out, done.err
    again = omnilive("search", "kitchen", "sansibar", "--json", *off)
    assert again.lines[0]["id"] == int(id) and "sansibar" in again.lines[0]["text"]
    assert omnilive("memory", "edit", "kitchen", id, *off).status == 2
    assert omnilive("memory", "edit", "kitchen", "999", "--text", "x", *off).status == 2


def test_forget_a_phrase_and_a_thing(omnilive: Shell, kitchen: Path) -> None:
    assert omnilive("memory", "forget", "kitchen", "--phrase", "zanzibar").status == 2  # not asked
    assert holds(kitchen, b"zanzibar")
    (line,) = omnilive(
        "memory", "forget", "kitchen", "--phrase", "the code", "--around", "5", "-y", "--json"
    ).lines
    assert (line["facts"], line["moments"], line["wiped"]) == (2, 1, True)
    assert not holds(kitchen, b"zanzibar") and not holds(kitchen, b"over there")
    done = omnilive("forget", "kitchen", "--label", "people", "--yes")
    assert "1 facts" in done.err and "1 pictures" in done.err
    assert not holds(kitchen, b"somebody's face") and not holds(kitchen, b"person")
    store = omnilive.library.open("kitchen")
    assert [fact.text for fact in store.facts()] == ["hello", "blue car"]
    store.close()
    assert omnilive("forget", "kitchen", "--all", "-y").status == 0
    (shown,) = omnilive("memory", "show", "kitchen", "--json").lines
    assert shown["kinds"] == {} and len(shown["forgotten"]) == 1


@pytest.mark.parametrize(
    "wrong", [[], ["--label", "x", "--phrase", "y"], ["--all", "--from", "1"], ["--from", "1"],
              ["--phrase", "?!"], ["--label", "x", "--from", "5", "--to", "5"]],
)  # fmt: skip
def test_what_is_unclear_is_refused(omnilive: Shell, kitchen: Path, wrong: list[str]) -> None:
    done = omnilive("forget", "kitchen", *wrong, "--yes")
    assert done.status == 2 and "Traceback" not in done.err and done.out == ""


def test_retention(omnilive: Shell, kitchen: Path) -> None:
    rule = ("--set", "memory.retention.speech_days=2")
    (line,) = omnilive("memory", "retention", "kitchen", "--apply", "--json", *rule).lines
    assert line["rules"] == {"speech_days": 2.0} and line["gone"]["facts"] == 0
    store = omnilive.library.open("kitchen")
    made_s = float(store.meta()["created_wall_s"])
    store.set_meta("created_wall_s", str(made_s - 3 * DAY_S))
    store.close()
    assert "speech: 2 days" in omnilive("memory", "retention", "kitchen", *rule).out
    assert holds(kitchen, b"zanzibar")
    done = omnilive("memory", "retention", "kitchen", "--apply", *rule)
    assert "3 facts" in done.err and not holds(kitchen, b"zanzibar")
    assert omnilive("memory", "retention", "kitchen", "--apply").status == 2
    other = ("--set", "memory.retention.objects_days=2", "--set", "memory.embedder=off")
    assert omnilive("search", "kitchen", "person", *other).out == ""  # opened: it is too old


def test_check(omnilive: Shell, kitchen: Path) -> None:
    assert omnilive("memory", "check", "kitchen").out == "ok\n"
    (kitchen / "keyframes" / "1.jpg").unlink()
    (line,) = omnilive("memory", "check", "kitchen", "--json").lines
    assert line["verdict"] == "ok" and line["missing"] == ["keyframes/1.jpg"]
    assert omnilive("memory", "check", "none").status == 2
