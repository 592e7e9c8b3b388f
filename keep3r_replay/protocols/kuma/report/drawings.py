"""The cost curve as SVG, by hand, for a question's answer: it needs no extra. Floats are for places on paper only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.report.html import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 12, 14, 26
_COLOUR, _SOFT, _LINE = "#00588a", "#5c5c5c", "#dcdcdc"


def curve(points: Sequence[tuple[int, float]], width: int, height: int, below: str) -> bytes:
    """A value over whole numbers, as points joined by lines; `below` names what the numbers are."""
    if not points:
        return _svg(width, height, [])
    paper = _Paper(points[0][0], points[-1][0], 0.0, max(value for _, value in points), width, height)
    parts = paper.values()
    places = [paper.place(number, value) for number, value in points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    parts.append(f'<path d="M{path}" fill="none" stroke="{_COLOUR}" stroke-width="1.5"/>')
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{_COLOUR}"/>' for x, y in places]
    ends = ((points[0][0], "start"), (points[-1][0], "end"))
    parts += [_text(paper.place(at, 0)[0], height - 8, f"{at:,}", _SOFT, anchor) for at, anchor in ends]
    parts.append(_text(width / 2, height - 8, below, _SOFT, "middle"))
    return _svg(width, height, parts)


class _Paper:
    """Places of numbers and values on a drawing."""

    def __init__(self, first: int, last: int, low: float, high: float, width: int, height: int) -> None:
        self._first, self._last = first, max(last, first + 1)
        self._low, self._high = (low, high) if high > low else (low - 0.5, low + 0.5)
        self._width, self._height = width, height

    def place(self, number: int, value: float) -> tuple[float, float]:
        inside, tall = self._width - _LEFT - _RIGHT, self._height - _TOP - _BOTTOM
        x = _LEFT + inside * (number - self._first) / (self._last - self._first)
        y = _TOP + tall * (1 - (value - self._low) / (self._high - self._low))
        return x, y

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
