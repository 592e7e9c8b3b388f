"""Tables of a page: the page's script sorts and searches them and turns their pages; their heads and totals stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.report.html import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ROWS = 400
"""Rows of a table on a page; of more it says where the rest is."""


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: frozenset[int] = frozenset(),
    *,
    total: Sequence[str] = (),
    stacked: bool = False,
    file: str = "",
) -> str:
    """A table; cells are markup already.

    Args:
        headers: a title for each column, with its unit.
        rows: all of them; the first `MOST_ROWS` are shown.
        numbers: places of columns that stand to the right, and are sorted as numbers.
        total: a last row that stays in sight; empty: none.
        stacked: on a phone each row stands as a block of its own, a line for each column: for columns of words.
        file: the table of the results that holds all rows.
    """
    listed = list(rows)
    shape = [' class="number"' if place in numbers else "" for place in range(len(headers))]
    head = "".join(f'<th scope="col"{kind}>{text(header)}</th>' for kind, header in zip(shape, headers, strict=True))
    body = "".join(_row(shape, row) for row in listed[:MOST_ROWS])
    foot = f"<tfoot>{_row(shape, total)}</tfoot>" if total else ""
    more = ""
    if len(listed) > MOST_ROWS:
        more = f"<p>The first {MOST_ROWS:,} of {len(listed):,}{f'; all are in {text(file)}' if file else ''}.</p>"
    kind = ' class="stacked"' if stacked else ""
    label = text(f"table: {headers[0] or 'comparison'}")
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{label}"><table{kind}>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>{foot}</table></div>{more}"
    )


def _row(shape: Sequence[str], row: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(shape, row, strict=True)) + "</tr>\n"
