"""Charts as numbers to draw: where each bar stands, how high, and what it leads to. `templates/components/bars.html` and `area.html`
draw them as SVG.

Across, places are percentages, so that a chart fits any width and its letters keep their size; upwards, pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

PLOT = 176
"""Pixels between the lowest and the highest line of a chart's scale."""

TOP = 10
"""Pixels above it, for the highest label."""

SERIES = 5
"""Series that have a colour and a pattern of their own; what is more goes together as one, the sixth."""

GAP = 1.5  # pixels between the parts of a bar


@dataclass(frozen=True, slots=True)
class Series:
    """One part of every bar: `number` is its colour and pattern, 1 to 6."""

    number: int
    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """What is to be drawn: `values` belong to the series in turn. `said` is read aloud."""

    label: str
    said: str
    url: str
    values: Sequence[int]
    urls: Sequence[str] = ()  # of each value, for the table


@dataclass(frozen=True, slots=True)
class Tick:
    y: str
    label: str
    zero: bool


@dataclass(frozen=True, slots=True)
class Part:
    series: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    said: str
    url: str
    left: str  # where what one may press begins
    width: str
    x: str  # where the bar begins
    bar: str  # how wide it is
    middle: str
    parts: list[Part]
    total: int
    cells: list[tuple[int, str]]  # for the table
    every_other: bool  # its label is left out where there is little room
    top: str = ""  # of what is drawn, of a line its point


@dataclass(frozen=True, slots=True)
class Chart:
    columns: list[Column]
    series: list[Series]
    ticks: list[Tick]
    height: int = TOP + PLOT + 26
    bottom: int = TOP + PLOT
    label_y: int = TOP + PLOT + 18
    plot: int = PLOT
    top: int = TOP
    line: str = ""  # of an area: its path, in a box of 100 by 100
    area: str = ""
    totals: list[int] = field(default_factory=list)  # by series

    @property
    def empty(self) -> bool:
        return not any(value for column in self.columns for value, _ in column.cells)


def bars(wanted: Sequence[Bar], series: Sequence[Series]) -> Chart:
    """Bars of stacked parts, what is below zero below its line."""
    highest = max((sum(max(value, 0) for value in bar.values) for bar in wanted), default=0)
    lowest = min((sum(min(value, 0) for value in bar.values) for bar in wanted), default=0)
    scale = _scale(lowest, highest)
    step = 100 / max(len(wanted), 1)
    columns = []
    for index, bar in enumerate(wanted):
        columns.append(
            Column(
                label=bar.label,
                said=bar.said,
                url=bar.url,
                left=_percent(index * step),
                width=_percent(step),
                x=_percent((index + 0.19) * step),
                bar=_percent(step * 0.62),
                middle=_percent((index + 0.5) * step),
                parts=_stack(bar.values, series, scale),
                total=sum(bar.values),
                cells=_cells(bar),
                every_other=(len(wanted) - 1 - index) % 2 == 1,
            )
        )
    totals = [sum(bar.values[index] for bar in wanted) for index in range(len(series))]
    return Chart(columns, list(series), _ticks(scale), totals=totals)


def area(levels: Sequence[int], wanted: Sequence[Bar], *, each: int) -> Chart:
    """A line through `levels`, and under it what may be pressed: each of `wanted` spans `each` steps from one level to the next.

    The last one may still be under way: the line ends with its levels.
    """
    scale = _scale(min(levels, default=0), max(levels, default=0))
    steps = max(each * len(wanted), 1)
    places = [(100 * index / steps, 100 * (scale.y(level) - TOP) / PLOT) for index, level in enumerate(levels)]
    line = " ".join(f"{'L' if index else 'M'}{x:.2f} {y:.2f}" for index, (x, y) in enumerate(places))
    floor = 100 * (scale.y(0) - TOP) / PLOT
    columns = []
    for index, bar in enumerate(wanted):
        point = min((index + 1) * each, len(levels) - 1)
        columns.append(
            Column(
                label=bar.label,
                said=bar.said,
                url=bar.url,
                left=_percent(100 * index * each / steps),
                width=_percent(100 * each / steps),
                x=_percent(100 * point / steps),
                bar="",
                middle=_percent(100 * (index + 0.5) * each / steps),
                parts=[],
                total=levels[point],
                cells=[(levels[point], bar.url)],
                every_other=(len(wanted) - 1 - index) % 2 == 1,
                top=_pixels(scale.y(levels[point])),
            )
        )
    return Chart(
        columns,
        [],
        _ticks(scale),
        line=line,
        area=f"{line} L{places[-1][0]:.2f} {floor:.2f} L0 {floor:.2f} Z" if places else "",
    )


def _cells(bar: Bar) -> list[tuple[int, str]]:
    urls = list(bar.urls) or [bar.url] * len(bar.values)
    return list(zip(bar.values, urls, strict=True))


@dataclass(frozen=True, slots=True)
class _Scale:
    low: int
    high: int
    step: int

    def y(self, value: float) -> float:
        return TOP + PLOT * (self.high - value) / (self.high - self.low)


def _scale(lowest: int, highest: int) -> _Scale:
    """Round numbers around all values and zero, with at most five steps between them."""
    wide = max(highest, 0) - min(lowest, 0)
    step = _round_up(max(wide / 4, 1))
    low, high = math.floor(min(lowest, 0) / step) * step, math.ceil(max(highest, 1) / step) * step
    return _Scale(low, high, step)


def _round_up(number: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    size = 10 ** math.floor(math.log10(number))
    return int(next(factor * size for factor in (1, 2, 5, 10) if factor * size >= number))


def _ticks(scale: _Scale) -> list[Tick]:
    return [
        Tick(_pixels(scale.y(value)), short(value), value == 0)
        for value in range(scale.low, scale.high + 1, scale.step)
    ]


def _stack(values: Sequence[int], series: Sequence[Series], scale: _Scale) -> list[Part]:
    """The parts of one bar, the first lowest; a present one is never thinner than a line that can be seen."""
    parts, up, down = [], 0, 0
    for value, one in zip(values, series, strict=True):
        if not value:
            continue
        start, end = (up, up + value) if value > 0 else (down, down + value)
        up, down = (end, down) if value > 0 else (up, end)
        top, bottom = scale.y(max(start, end)), scale.y(min(start, end))
        height = max(bottom - top - (GAP if start else 0), 1.5)
        parts.append(Part(one.number, _pixels(top), _pixels(height)))
    return parts


def short(number: int) -> str:
    """A number of a scale: "950", "12k", "1.5M"."""
    sign, size = "\u2212" if number < 0 else "", abs(number)
    for unit, word in ((10**9, "bn"), (10**6, "M"), (10**4, "k")):
        if size >= unit:
            divisor = 1000 if word == "k" else unit
            return f"{sign}{size / divisor:.1f}".removesuffix(".0") + word
    return f"{sign}{size:,}"


def _percent(number: float) -> str:
    return f"{number:.3f}%"


def _pixels(number: float) -> str:
    return f"{number:.1f}"
