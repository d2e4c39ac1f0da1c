import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from omnilive.commands.live_view import LiveView


def pipeline(*, live: bool, t: float, known_t: float, dropped: int = 0, duration_s: Any = 60.0):
    return SimpleNamespace(
        t=t,
        live=live,
        dropped=dropped,
        progress=SimpleNamespace(t=known_t),
        ledger=SimpleNamespace(offset_s=100.0),
        source=SimpleNamespace(info=SimpleNamespace(duration_s=duration_s)),
    )


def drawn(view: LiveView) -> str:
    console = Console(file=io.StringIO(), width=120, height=40)
    console.print(view.render())
    return console.file.getvalue()  # type: ignore[attr-defined]


def view_of(running: Any) -> LiveView:
    view = LiveView(Path("/data/s"), Console(file=io.StringIO()))
    if running is not None:
        view.opened(running)
    return view


def test_until_the_source_is_open_it_says_what_it_waits_for():
    assert "loading models" in drawn(view_of(None))


def test_position_duration_and_lag_are_there():
    text = drawn(view_of(pipeline(live=True, t=112, known_t=108.5, dropped=3)))
    assert "0:12 of 1:00" in text
    assert "3.5 s behind" in text
    assert "3 pictures skipped" in text


def test_a_stream_has_no_end_and_one_that_keeps_up_says_so():
    text = drawn(view_of(pipeline(live=True, t=112, known_t=111.9, duration_s=None)))
    assert "0:12" in text and "live" in text and "keeping up" in text


def test_at_fast_pace_it_says_how_fast():
    text = drawn(view_of(pipeline(live=False, t=112, known_t=108)))
    assert "times real time" in text


def test_what_is_seen_and_said_is_shown_and_no_markup_is_read_into_it():
    view = view_of(pipeline(live=True, t=112, known_t=112))
    base = {"type": "percept", "start_s": 105.0, "end_s": 106.0, "confidence": 1.0, "t": 106.0}
    view.show(
        {**base, "kind": "text", "text": "[red]EXIT[/red]", "final": False, "data": {"id": "t"}}
    )
    view.show({**base, "kind": "speech", "text": "The soup", "final": False, "data": {"id": "s"}})
    text = drawn(view)
    assert "[red]EXIT[/red]" in text and "The soup" in text
