"""The live terminal view: what is seen and heard now, what just happened, how far it is."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from omnilive.commands.now import Now
from omnilive.commands.output import clock
from omnilive.commands.words import alert_lines, answer_lines, summary_line
from omnilive.core.clock import stopwatch

if TYPE_CHECKING:
    from omnilive.pipeline import Pipeline

REFRESH_S = 0.15
LATE_S = 1.5  # perception this far behind the stream is worth a word


class LiveView:
    """Draws a few times a second; answers stay above the picture, in the scroll-back."""

    def __init__(self, folder: Path, console: Console | None = None) -> None:
        self._console = console or Console()
        self._folder = folder
        self._now = Now()
        self._pipeline: Pipeline | None = None
        self._began, self._began_t = 0.0, 0.0
        self._live = Live(
            get_renderable=self.render, console=self._console, auto_refresh=False, transient=True
        )
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        """Begin to draw."""
        self._live.start(refresh=True)
        self._task = asyncio.get_running_loop().create_task(self._draw())

    def __exit__(self, *_: object) -> None:
        """Stop drawing; the cursor comes back."""
        if self._task is not None:
            self._task.cancel()
        self._live.stop()

    def opened(self, pipeline: "Pipeline") -> None:
        """Begin the progress bar."""
        self._pipeline = pipeline
        self._began, self._began_t = stopwatch(), -1.0

    def show(self, line: dict[str, Any]) -> None:
        """Take it into the picture; it is drawn at the next turn."""
        if line["type"] == "answer":
            for text in answer_lines(line, self._folder):
                self._console.print(Text(text), soft_wrap=True)
        elif line["type"] == "alert":
            for text in alert_lines(line, self._folder):
                self._console.print(Text(text, style="bold yellow"), soft_wrap=True)
        else:
            self._now.take(line)

    def done(self, summary: dict[str, Any]) -> None:
        """Leave the summary in place of the picture."""
        self.__exit__()
        self._console.print(Text(summary_line(summary)))

    async def _draw(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            self._live.refresh()

    def render(self) -> RenderableType:
        """Return the whole picture."""
        if self._pipeline is None:
            return Text("loading models ...", style="dim")
        now, grid = self._now, Table.grid(padding=(0, 2))
        grid.add_column(style="cyan", no_wrap=True)
        grid.add_column(overflow="ellipsis", no_wrap=True)
        grid.add_row("sees", _list("; ", [now.picture, *now.tags.values()]))
        grid.add_row("objects", _list(", ", now.objects.values()))
        grid.add_row("text", _list("  |  ", now.texts.values()))
        grid.add_row("hears", _list(", ", now.sounds.values()))
        heard = [Text(text, style="dim") for text in now.captions]
        heard.append(Text(now.caption or " ", style="bold"))
        events = [Text(text, no_wrap=True, overflow="ellipsis") for text in now.events]
        return Group(
            self._progress(self._pipeline),
            Panel(grid, title="now", title_align="left"),
            Panel(Group(*heard), title="said", title_align="left"),
            *events,
        )

    def _progress(self, pipeline: "Pipeline") -> RenderableType:
        position_s = max(0.0, pipeline.t - pipeline.ledger.offset_s)
        if self._began_t < 0 and pipeline.t > -1e8:
            self._began, self._began_t = stopwatch(), position_s
        duration_s = pipeline.source.info.duration_s
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(no_wrap=True, justify="right")
        bar = ProgressBar(total=duration_s, completed=position_s) if duration_s else Text("live")
        place = clock(position_s) + (f" of {clock(duration_s)}" if duration_s else "")
        row.add_row(place, bar, Text(self._how_it_goes(pipeline, position_s), style="yellow"))
        return row

    def _how_it_goes(self, pipeline: "Pipeline", position_s: float) -> str:
        said = [self._now.state] if self._now.state else []
        known_t = pipeline.progress.t
        if not pipeline.live:
            speed = (position_s - self._began_t) / max(stopwatch() - self._began, 0.1)
            said.append(f"{max(0.0, speed):.1f} times real time")
        elif -1e8 < known_t < 1e11 and pipeline.t - known_t > LATE_S:
            said.append(f"{pipeline.t - known_t:.1f} s behind")
        else:
            said.append("keeping up")
        if pipeline.dropped:
            said.append(f"{pipeline.dropped} pictures skipped, the machine is too slow for all")
        return ", ".join(said)


def _list(between: str, texts: Iterable[str]) -> Text:
    joined = between.join(text for text in texts if text)
    return Text(joined) if joined else Text("–", style="dim")
