"""Small plots as SVG text, without any library: bars, dots beside published rows, distributions."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 720
OURS, STRICT, OTHERS, MARKED, GRID, INK = (
    "#1d6fd1", "#8ab6ea", "#b9b9b9", "#d9822b", "#e4e4e4", "#333333",
)  # fmt: skip
ROW_PX, LEFT_PX, RIGHT_PX, TOP_PX = 26, 170, 60, 34


def bars(
    title: str,
    official: Mapping[str, float | None],
    strict: Mapping[str, float | None],
    highest: float,
) -> str:
    """Return one row a column: our official score as a bar, the strict one as a line on it."""
    parts, y = [], TOP_PX
    for name, value in official.items():
        parts.append(_label(name, y))
        if value is None:
            parts.append(_text(LEFT_PX + 4, y + 17, "not scored", OTHERS))
        else:
            width = _x(value, highest) - LEFT_PX
            parts.append(_rect(LEFT_PX, y + 5, width, ROW_PX - 10, OURS, f"{name}: {value:.2f}"))
            parts.append(_text(_x(value, highest) + 5, y + 17, f"{value:.1f}", INK))
        if (other := strict.get(name)) is not None:
            x = _x(other, highest)
            parts.append(_line(x, y + 2, x, y + ROW_PX - 2, INK, f"{name}, strict: {other:.2f}"))
        y += ROW_PX
    legend = [(OURS, "official"), (INK, "strict (line)")]
    return _plot(title, parts, y, highest, legend)


def beside(
    title: str,
    ours: Mapping[str, float | None],
    rows: Sequence[tuple[str, Mapping[str, float]]],
    marked: str,
    highest: float,
) -> str:
    """Return one row a column: every published row as a grey dot, `marked` orange, ours blue."""
    parts, y = [], TOP_PX
    for name, value in ours.items():
        middle = y + ROW_PX / 2
        parts.append(_label(name, y))
        for model, scores in rows:
            if name in scores:
                colour = MARKED if model == marked else OTHERS
                told = f"{model}, {name}: {scores[name]:g}"
                parts.append(_dot(_x(scores[name], highest), middle, colour, told))
        if value is not None:
            parts.append(_dot(_x(value, highest), middle, OURS, f"ours, {name}: {value:.2f}", 6))
        y += ROW_PX
    legend = [(OURS, "ours"), (MARKED, marked), (OTHERS, "other published rows")]
    return _plot(title, parts, y, highest, legend if marked else [legend[0], legend[2]])


def histogram(title: str, values: Sequence[float], unit: str, bins: int = 24) -> str:
    """Return how often values fall into equal parts of their range."""
    low, high = min(values), max(values)
    step = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / step))] += 1
    most, height, left = max(counts), 150, 50
    width = (WIDTH - left - 20) / bins
    parts = []
    for index, count in enumerate(counts):
        tall = height * count / most
        x, y = left + index * width, TOP_PX + height - tall
        told = f"{low + index * step:.3g} to {low + (index + 1) * step:.3g} {unit}: {count}"
        parts.append(_rect(x, y, max(1.0, width - 1.5), tall, OURS, told))
    base = TOP_PX + height
    parts.append(_line(left, base, WIDTH - 20, base, INK))
    parts.append(_text(left, base + 16, f"{low:.3g} {unit}", INK))
    parts.append(_text(WIDTH - 20, base + 16, f"{high:.3g} {unit}", INK, "end"))
    parts.append(_text(left - 6, TOP_PX + 10, str(most), INK, "end"))
    return _svg(title, parts, base + 26)


def trend(title: str, points: Sequence[tuple[str, float]]) -> str:
    """Return values over runs, oldest first, each with its label (a commit)."""
    low = min(0.0, *(value for _, value in points))
    high = max(value for _, value in points) or 1.0
    height, left = 160, 60
    step = (WIDTH - left - 40) / max(1, len(points) - 1)
    places = [
        (left + i * step, TOP_PX + height * (1 - (value - low) / ((high - low) or 1.0)))
        for i, (_, value) in enumerate(points)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f'<polyline points="{path}" fill="none" stroke="{OURS}" stroke-width="2"/>']
    every = max(1, len(points) // 8)
    for index, ((x, y), (label, value)) in enumerate(zip(places, points, strict=True)):
        parts.append(_dot(x, y, OURS, f"{label}: {value:g}"))
        if index % every == 0:
            parts.append(_text(x, TOP_PX + height + 18, label, INK, "middle"))
    parts.append(_text(left - 8, TOP_PX + 4, f"{high:.4g}", INK, "end"))
    parts.append(_text(left - 8, TOP_PX + height, f"{low:.4g}", INK, "end"))
    return _svg(title, parts, TOP_PX + height + 28)


def _plot(
    title: str, parts: list[str], y: int, highest: float, legend: Sequence[tuple[str, str]]
) -> str:
    grid = []
    for i in range(5):
        value = highest * i / 4
        x = _x(value, highest)
        grid.append(_line(x, TOP_PX, x, y, GRID))
        grid.append(_text(x, y + 15, f"{value:g}", INK, "middle"))
    x = LEFT_PX
    keys = []
    for colour, name in legend:
        keys.append(_dot(x + 5, y + 32, colour, name))
        keys.append(_text(x + 15, y + 36, name, INK))
        x += 40 + 7 * len(name)
    return _svg(title, [*grid, *parts, *keys], y + 46)


def _svg(title: str, parts: Sequence[str], height: float) -> str:
    heading = _text(0, 18, title, INK, "start", 'font-weight="600"')
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" '
        f'font-family="system-ui, sans-serif" font-size="12">{heading}{"".join(parts)}</svg>'
    )


def _x(value: float, highest: float) -> float:
    share = min(1.0, max(0.0, value / highest)) if highest else 0.0
    return LEFT_PX + share * (WIDTH - LEFT_PX - RIGHT_PX)


def _label(name: str, y: float) -> str:
    short = name if len(name) <= 24 else f"{name[:23]}…"
    return _text(LEFT_PX - 8, y + 17, short, INK, "end")


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start", more: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" {more}>'
        f"{escape(text)}</text>"
    )


def _rect(x: float, y: float, width: float, height: float, colour: str, told: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height:.1f}" '
        f'fill="{colour}"><title>{escape(told)}</title></rect>'
    )


def _line(x: float, y: float, x2: float, y2: float, colour: str, told: str = "") -> str:
    title = f"<title>{escape(told)}</title>" if told else ""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{2 if told else 1}">{title}</line>'
    )


def _dot(x: float, y: float, colour: str, told: str, radius: float = 4.0) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}" fill-opacity="0.85">'
        f"<title>{escape(told)}</title></circle>"
    )
