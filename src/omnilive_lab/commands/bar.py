"""How far a long run of the lab is, on standard error."""

from typing import Any

from omnilive.commands.output import remark

EVERY = 50  # steps between lines where standard error is no terminal


class Bar:
    """A Rich bar on standard error; where that is no terminal, a line now and then."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._console = Console(stderr=True)
        self._bar = Progress(console=self._console, disable=not self._console.is_terminal)
        self._task: Any = None
        self._name, self._count, self._total = "", 0, 0

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def stage(self, name: str, total: int) -> None:
        """Show a new bar."""
        self._name, self._count, self._total = name, 0, total
        self._task = self._bar.add_task(name, total=total)

    def advance(self, line: dict[str, Any] | None = None) -> None:
        """Move it on; a step of training says where it is itself."""
        self._count = line["step"] if line else self._count + 1
        text = f"{self._name}, loss {line['loss']:.3f}" if line else self._name
        self._bar.update(self._task, completed=self._count, description=text)
        is_due = self._count % EVERY == 0 or self._count == self._total
        if is_due and not self._console.is_terminal:
            remark(f"{text}: {self._count} of {self._total}")
