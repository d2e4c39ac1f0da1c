import io

from rich.console import Console

from omnilive.catalog.progress import Bar


def test_bar_writes_to_standard_error_only(capsys):
    bar = Bar()
    bar.start("tiny", 2_000_000)
    bar.advance(1_000_000)
    bar.done()
    bar.start("unknown size", None)
    bar.done()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "fetching tiny (2.0 MB)\nfetching unknown size\n"


def test_bar_on_a_terminal_counts_bytes():
    screen = io.StringIO()
    bar = Bar(Console(file=screen, force_terminal=True, width=100))
    bar.start("tiny", 2_000_000)
    bar.advance(2_000_000)
    bar.done()
    assert "2.0/2.0 MB" in screen.getvalue()
