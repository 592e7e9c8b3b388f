"""Answers of the warehouse on the terminal, in a pipe or in a file."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.warehouse.formats import Format

from .terminal import unfiltered

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb


def print_answer(
    database: Path,
    statement: str,
    form: Format,
    file: str | None,
    *,
    schema: str,
    write: bool = False,
    prepare: Callable[[duckdb.DuckDBPyConnection], dict[str, Any]] = lambda _: {},
) -> int:
    """Print the rows of a statement, or write them to a new file; returns how many there are.

    `prepare` is called with the open warehouse and gives the statement's parameters.

    Raises:
        UsageError: the file is there already, or Parquet would go to a terminal; or as `warehouse.query.query`.
    """
    from keep3r_replay.errors import UsageError
    from keep3r_replay.warehouse.formats import as_table, write_answer
    from keep3r_replay.warehouse.query import run
    from keep3r_replay.warehouse.session import asking

    if file is not None and Path(file).exists():
        raise UsageError(f"file={file}: is there already")
    if file is None and form in {Format.parquet, Format.xlsx} and sys.stdout.isatty():
        raise UsageError(f"format={form.value} is no text: say file=FILE, or send it on with > FILE")
    if form is Format.table:
        with asking(database, schema=schema, write=write) as connection:
            answer = run(connection, statement, write=write, parameters=prepare(connection))
        _out(f"{as_table(answer)}\n".encode(), file)
        return len(answer.rows)
    with tempfile.TemporaryDirectory(prefix="keep3r-") as folder:
        written = Format.parquet if form is Format.xlsx else form
        made = Path(folder).resolve() / f"answer.{written.value}"
        with asking(database, schema=schema, write=write, answers=[made]) as connection:
            rows = write_answer(connection, statement, made, written, write=write, parameters=prepare(connection))
        if form is Format.xlsx:
            import polars as pl

            from keep3r_replay.report.export import export_table

            made = made.with_suffix(".xlsx")
            export_table(pl.read_parquet(made.with_suffix(".parquet")), made)
        _out(made.read_bytes(), file)
    return rows


def _out(content: bytes, file: str | None) -> None:
    """What goes into a file or a pipe is data, to the last character; what a person sees is made printable."""
    if file is not None:
        Path(file).write_bytes(content)
    elif sys.stdout.isatty():
        print(content.decode(), end="")
    else:
        out = unfiltered(sys.stdout)
        out.flush()
        out.buffer.write(content)
        out.buffer.flush()
