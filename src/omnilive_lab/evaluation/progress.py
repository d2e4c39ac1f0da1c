"""Shows how far a run is: a bar with the time left on a terminal, else a line now and then."""

from typing import Any

from omnilive.commands.output import remark, say_json
from omnilive.core.clock import stopwatch

EVERY_S = 10.0


class Meter:
    """Tells a person on standard error, and with `json` each item on standard output."""

    def __init__(self, json: bool = False) -> None:
        self._json = json
        self._total = self._done = self._before = 0
        self._began = self._told = stopwatch()
        self._bar: Any = None
        self._task: Any = None

    def began(self, total: int, done: int) -> None:
        """There are `total` items, of which `done` were done before."""
        self._total, self._done, self._before = total, done, done
        self._began = self._told = stopwatch()
        if done:
            remark(f"omnilive: {done} of {total} items are done already")
        self._bar = _bar()
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("items", total=total, completed=done)

    def item(self, line: dict[str, Any]) -> None:
        """One more item is done."""
        self._done += 1
        if self._json:
            say_json({"type": "item", **line})
        if self._bar is not None:
            self._bar.advance(self._task)
        elif stopwatch() - self._told >= EVERY_S:
            self._told = stopwatch()
            remark(f"omnilive: {self._done} of {self._total} items, about {self._left()} left")

    def close(self) -> None:
        """Leave what is shown as it is."""
        if self._bar is not None:
            self._bar.stop()

    def _left(self) -> str:
        each_s = (stopwatch() - self._began) / max(1, self._done - self._before)
        left_s = int(each_s * (self._total - self._done))
        hours, minutes = left_s // 3600, left_s % 3600 // 60
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {left_s % 60} s"


def _bar() -> Any:
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        return None
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        console=console,
    )
