"""Drawings as SVG, by hand: lines over time and bonds on a time line. Floats are for places on paper only."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor, log10
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.report.html import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COLOURS = ("#00588a", "#a33c00", "#006b4f", "#7a4b9a", "#8a6d00")
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 12, 14, 26
NARROW = 500
"""Up to this width there is room for three dates only."""
_INK, _SOFT, _LINE = "#1a1a1a", "#5c5c5c", "#dcdcdc"


class Bar(NamedTuple):
    """A bond on the time line: from and to (seconds), its deadline, its name, and whether it was late."""

    name: str
    start: int
    end: int
    deadline: int
    is_late: bool


class Amount(NamedTuple):
    """An amount by name, and what it is with the rest (whole tokens; floats are for places on paper)."""

    name: str
    amount: float
    with_rest: float


def amounts(bars: Sequence[Amount], width: int) -> bytes:
    """Amounts one below the other on a logarithmic scale, the rest beside each, values at the end."""
    row = 15
    height = _TOP + row * max(len(bars), 1) + 8
    low = min((bar.amount for bar in bars if bar.amount > 0), default=1e-18)
    first, last = floor(log10(max(low, 1e-18))) - 1, log10(max(bar.with_rest for bar in bars))
    inside = width - _LEFT - _RIGHT - 96

    def place(value: float) -> float:
        share = (log10(value) - first) / max(last - first, 1) if value > 0 else 0
        return _LEFT + inside * min(max(share, 0), 1)

    parts = []
    for number, bar in enumerate(bars):
        y = _TOP + row * number
        middle, end = place(bar.amount), place(bar.with_rest)
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{middle - _LEFT:.1f}" height="10" fill="{_COLOURS[1]}"/>')
        parts.append(f'<rect x="{middle:.1f}" y="{y}" width="{end - middle:.1f}" height="10" fill="{_COLOURS[0]}"/>')
        parts.append(_text(_LEFT - 6, y + 9, bar.name, _SOFT, "end"))
        parts.append(_text(end + 5, y + 9, f"{bar.with_rest:,.6g}", _INK))
    return _svg(width, height, parts)


def lines(series: dict[str, Sequence[tuple[int, float]]], width: int, height: int) -> bytes:
    """Steps over time, one line a name; values keep until the next."""
    points = [point for each in series.values() for point in each]
    if not points:
        return _svg(width, height, [])
    times, values = [time for time, _ in points], [value for _, value in points]
    paper = _Paper(min(times), max(times), min(values), max(values), width, height)
    parts = paper.frame()
    for number, (name, each) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = _steps(paper, each, max(times))
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(_text(_LEFT + 8 + 60 * number, _TOP + 12, name, colour))
    return _svg(width, height, parts)


def curve(points: Sequence[tuple[int, float]], width: int, height: int, below: str) -> bytes:
    """A value over whole numbers, as points joined by lines; `below` names what the numbers are."""
    if not points:
        return _svg(width, height, [])
    paper = _Paper(points[0][0], points[-1][0], 0.0, max(value for _, value in points), width, height)
    parts = paper.values()
    places = [paper.place(number, value) for number, value in points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    parts.append(f'<path d="M{path}" fill="none" stroke="{_COLOURS[0]}" stroke-width="1.5"/>')
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{_COLOURS[0]}"/>' for x, y in places]
    ends = ((points[0][0], "start"), (points[-1][0], "end"))
    parts += [_text(paper.place(at, 0)[0], height - 8, f"{at:,}", _SOFT, anchor) for at, anchor in ends]
    parts.append(_text(width / 2, height - 8, below, _SOFT, "middle"))
    return _svg(width, height, parts)


def _steps(paper: _Paper, points: Sequence[tuple[int, float]], last: int) -> str:
    path = ""
    for time, value in points:
        x, y = paper.place(time, value)
        path += f"H{x:.1f}V{y:.1f}" if path else f"M{x:.1f} {y:.1f}"
    return path + f"H{paper.place(last, 0)[0]:.1f}" if path else ""


def time_line(bars: Sequence[Bar], width: int) -> bytes:
    """Bonds, one below the other: how long each lay in the swap, with its deadline as a stroke."""
    row = 13
    height = _TOP + row * max(len(bars), 1) + _BOTTOM
    if not bars:
        return _svg(width, height, [])
    paper = _Paper(min(bar.start for bar in bars), max(max(bar.end, bar.deadline) for bar in bars), 0, 1, width, height)
    parts = paper.axis()
    for number, bar in enumerate(bars):
        y = _TOP + row * number
        (start, _), (end, _), (due, _) = (paper.place(time, 0) for time in (bar.start, bar.end, bar.deadline))
        colour = _COLOURS[1] if bar.is_late else _COLOURS[0]
        parts.append(
            f'<rect x="{start:.1f}" y="{y + 2}" width="{max(end - start, 1):.1f}" height="8" fill="{colour}"/>'
        )
        parts.append(f'<path d="M{due:.1f} {y}v12" stroke="{_INK}" stroke-width="1.5"/>')
        parts.append(_text(_LEFT - 6, y + 10, bar.name, _SOFT, "end"))
    return _svg(width, height, parts)


class _Paper:
    """Places of times and values on a drawing."""

    def __init__(self, first: int, last: int, low: float, high: float, width: int, height: int) -> None:
        self._first, self._last = first, max(last, first + 1)
        self._low, self._high = (low, high) if high > low else (low - 0.5, low + 0.5)
        self._width, self._height = width, height

    def place(self, time: int, value: float) -> tuple[float, float]:
        inside, tall = self._width - _LEFT - _RIGHT, self._height - _TOP - _BOTTOM
        x = _LEFT + inside * (time - self._first) / (self._last - self._first)
        y = _TOP + tall * (1 - (value - self._low) / (self._high - self._low))
        return x, y

    def axis(self) -> list[str]:
        """Dates below."""
        parts = []
        last = 4 if self._width > NARROW else 2
        for part in range(last + 1):
            time = self._first + (self._last - self._first) * part // last
            x, _ = self.place(time, self._low)
            parts.append(f'<path d="M{x:.1f} {_TOP}V{self._height - _BOTTOM}" stroke="{_LINE}"/>')
            day = f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"
            anchor = "start" if part == 0 else "end" if part == last else "middle"
            parts.append(_text(x, self._height - 8, day, _SOFT, anchor))
        return parts

    def frame(self) -> list[str]:
        """Dates below and values to the left."""
        return [*self.axis(), *self.values()]

    def values(self) -> list[str]:
        """Values to the left."""
        parts = []
        for part in range(4):
            value = self._low + (self._high - self._low) * part / 3
            _, y = self.place(self._first, value)
            parts.append(f'<path d="M{_LEFT} {y:.1f}H{self._width - _RIGHT}" stroke="{_LINE}"/>')
            parts.append(_text(_LEFT - 6, y + 4, f"{value:.6g}", _SOFT, "end"))
        return parts


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{text(words)}</text>'


def _svg(width: int, height: int, parts: Iterable[str]) -> bytes:
    style = 'font-family="DejaVu Sans, sans-serif" font-size="10"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {style}>'
    return (start + "".join(parts) + "</svg>").encode()
