"""The table of results: means, spreads, and which is the best."""

from omnilive_lab.live.table import Column, html, markdown

COLUMNS = (
    Column("a", "A", "less", digits=2),
    Column("b", "B %", "more", 100),
    Column("n", "tokens", digits=0),
)
RUNS = {
    "streaming": [{"a": 1.0, "b": 0.5, "n": 1694}, {"a": 3.0, "b": 0.7, "n": 1694}],
    "per-frame": [{"a": 2.5, "b": None, "n": 6737.0}],
    "none <yet>": [],
}


def test_markdown_gives_mean_and_standard_deviation_and_marks_the_best() -> None:
    assert markdown(RUNS, COLUMNS).splitlines() == [
        "| | A ↓ | B % ↑ | tokens |",
        "|---|---:|---:|---:|",
        # (1 + 3) / 2; sqrt(((1 - 2)^2 + (3 - 2)^2) / 1) = 1.41; alone in a column none is best
        "| streaming | **2.00 ± 1.41** | 60.0 ± 14.1 | 1,694 ± 0 |",
        "| per-frame | 2.50 | – | 6,737 |",
        "| none <yet> | – | – | – |",
    ]


def test_html_escapes_and_holds_every_table() -> None:
    page = html("LIVE & co", [("Forced", RUNS, COLUMNS), ("Engine", RUNS, COLUMNS[:1])])
    assert "<title>LIVE &amp; co</title>" in page
    assert page.count("<table>") == 2
    assert "<td><b>2.00 ± 1.41</b></td>" in page
    assert "none &lt;yet&gt;" in page
