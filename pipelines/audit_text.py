"""Verdicts of audits as lines for people, and as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.warehouse.auditing import Verdict
    from keep3r_replay.warehouse.session import Part

_EXACT = 2**53


def verdict_lines(part: Part | None, verdict: Verdict, most: int) -> list[str]:
    """An audit's name, what it means, and its bad rows, indented; `part` is named where there are several."""
    from keep3r_replay.warehouse.formats import as_table

    values = ", ".join(f"{name}={text}" for name, text in verdict.values.items())
    name = "".join([f"{part.schema}." if part else "", verdict.audit.name, f" ({values})" if values else ""])
    if verdict.failed:
        return [f"FAILED  {name}: {verdict.problem}"]
    if verdict.answer is None:
        return [f"-       {name}: {verdict.problem}"]
    if not verdict.rows:
        return [f"ok      {name}"]
    table = as_table(verdict.answer, most).splitlines()
    return [f"ROWS    {name}: {verdict.audit.meaning}", *(f"        {line}" for line in table)]


def counts_line(verdicts: Sequence[Verdict]) -> str:
    """How many audits ran, and how many found something."""
    bad = [verdict for verdict in verdicts if verdict.rows]
    failed = sum(verdict.failed for verdict in verdicts)
    left = sum(verdict.answer is None and not verdict.failed for verdict in verdicts)
    rows = sum(verdict.rows for verdict in bad)
    parts = [f"{counted(len(verdicts) - left - failed, 'audit')}: {len(bad)} with rows ({counted(rows, 'row')})"]
    parts += [f"{left} left out"] if left else []
    parts += [f"{failed} failed"] if failed else []
    return ", ".join(parts)


def verdict_json(part: Part, verdict: Verdict) -> dict[str, Any]:
    """An audit's verdict as JSON has it; amounts, and whole numbers above 2^53, are text."""
    answer = verdict.answer
    return {
        "schema": part.schema,
        "audit": verdict.audit.name,
        "kind": verdict.audit.kind,
        "meaning": verdict.audit.meaning,
        "parameters": dict(verdict.values),
        "problem": verdict.problem,
        "failed": verdict.failed,
        "count": verdict.rows,
        "rows": [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows] if answer else [],
    }


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, str, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)
