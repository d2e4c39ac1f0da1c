"""The commands of watches, in processes of their own, without any model."""

import json
from pathlib import Path

import pytest

from omnilive.memory.library import Library
from omnilive.memory.watches import WatchTable
from tests.commands.conftest import OFF, QUIET, Shell


def test_added_shown_changed_and_removed(omnilive: Shell, kitchen: Library) -> None:
    done = omnilive("watches", "add", "kitchen", "Tell me when a cup leaves", "--cooldown", "60",
                    "--webhook", "https://example.org/x", "--say", "Cup!", "--json")  # fmt: skip
    assert done.status == 0, done.err
    (watch,) = done.lines
    assert watch["type"] == "watch" and watch["id"] == "w1" and watch["state"] == "armed"
    assert watch["rule"]["what"] == {
        "kind": "object", "labels": ["cup"], "name": "", "colour": "", "position": "",
        "event": "leaves",
    }  # fmt: skip
    assert watch["rule"]["cooldown_s"] == 60 and watch["rule"]["say"] == "Cup!"
    assert watch["rule"]["to"][-1] == {"kind": "webhook", "url": "https://example.org/x"}
    edited = omnilive("watches", "edit", "kitchen", "w1", "--once", "--json")
    assert edited.lines[0]["rule"]["repeat"] == "once"
    assert edited.lines[0]["rule"]["cooldown_s"] == 60
    assert omnilive("watches", "pause", "kitchen", "w1", "--json").lines[0]["state"] == "paused"
    assert omnilive("watches", "arm", "kitchen", "w1", "--json").lines[0]["state"] == "armed"
    listed = omnilive("watches", "list", "kitchen")
    assert "w1" in listed.out and "Once, when a cup leaves" in listed.out
    assert "said: Tell me when a cup leaves" in omnilive("watches", "show", "kitchen", "w1").out
    assert omnilive("watches", "remove", "kitchen", "w1").status == 0
    assert omnilive("watches", "list", "kitchen", "--json").lines == []


def test_what_is_not_understood_is_asked_back(omnilive: Shell, kitchen: Library) -> None:
    asked = omnilive("watches", "add", "kitchen", "tell me when the kettle boils")
    assert asked.status == 2 and "kettle" in asked.err and "You could say" in asked.err
    assert asked.out == ""
    unknown = omnilive("watches", "add", "attic", "tell me when a dog appears")
    assert unknown.status == 2 and not (omnilive.library.root / "attic").exists()
    both = omnilive("watches", "add", "kitchen")
    assert both.status == 2 and "--file" in both.err


def test_dry_run_and_explain(omnilive: Shell, kitchen: Library) -> None:
    tried = omnilive("watches", "dry-run", "kitchen", "tell me when someone mentions soup")
    assert tried.status == 0 and "this would have fired once" in tried.out
    assert "The soup is ready." in tried.out
    as_json = omnilive("watches", "dry-run", "kitchen", "a dog appears", "--json").lines
    assert as_json[-1]["type"] == "dry_run" and as_json[-1]["alerts"] == 0
    omnilive("watches", "add", "kitchen", "tell me when someone mentions soup")
    why = omnilive("watches", "explain", "kitchen", "w1", "--at", "5", "--json")
    assert why.status == 0 and why.lines[0]["type"] == "explanation" and why.lines[0]["text"]
    assert omnilive("watches", "explain", "kitchen", "w1", "--at", "soon").status == 2
    assert omnilive("watches", "dry-run", "nothing.mp4", "a dog appears").status == 2


def test_a_file_of_watches_is_added_whole_or_not_at_all(omnilive: Shell, kitchen: Library) -> None:
    rules = omnilive.folder / "rules.yaml"
    rules.write_text(
        "- Tell me when a dog appears\n"
        "- {text: Tell me when someone comes in, cooldown_s: 60.0}\n"
        "- {what: {kind: text, contains: [EXIT]}, repeat: once}\n"
    )
    added = omnilive("watches", "add", "kitchen", "--file", "rules.yaml", "--json").lines
    assert [watch["id"] for watch in added] == ["w1", "w2", "w3"]
    assert added[1]["rule"]["cooldown_s"] == 60 and added[2]["rule"]["what"]["contains"] == ["EXIT"]
    rules.write_text("- Tell me when a dog appears\n- tell me when the kettle boils\n")
    refused = omnilive("watches", "add", "kitchen", "--file", "rules.yaml")
    assert refused.status == 2 and "kettle" in refused.err
    assert len(omnilive("watches", "list", "kitchen", "--json").lines) == 3


@pytest.mark.parametrize("text", ["", "just words", "- 5\n", "[", "- {cooldown_s: 5}\n"])
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    from omnilive.core.errors import ConfigError
    from omnilive.dialogue.watches.listing import read_file

    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"rules\.yaml"):
        read_file(file)


def test_alerts_of_one_run(omnilive: Shell, clip: str) -> None:
    run = omnilive("watch", clip, "--alert", "every 5 seconds, a summary", "--json",
                   *OFF, *QUIET, "--session", "s")  # fmt: skip
    assert run.status == 0, run.err
    assert "looking out: Every 5 seconds" in run.err
    states = [line["state"] for line in run.lines if line["type"] == "watch"]
    assert states[0] == "added" and states[-1] == "removed"
    refused = omnilive("watch", clip, "--alert", "do the thing", *OFF, *QUIET, "--session", "t")
    assert refused.status == 2 and "nothing to watch for" in refused.err
    assert not (omnilive.library.root / "t").exists()


def test_alerts_and_their_delivery(omnilive: Shell, kitchen: Library) -> None:
    store = kitchen.open("kitchen")
    body = {"watch": "w1", "at_s": 10.0, "text": "A red cup appears", "rule": "Each time",
            "evidence": []}  # fmt: skip
    with store.transaction():
        seq = store.append(10.0, "alert", body)
        target = {"kind": "webhook", "url": "http://127.0.0.1:1/"}
        WatchTable(store).post(seq, "w1", [target])
    store.close()
    assert "0:10  alert   A red cup appears" in omnilive("watches", "alerts", "kitchen").out
    (line,) = omnilive("watches", "alerts", "kitchen", "--json").lines
    assert line["seq"] == seq and line["type"] == "alert"
    tried = omnilive("watches", "deliver", "kitchen", "--for", "0.5")
    assert tried.status == 0 and "1 target(s) could not be reached" in tried.err
    secret = omnilive("watches", "secret").out
    assert secret.startswith("whsec_") and secret == omnilive("watches", "secret").out
    assert json.dumps(secret.strip()).isascii()


def test_narration_is_switched_on_and_off(
    omnilive: Shell, kitchen: Library, tmp_path: Path
) -> None:
    steps = tmp_path / "tea.txt"
    steps.write_text("Boil the water\n\nPut the cup on the table\n")
    done = omnilive("watches", "narrate", "kitchen", "steps", "--file", str(steps), "--json")
    assert done.status == 0, done.err
    assert done.lines[0]["steps"] == ["Boil the water", "Put the cup on the table"]
    assert "off" in omnilive("watches", "narrate", "kitchen", "off").out
    alone = omnilive("watches", "narrate", "kitchen", "steps")
    assert alone.status == 2 and "file" in alone.err
    asked = omnilive("watches", "add", "kitchen", "narrate what I do")
    assert asked.status == 2 and "--narrate" in asked.err


def test_a_run_that_narrates(omnilive: Shell, clip: str, tmp_path: Path) -> None:
    steps = tmp_path / "tea.yaml"
    steps.write_text("- Boil the water\n- text: Sit down\n")
    args = ["watch", clip, "--narrate", "steps", *OFF, *QUIET, "--session", "s"]
    run = omnilive(*args, "--steps", str(steps))
    assert run.status == 0, run.err
    assert "says    First: Boil the water." in run.out
    assert omnilive("watches", "narrate", "s", "off", "--json").lines[0]["state"] == "off"
    alone = omnilive(*args)
    assert alone.status == 2 and "file" in alone.err
