"""Pieces of a page: everything that comes from outside passes through `text`."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

GENERATOR = "keep3r_replay"
"""The mark by which a page is known as ours: nobody else's file is replaced by one."""

STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --soft: #5c5c5c; --line: #dcdcdc; --good: #006b4f; --bad: #a33c00; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
p, figcaption { color: var(--soft); margin: .2rem 0 .6rem; }
.verdict { display: inline-block; padding: .15rem .7rem; border-radius: .3rem; color: #fff; font-weight: 600; }
.clean { background: var(--good); } .findings { background: var(--bad); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem;
  margin: 1rem 0; padding: 0; }
.facts div { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .7rem; }
.facts dt { color: var(--soft); font-size: .85rem; } .facts dd { margin: 0; font-size: 1.15rem; font-weight: 600; }
figure { margin: .8rem 0 1.4rem; } figure img { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .87rem; width: 100%; }
th, td { padding: .3rem .6rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: .86em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
summary { cursor: pointer; padding: .3rem 0; } nav a { margin-right: .8rem; white-space: nowrap; }
a { color: #00588a; }
@media (max-width: 640px) {
  th, td { padding-right: .4rem; }
  td code { display: inline-block; max-width: 10ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
}
""".strip()


def text(value: object) -> str:
    """Any value as text of a page, escaped."""
    return html.escape(str(value), quote=True)


def code(value: object) -> str:
    """An address or a hash."""
    return f"<code>{text(value)}</code>"


def name(value: object) -> str:
    """A name with underscores, which may break after them."""
    return text(value).replace("_", "_<wbr>")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int] = frozenset()) -> str:
    """A table; cells are markup already. Columns in `numbers` stand to the right."""
    shape = [' class="number"' if place in numbers else "" for place in range(len(headers))]
    head = "".join(f"<th{kind}>{text(header)}</th>" for kind, header in zip(shape, headers, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(shape, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def findings_table(findings: pl.DataFrame, shown: int, subject: Callable[[object], str]) -> str:
    """A section with the first `shown` findings; `subject` makes markup of whom one is about."""
    rows = [
        (
            str(row["block_number"]),
            text(row["severity"]),
            text(row["kind"]),
            subject(row["subject"]),
            text(row["reason"]),
        )
        for row in findings.head(shown).iter_rows(named=True)
    ]
    more = f"<p>and {findings.height - shown:,} more in findings.parquet</p>" if findings.height > shown else ""
    return "<h2>Findings and notices</h2>" + table(("block", "severity", "kind", "subject", "why"), rows) + more


def figure(anchor: str, caption: str, wide: bytes, narrow: bytes) -> str:
    """A chart with its two drawings: the narrow one for phones."""
    return (
        f'<figure id="{text(anchor.replace(" ", "-"))}"><picture>'
        f'<source media="(max-width: 640px)" srcset="{_data(narrow)}">'
        f'<img src="{_data(wide)}" alt="{text(caption)}"></picture>'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def folded(title: str, content: str) -> str:
    """What is there for those who want it."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def page(title: str, body: str) -> str:
    """The whole page: no script, nothing from elsewhere."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="generator" content="{GENERATOR}">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{text(title)}</title>\n<style>{STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def _data(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")
