"""Subtitles and tables as people write them."""

from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.live.converters.base import Notes, Source, Span
from omnilive_lab.live.converters.choose import CONVERTERS
from omnilive_lab.live.converters.times import parse_time


def read(path: Path, data: str | bytes, encoding: str = "") -> tuple[list[Span], Notes]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    kind = "subtitles" if path.suffix in (".srt", ".vtt") else "table"
    notes = Notes()
    lines = list(CONVERTERS[kind].read(Source(path, encoding=encoding), notes))
    return [span for line in lines for span in line.spans], notes


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("75", 75), ("75.5", 75.5), ("75,5", 75.5), ("1:15", 75), ("01:01:15,250", 3675.25),
        (" 3 s ", 3), ("2.5sec", 2.5), ("-4", -4), (".5", 0.5), ("100:00", None), ("", None),
        ("x", None), ("1:2:3:4", None), ("NaN", None), ("1e5", None),
    ],
)  # fmt: skip
def test_times(text: str, wanted: float | None):
    assert parse_time(text) == wanted


SRT = """1
00:00:01,000 --> 00:00:02,500 X1:1 X2:2
<i>Cut</i> the &quot;bread&quot;
{\\an8}slowly.

2
00:00:04,000 --> 00:00:05,000

3

00:00:06.000 --> 0:00:08,000
42
"""


def test_srt_markup_numbers_and_empty_cues(tmp_path: Path):
    found, notes = read(tmp_path / "a.srt", SRT)
    assert found == [Span(1, 2.5, 'Cut the "bread" slowly.'), Span(6, 8, "42")]
    assert dict(notes.counts) == {"no text: left out": 1}
    assert notes.lines == ["a.srt, line 7: no text: left out"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str):
    text = "1\r\n00:00:01,000 --> 00:00:02,000\r\n你切洋葱\r\n"
    given = encoding if encoding in ("gb18030", "utf-16-le") else ""
    found, notes = read(tmp_path / "a.srt", text.encode(encoding), given)
    assert found == [Span(1, 2, "你切洋葱")] and not notes.counts


def test_latin_is_guessed_and_said(tmp_path: Path):
    found, notes = read(tmp_path / "a.srt", "1\n0:01 --> 0:02\ndéjà\n".encode("cp1252"))
    assert found == [Span(1, 2, "déjà")] and "Windows Latin" in notes.lines[0]


@pytest.mark.parametrize(
    ("data", "encoding", "words"),
    [
        (b"\x00\x01" * 50, "", "no text, or in another encoding"),
        ("é".encode("cp1252"), "utf-8", "is no utf-8 text"),
        (b"x", "klingon", "unknown encoding"),
        (b"", "", "holds no cue"),
        (b"only words", "", "holds no cue"),
    ],
)
def test_what_is_no_subtitle_file(tmp_path: Path, data: bytes, encoding: str, words: str):
    with pytest.raises(ConfigError, match=words):
        read(tmp_path / "a.srt", data, encoding)


VTT = """WEBVTT - with a title

STYLE
::cue { color: red }

NOTE
not a cue --> not one

intro
00:01.000 --> 00:03.000 align:start position:0%
<v Ann>Cut<00:00:01.500><c.yellow> it</c></v>

00:03.000 --> 00:05.000
Cut it
and fry

NOTE a comment

00:09.000 --> 00:07.000
backwards

00:04.500 --> 00:06.000
overlapping
"""


def test_vtt_blocks_tags_rolling_and_overlapping_cues(tmp_path: Path):
    found, notes = read(tmp_path / "a.vtt", VTT)
    assert found == [Span(1, 3, "Cut it"), Span(3, 5, "and fry"), Span(4.5, 6, "overlapping")]
    assert dict(notes.counts) == {"ends before it starts: left out": 1}


def test_a_cue_of_a_number_alone_is_no_name(tmp_path: Path):
    found, _ = read(tmp_path / "a.vtt", "WEBVTT\n\n0:01 --> 0:02\n42\n\n0:05 --> 0:06\nYes\n")
    assert [span.text for span in found] == ["42", "Yes"]


def test_a_thing_said_again_later_is_no_rolling_cue(tmp_path: Path):
    found, _ = read(tmp_path / "a.srt", "0:01 --> 0:02\nYes\n\n0:05 --> 0:06\nYes\n")
    assert [span.text for span in found] == ["Yes", "Yes"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "start,end,text\n1,2,a\n0:05,0:06.5,\"b, c\"\n"),
        ("a.csv", "1,2,a\n5,6.5,\"b, c\"\n"),
        ("a.csv", "\ufeffEnd Time;Caption;Start Time\n2;a;1\n6,5;b, c;5\n"),
        ("a.tsv", "start\tend\ttext\n1\t2\ta\n5\t6.5\tb, c\n"),
        ("a.json", '[{"from": 1, "to": 2, "step": "a"}, ["0:05", 6.5, "b, c"]]'),
        ("a.json", '{"annotations": [[1, 2, "a"], [5, 6.5, "b, c"]]}'),
        ("a.jsonl", '{"from": 1, "to": 2, "text": "a"}\n{"from": 5, "to": 6.5, "text": "b, c"}\n'),
    ],
)  # fmt: skip
def test_tables(tmp_path: Path, name: str, text: str):
    found, notes = read(tmp_path / name, text)
    assert found == [Span(1, 2, "a"), Span(5, 6.5, "b, c")] and not notes.counts


def test_each_bad_row_is_named_with_its_line(tmp_path: Path):
    rows = [
        "start,end,text",
        "1,2,ok",
        "x,3,a",
        "3,,a",
        "9,8,a",
        "-3,-2,a",
        "4,5,  ",
        "6",
        "7,8,طبخ",
    ]
    found, notes = read(tmp_path / "a.csv", "\n".join(rows))
    assert found == [Span(1, 2, "ok"), Span(7, 8, "طبخ")]
    assert sorted(notes.lines) == [
        "a.csv, line 3: start is no time: left out ('x')",
        "a.csv, line 4: end is no time: left out ('')",
        "a.csv, line 5: ends before it starts: left out (9 to 8 s)",
        "a.csv, line 6: negative time: left out (-3 to -2 s)",
        "a.csv, line 7: no text: left out",
        "a.csv, line 8: no text: left out",
    ]


def test_times_without_end_and_numbers_without_end(tmp_path: Path):
    rows = (
        f'[[{"9" * 400}, 2, "a"], [1e400, 2, "a"], [1e200, 1e201, "a"], [NaN, 2, "a"], [1, 2, "b"]]'
    )
    found, notes = read(tmp_path / "a.json", rows)
    assert found == [Span(1, 2, "b")] and notes.counts == {"start is no time: left out": 4}
    with pytest.raises(ConfigError, match="no list of rows"):
        read(tmp_path / "a.json", f'[[{"9" * 5000}, 2, "a"]]')
    with pytest.raises(ConfigError, match="no list of rows"):
        read(tmp_path / "a.json", "[" * 100_000)
    found, notes = read(tmp_path / "a.csv", f"1,2,b\n{'9' * 400},{'9' * 400},a\n")
    assert found == [Span(1, 2, "b")] and notes.counts.total() == 1


def test_several_videos_with_goal_and_duration(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("video,start,end,text,task,duration\na.mp4,1,2,x,Bake,9\nb.mp4,3,4,y,,\n")
    lines = list(CONVERTERS["table"].read(Source(path), Notes()))
    assert [(line.video, line.goal, line.duration_s) for line in lines] == [
        ("a.mp4", "Bake", 9), ("b.mp4", "", 0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "", "holds no rows"),
        ("a.csv", "start,end,text\n", "holds no rows"),
        ("a.csv", "when,what\n1,x\n", "line 1: no column start and no column text"),
        ("a.csv", "1,2\n", "line 1: needs start, end, text"),
        ("a.csv", 'start,end,text\n1,2,"open\n', "line 2"),
        ("a.json", "[1, 2", "line 1, column"),
        ("a.json", "3", "list of objects"),
        ("a.json", '{"v": {"start": 1}}', "'v' is dict"),
    ],
)
def test_a_table_that_makes_no_sense(tmp_path: Path, name: str, text: str, words: str):
    with pytest.raises(ConfigError, match=words):
        read(tmp_path / name, text)
