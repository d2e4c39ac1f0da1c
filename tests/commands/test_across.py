"""`omnilive ask` and `search` over several stored sessions, and timelines by time words."""

import pytest

from omnilive.memory.library import Library
from tests.commands.conftest import QUIET, Shell
from tests.made import a_file, put, said


@pytest.fixture
def rooms(kitchen: Library) -> Library:
    hall = kitchen.create("hall")
    hall.put_source(a_file())
    put(hall, said("The keys are on the shelf.", 5.0))
    hall.close()
    return kitchen


def test_all_sessions_are_asked_and_evidence_names_its_own(omnilive: Shell, rooms: Library):
    done = omnilive("ask", "--all", "What was said about the keys?", *QUIET, "--json")
    (answer,) = done.lines
    assert answer["session"] == "hall" and answer["sessions"] == ["hall", "kitchen"]
    assert {item["session"] for item in answer["evidence"]} == {"hall"}
    plain = omnilive("ask", "--sessions", "kitchen,hall", "Was there a red cup?", *QUIET)
    assert "kitchen 0:10–0:12 object: red cup" in plain.out
    assert "kitchen/keyframes/1.jpg]" in plain.out


def test_of_all_sessions_a_damaged_one_is_left_out(omnilive: Shell, rooms: Library):
    (rooms.folder("hall") / "memory.db").write_bytes(b"no database at all" * 100)
    done = omnilive("search", "--all", "soup", *QUIET, "--json")
    assert done.status == 0 and {hit["session"] for hit in done.lines} == {"kitchen"}
    assert "left out session 'hall'" in done.err and "is damaged" in done.err
    assert omnilive("search", "--sessions", "hall,kitchen", "soup", *QUIET).status == 1


def test_a_search_over_several(omnilive: Shell, rooms: Library):
    (hit,) = omnilive("search", "--sessions", "hall", "keys", *QUIET, "--json").lines
    assert (hit["type"], hit["session"]) == ("hit", "hall") and hit["wall_s"] > 0
    assert omnilive("search", "--all", "zebra", *QUIET).err == "nothing found\n"


def test_a_timeline_of_a_time(omnilive: Shell, rooms: Library):
    done = omnilive("timeline", "kitchen", "in the last minute")
    assert done.out == "0:00–0:16      said: The soup is ready.; red cup\n"
    assert omnilive("timeline", "kitchen", "last week").err == (
        "nothing is remembered of that time\n"
    )


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["ask", "--all", "kitchen", "what?"], "give the question alone"),
        (["ask", "--sessions", "attic", "what?"], "no session 'attic'"),
        (["ask", "--all", "--at", "3", "what?"], "--at is a time of one session"),
        (["timeline", "kitchen", "the red car"], "no time in 'the red car'"),
    ],
)
def test_wrong_usage(omnilive: Shell, rooms: Library, args: list[str], told: str):
    done = omnilive(*args)
    assert (done.status, done.out) == (2, "") and told in done.err
