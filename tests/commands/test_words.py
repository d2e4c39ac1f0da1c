from pathlib import Path
from typing import Any

from omnilive.commands.now import EVENTS, Now
from omnilive.commands.output import clock, size, span, table
from omnilive.commands.words import answer_lines, event_line, summary_line


def percept(kind: str, start_s: float, end_s: float, text: str, *, final: bool, **data: Any):
    return {
        "type": "percept", "kind": kind, "start_s": start_s, "end_s": end_s, "text": text,
        "confidence": 0.9, "final": final, "t": end_s, "data": data,
    }  # fmt: skip


CUP = percept("object", 14, 14, "red cup", final=False, id="o1", position="left")
CUP_LEFT = percept("object", 14, 20, "red cup", final=True, id="o1", position="right")
SIGN = percept("text", 3, 3, "EXIT", final=False, id="t1")


def test_times_and_sizes_for_people():
    assert [clock(t) for t in (-1, 0, 12.9, 61, 3600)] == [
        "0:00",
        "0:00",
        "0:12",
        "1:01",
        "1:00:00",
    ]
    assert span(1.2, 1.9) == "0:01"
    assert span(1.2, 62) == "0:01–1:02"
    assert [size(n) for n in (5, 1500, 2.5e9)] == ["5 B", "1.5 kB", "2.5 GB"]
    assert list(table([("a", "bb"), ("ccc", "d")])) == ["a    bb", "ccc  d"]


def test_speech_is_a_line_once_it_has_settled():
    shown: set[str] = set()
    partial = percept("speech", 12, 13, "The soup", final=False, id="s1")
    whole = percept("speech", 12, 14, "The soup is ready.", final=True, id="s1")
    assert event_line(partial, shown) == ""
    assert event_line(whole, shown) == "  0:12  said    The soup is ready."


def test_things_come_and_go_once():
    shown: set[str] = set()
    assert event_line(CUP, shown) == "  0:14  object  red cup appeared (left)"
    assert event_line(CUP, shown) == ""
    assert event_line(CUP_LEFT, shown) == "  0:20  object  red cup left (right)"
    assert event_line(SIGN, shown) == '  0:03  text    "EXIT"'
    assert shown == {"t1"}


def test_what_went_before_it_was_told_of_is_told_as_having_been_there():
    assert event_line(CUP_LEFT, set()) == "  0:14  object  red cup appeared (right)"


def test_gaps_and_trouble_with_the_source_are_lines():
    gap = {"type": "gap", "t": 5, "start_s": 5, "end_s": 9, "reason": "the connection broke"}
    health = {"type": "health", "t": 5, "state": "reconnecting", "detail": "in 2 s"}
    ended = {"type": "source", "t": 9, "state": "ended", "detail": ""}
    assert event_line(gap, set()) == "  0:05  gap     nothing from 0:05–0:09: the connection broke"
    assert event_line(health, set()) == "  0:05  source  reconnecting: in 2 s"
    assert event_line(ended, set()) == ""


def test_an_answer_shows_its_evidence_and_where_the_picture_lies():
    evidence = {
        "id": 1, "kind": "object", "start_s": 14, "end_s": 20, "text": "red cup",
        "keyframe": "keyframes/1.jpg",
    }  # fmt: skip
    line = {"t": 30, "question": "where?", "text": "On the left.", "evidence": [evidence]}
    assert list(answer_lines(line, Path("/data/s"))) == [
        "  0:30  asked   where?",
        "        answer  On the left.",
        "                0:14–0:20 object: red cup  [/data/s/keyframes/1.jpg]",
    ]


def test_the_summary_in_words():
    frames = {"decoded": 100, "perceived": 10, "dropped": 2, "still": 3}
    summary = {"duration_s": 60.0, "frames": frames, "audio_s": 60.0, "wall_s": 20.0}
    assert summary_line(summary) == (
        "watched 1:00 in 0:20 (3.0 times real time): 100 pictures, 10 looked at, 2 dropped; "
        "1:00 of sound"
    )


def test_now_holds_what_is_there_and_forgets_what_went():
    now = Now()
    for line in (CUP, SIGN, percept("sound", 1, 2, "music", final=False, id="n1")):
        now.take(line)
    now.take(percept("speech", 1, 2, "Hel", final=False, id="s1"))
    assert (list(now.objects.values()), list(now.texts.values())) == (["red cup (left)"], ["EXIT"])
    assert (list(now.sounds.values()), now.caption) == (["music"], "Hel")
    now.take(CUP_LEFT)
    now.take(percept("speech", 1, 3, "Hello.", final=True, id="s1"))
    assert (now.objects, now.caption, list(now.captions)) == ({}, "", ["Hello."])


def test_now_stays_small_and_tells_a_scene_from_a_tag():
    now = Now()
    for i in range(100):
        now.take(percept("object", i, i, "cup", final=True, id=f"o{i}"))
        now.take(percept("speech", i, i, "Hello.", final=True, id=f"s{i}"))
    now.take(percept("scene", 5, 5, "picture in red", final=False, id="c0"))
    now.take(percept("scene", 5, 6, "looks like a kitchen", final=False, id="g0", tag="kitchen"))
    assert (len(now.events), len(now.captions), now.objects) == (EVENTS, 3, {})
    assert (now.picture, list(now.tags.values())) == ("picture in red", ["looks like a kitchen"])
    now.take({"type": "health", "t": 1, "state": "stalled", "detail": ""})
    assert now.state == "stalled"
    now.take({"type": "health", "t": 1, "state": "live", "detail": ""})
    assert now.state == ""
