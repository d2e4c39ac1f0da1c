"""What shows a person or a program what is being perceived: the protocol, and who chooses."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from omnilive.commands.output import say, say_json
from omnilive.commands.words import answer_lines, event_line, summary_line

if TYPE_CHECKING:
    from omnilive.pipeline import Pipeline


class View(Protocol):
    """Shown while it is entered; called from the event loop's thread only."""

    def __enter__(self) -> Any:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """Leave the terminal in order; safe to call twice."""
        ...

    def opened(self, pipeline: "Pipeline") -> None:
        """Hear that the source is open; the pipeline says how far it is."""
        ...

    def show(self, line: dict[str, Any]) -> None:
        """Show one line of the log."""
        ...

    def done(self, summary: dict[str, Any]) -> None:
        """Show how it went."""
        ...


def choose_view(folder: Path, json: bool) -> View:
    """Return JSON lines when wanted, a live view on a terminal, else plain lines."""
    if json:
        return JsonLines()
    if sys.stdout.isatty():
        from omnilive.commands.live_view import LiveView

        return LiveView(folder)
    return PlainLines(folder)


class JsonLines:
    """One JSON object a line on standard output, and nothing else there."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, *_: object) -> None:
        """Nothing to put in order."""

    def opened(self, pipeline: "Pipeline") -> None:
        """Nothing to say: the log says it."""

    def show(self, line: dict[str, Any]) -> None:
        """Print the line as it is."""
        say_json(line)

    def done(self, summary: dict[str, Any]) -> None:
        """Print the summary."""
        say_json(summary)


class PlainLines:
    """One readable line for each thing that is news, for a pipe or a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown: set[str] = set()

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, *_: object) -> None:
        """Nothing to put in order."""

    def opened(self, pipeline: "Pipeline") -> None:
        """Nothing to say."""

    def show(self, line: dict[str, Any]) -> None:
        """Print it when it is news."""
        if line["type"] == "answer":
            for text in answer_lines(line, self._folder):
                say(text)
        elif text := event_line(line, self._shown):
            say(text)

    def done(self, summary: dict[str, Any]) -> None:
        """Print the summary."""
        say(summary_line(summary))
