"""`keep3r compare`: results beside each other, of audits, what-ifs or versions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError

from .config import load_config, setting
from .named import NAMES, book_beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.report.comparing import Cell, PartyTotal, Total

SUMMARY = """Compare results with those of other runs: totals, each job, each keeper, and the rows that differ.
The first are compared with each of the others. Ends with 0 if they are the same, and with 3 if they differ."""
DIFFERS = 3
_SHOWN = 5
_PAIR = 2
_TOTALS_SHOWN = 40


@dataclass(frozen=True)
class CompareConfig:
    """Settings of `keep3r compare`."""

    results: str = setting("folders of results, separated by commas: A,B, or more to compare with the first")
    lake: str | None = setting("a lake whose names are told", default=None)
    all: bool = setting("every cell that differs, not the first of each table", default=False)
    names: str | None = setting(NAMES, default=None)
    export: str | None = setting(
        "also write to this file (.csv, .json, .parquet or .xlsx): of two results every cell that differs, of more "
        "what each job and keeper has in each of them",
        default=None,
    )


def main(argv: list[str]) -> int:
    """Print what differs; return the exit code. Raises `UsageError` for fewer than two results."""
    config = load_config("compare", CompareConfig, argv, summary=SUMMARY)
    folders = [Path(each.strip()) for each in config.results.strip("[]").split(",") if each.strip()]
    if len(folders) < _PAIR:
        raise UsageError("results: say two folders or more, as in results=A,B")
    if config.export is not None:
        from keep3r_replay.report.export import check_export

        check_export(Path(config.export))
    from keep3r_replay.report.comparing import PARTIES, differences, origins, party_totals, totals
    from keep3r_replay.report.loaded import load_results

    results = [load_results(folder) for folder in folders]
    book = book_beside(folders[0], config.lake, config.names)
    lines = [f"results {chr(ord('A') + place)}  {folder}" for place, folder in enumerate(folders)]
    lines += _section("made of", _total_lines(origins(results)))
    lines += _section("totals", _total_lines(sums := totals(results)))
    parties = {kind: party_totals(results, kind) for kind in PARTIES}
    for kind, found in parties.items():
        lines += _section(f"by {kind}", _party_lines(found))
    cells = [list(differences(results[0], other)) for other in results[1:]]
    for other, differing in zip(folders[1:], cells, strict=True):
        lines += _section(f"rows, {folders[0]} and {other}", _cell_lines(differing, every=config.all))
    same = not any(cells) and not sums
    print(book.told("\n".join([*lines, "", "the results are the same" if same else "the results differ"])))
    if config.export is not None:
        from keep3r_replay.report.comparing import differences_table, party_table
        from keep3r_replay.report.export import export_table, with_names

        several = [each for found in parties.values() for each in found]
        table = differences_table(cells[0]) if len(folders) == _PAIR else party_table(several)
        export_table(with_names(table, book.names), Path(config.export))
        print(f"table       {config.export}")
    return 0 if same else DIFFERS


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _total_lines(found: Sequence[Total]) -> list[str]:
    from keep3r_replay.report.columns import aligned

    rows = [(each.name, *(_short(value) for value in each.values)) for each in found[:_TOTALS_SHOWN]]
    more = [f"and {len(found) - _TOTALS_SHOWN:,} more"] if len(found) > _TOTALS_SHOWN else []
    return [*aligned(rows, (30, *(20 for _ in rows[0][1:]))), *more] if rows else []


def _party_lines(found: Sequence[PartyTotal]) -> list[str]:
    """Sums of jobs or keepers that differ, and how much from the first."""
    from keep3r_replay.report.columns import aligned

    differ = [each for each in found if any(value != each.values[0] for value in each.values)]
    if not found:
        return []
    if not differ:
        return [f"{len({each.key[0] for each in found}):,}, all with the same sums"]
    count = len(differ[0].values)
    letters = [chr(ord("A") + place) for place in range(count)]
    head = (found[0].kind, "sum", *letters, *(f"{letter} less A" for letter in letters[1:]))
    rows = [
        (
            each.key[0],
            " ".join([each.column, *(f"in {key}" for key in each.key[1:])]),
            *("-" if value is None else f"{value:,}" for value in each.values),
            *(f"{(value or 0) - (each.values[0] or 0):+,}" for value in each.values[1:]),
        )
        for each in differ
    ]
    return aligned([head, *rows], (44, *(12 for _ in head[1:])))


def _cell_lines(cells: Sequence[Cell], *, every: bool) -> list[str]:
    lines = []
    for table, count in sorted(Counter(cell.table for cell in cells).items()):
        mine = [cell for cell in cells if cell.table == table]
        rows = len({(cell.key, cell.status) for cell in mine})
        lines.append(f"{table}: {counted(rows, 'row')}, {counted(count, 'cell')}")
        lines += [f"  {_cell(cell)}" for cell in (mine if every else mine[:_SHOWN])]
        if not every and count > _SHOWN:
            lines.append(f"  and {count - _SHOWN:,} more")
    return lines


def _cell(cell: Cell) -> str:
    if not cell.column:
        return f"{cell.key or 'the table'}  {cell.status}"
    if not cell.key:
        return f"column {cell.column}  {cell.status}"
    by = "" if cell.difference is None else f" ({cell.difference:+})"
    return f"{cell.key}  {cell.column}: {cell.first} -> {cell.second}{by}"


def _short(value: Any) -> str:
    text = (
        "-" if value is None else f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )
    return text if len(text) <= len("0x") + 40 else f"{text[:16]}..."
