import json
from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.reading import Record, entries, read_json, records, table

NEED = "Download it from there."


def write(folder: Path, text: str, name: str = "q.json") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_each_entry_of_a_list_is_named_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, '[\n {"a": 1},\n\n {"a": [1,\n 2]}\n,{"a": "}]"} ]\n')
    assert [record.at for record in records(path, NEED)] == [
        f"{path}, line 2", f"{path}, line 4", f"{path}, line 6",
    ]  # fmt: skip
    assert [record.data["a"] for record in records(path, NEED)] == [1, [1, 2], "}]"]


def test_json_lines_and_byte_marks_are_read_too(tmp_path: Path) -> None:
    path = write(tmp_path, '\ufeff{"a": 1}\n\n{"a": "\u2028"}\n', "q.jsonl")
    assert [(r.at[-6:], r.get("a")) for r in records(path, NEED)] == [
        ("line 1", 1),
        ("line 3", "\u2028"),
    ]
    assert list(records(write(tmp_path, "[]"), NEED)) == []
    assert list(records(write(tmp_path, " [ ] "), NEED)) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [("[1]", "line 1: should be an object"), ('[{"a": 1}\n{"b"]', "line 2: no JSON"),
     ('{"a": 1}\n{"b"\n', "line 2: no JSON"), ("[", "no JSON")],
)  # fmt: skip
def test_what_is_no_list_of_objects_is_told_by_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        list(records(write(tmp_path, text), NEED))


def test_a_missing_file_says_what_to_download(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"q\.json is missing\.\nDownload it from there\."):
        read_json(tmp_path / "q.json", NEED)
    (tmp_path / "latin.json").write_bytes(b'["\xe9"]')
    with pytest.raises(ConfigError, match="byte 2 is no UTF-8"):
        list(entries(tmp_path / "latin.json", NEED))


def test_fields_are_checked_by_name_and_kind() -> None:
    record = Record(
        "q.json, line 3",
        json.loads(
            '{"qestion": "x", "n": "4.5", "t": "00:01:23", "l": [1, "b"], "b": true, "null": null}'
        ),
    )
    with pytest.raises(
        ConfigError, match=r"line 3: field 'question' is missing \(renamed to 'qestion'\?\)"
    ):
        record.text("question")
    with pytest.raises(ConfigError, match="it has: qestion, n"):
        record.text("zzz")
    with pytest.raises(ConfigError, match="field 'null' is missing"):
        record.text("null")
    assert (
        record.number("n") == 4.5
        and record.seconds("t") == 83.0
        and record.texts("l") == ["1", "b"]
    )
    assert record.get("null", 7) == 7 and "null" not in record and "n" in record
    for name, method, told in (
        ("b", record.text, "should be text, and is true"), ("b", record.number, "a number"),
        ("qestion", record.number, "a number"), ("n", record.list, "a list"),
        ("l", record.numbers, "a list of numbers"), ("qestion", record.seconds, "a time"),
        ("n", record.record, "an object"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=told):
            method(name)
    inner = Record("q", {"qs": [{"a": 1}, 2]})
    with pytest.raises(ConfigError, match=r"q: field 'qs\[1\]' should be an object, and is 2"):
        list(inner.each("qs"))


@pytest.mark.parametrize(
    ("value", "seconds"), [(7, 7), ("7.5", 7.5), ("1:02", 62), ("01:00:03.5", 3603.5)]
)
def test_times_in_every_form(value: object, seconds: float) -> None:
    assert Record("q", {"t": value}).seconds("t") == seconds


def test_a_table_keeps_line_breaks_in_its_cells(tmp_path: Path) -> None:
    path = write(tmp_path, 'a\tb\n1\t"x\ny"\n2\tz\n', "t.tsv")
    rows = list(table(path, NEED))
    assert [(row.text("a"), row.text("b")) for row in rows] == [("1", "x\ny"), ("2", "z")]
    assert rows[1].at == f"{path}, line 4"
