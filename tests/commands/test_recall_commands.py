import pytest

from tests.commands.conftest import QUIET, Shell


def test_ask_prints_the_answer_with_its_evidence(omnilive: Shell, kitchen):
    done = omnilive("ask", "kitchen", "Was there a red cup?", *QUIET)
    assert done.status == 0
    assert "answer  " in done.out
    assert "0:10–0:12 object: red cup  [" in done.out
    assert "kitchen/keyframes/1.jpg]" in done.out


def test_ask_in_json_has_the_contracts_form(omnilive: Shell, kitchen):
    done = omnilive("ask", "kitchen", "Was there a red cup?", *QUIET, "--json")
    (answer,) = done.lines
    assert answer["type"] == "answer" and answer["supported"] is True
    assert answer["evidence"][0]["keyframe"] == "keyframes/1.jpg"
    assert {"session", "t", "question", "text", "model", "timing"} < answer.keys()


def test_ask_at_a_second_knows_nothing_of_later(omnilive: Shell, kitchen):
    done = omnilive("ask", "kitchen", "Was there a red cup?", "--at", "8", *QUIET, "--json")
    (answer,) = done.lines
    assert answer["t"] == 8
    assert all(item["start_s"] <= 8 for item in answer["evidence"])


def test_search_finds_and_says_when_there_is_nothing(omnilive: Shell, kitchen):
    found = omnilive("search", "kitchen", "soup", *QUIET, "--json").lines
    assert found[0]["type"] == "hit" and found[0]["text"] == "The soup is ready."
    assert len(omnilive("search", "kitchen", "cup", *QUIET, "--limit", "1", "--json").lines) == 1
    nothing = omnilive("search", "kitchen", "zebra", *QUIET)
    assert (nothing.status, nothing.out, nothing.err) == (0, "", "nothing found\n")


def test_timeline_prints_moments_and_gaps(omnilive: Shell, kitchen):
    done = omnilive("timeline", "kitchen")
    assert done.out.splitlines() == [
        "0:00–0:16      said: The soup is ready.; red cup",
        "  0:16  gap     nothing from 0:16–0:20: the camera was unplugged",
    ]


def test_timeline_in_json_and_whole(omnilive: Shell, kitchen):
    lines = omnilive("timeline", "kitchen", "--json").lines
    assert [line["type"] for line in lines] == ["moment", "gap"]
    whole = omnilive("timeline", "kitchen", "--all", "--json").lines
    assert [line["seq"] for line in whole] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["ask", "nowhere", "what?"], "no session 'nowhere'; stored sessions: kitchen"),
        (["search", "nowhere", "cup"], "no session 'nowhere'; stored sessions: kitchen"),
        (["timeline", "nowhere"], "no session 'nowhere'; stored sessions: kitchen"),
        (["timeline", "../kitchen"], "'../kitchen' cannot name a session"),
        (["ask", "kitchen", "  "], "the question is empty"),
        (["search", "kitchen", ""], "the query is empty"),
        (["ask", "kitchen", "what?", "--at", "-1"], "--at"),
        (["ask", "kitchen", "what?", "--at", "inf"], "is no stream time"),
        (["ask", "kitchen", "what?", "--set", "x=1"], "unknown setting x"),
        (["ask", "kitchen"], "Missing argument"),
        (["nonesuch"], "No such command 'nonesuch'"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(omnilive: Shell, kitchen, args, said):
    done = omnilive(*args)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("omnilive: error: ") and said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_reader_that_leaves_is_no_error(omnilive: Shell, kitchen):
    process = omnilive.start("timeline", "kitchen", "--all", "--json")
    assert process.stdout and process.stderr
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), err) == (130, "")
