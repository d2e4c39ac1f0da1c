"""How a long download tells a person how far it is: a protocol, silence, and a Rich bar."""

from typing import Any, Protocol


class Progress(Protocol):
    """Hears about one transfer at a time, from the thread that pulls."""

    def start(self, label: str, total_bytes: int | None) -> None:
        """Begin a transfer; the total is None where it is not known."""
        ...

    def advance(self, n: int) -> None:
        """Count `n` more bytes."""
        ...

    def done(self) -> None:
        """End the transfer, whether it succeeded or not."""
        ...


class Silent:
    """Progress that nobody watches."""

    def start(self, label: str, total_bytes: int | None) -> None:
        """Ignore it."""

    def advance(self, n: int) -> None:
        """Ignore it."""

    def done(self) -> None:
        """Ignore it."""


class Bar:
    """A Rich progress bar on standard error; where that is no terminal, one line a transfer."""

    def __init__(self, console: Any = None) -> None:
        self._console = console
        self._bar: Any = None

    def start(self, label: str, total_bytes: int | None) -> None:
        """Show a new bar under the finished ones."""
        console = self._console or _console()
        if not console.is_terminal:
            console.print(f"fetching {label}{_size(total_bytes)}", highlight=False)
            return
        self._bar = _new_bar(console)
        self._bar.start()
        self._bar.add_task(label, total=total_bytes)

    def advance(self, n: int) -> None:
        """Move the bar."""
        if self._bar:
            self._bar.advance(self._bar.task_ids[0], n)

    def done(self) -> None:
        """Leave the bar on screen as it is."""
        if self._bar:
            self._bar.stop()
        self._bar = None


def _size(total_bytes: int | None) -> str:
    return f" ({total_bytes / 1e6:.1f} MB)" if total_bytes else ""


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def _new_bar(console: Any) -> Any:
    from rich import progress

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=console,
    )
