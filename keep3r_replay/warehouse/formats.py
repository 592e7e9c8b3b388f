"""Answers as text or Parquet: a table for people, and what DuckDB's own writers make of csv, json and parquet."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

import duckdb

from keep3r_replay.warehouse.query import check_statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keep3r_replay.warehouse.query import Answer

_EXACT = 2**53
"""Up to here every whole number is exact for a reader of JSON that keeps numbers as doubles."""
_OPTIONS = {"csv": "format csv, header true", "json": "format json, array true", "parquet": "format parquet"}
_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)")
_LARGE = re.compile(r"\b(DECIMAL\(\d+, ?\d+\)|U?HUGEINT|U?BIGINT)")
_NESTED = re.compile(r".*\]$|(STRUCT|MAP|UNION)\(")


class Format(Enum):
    """How rows are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"
    xlsx = "xlsx"
    """By `report.export`, from what DuckDB writes as Parquet."""


def write_answer(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    file: Path,
    form: Format,
    *,
    write: bool = False,
    parameters: Mapping[str, Any] | None = None,
) -> int:
    """Run one statement on an open warehouse and let DuckDB write its rows to a file; returns how many there are.

    In JSON amounts (DECIMAL) are text, and so are whole numbers above 2^53. In JSON and CSV bytes are 0x and
    hexadecimal digits. In Parquet a HUGEINT is a DECIMAL(38, 0), which is exact; DuckDB alone would make it a DOUBLE.

    Raises:
        UsageError: as `query.run`.
        duckdb.Error: DuckDB refuses the statement.
    """
    check_statement(connection, statement, write=write)
    bound = dict(parameters) if parameters else {}
    *before, last = connection.extract_statements(statement)
    for each in before:
        connection.execute(each)
    if last.type == duckdb.StatementType.SELECT:
        connection.execute(f"create or replace temp table answer as {last.query.rstrip().rstrip(';')}", bound)
    else:
        _keep(connection, connection.execute(last))
    columns = connection.execute("select column_name, column_type from (describe temp.answer)").fetchall()
    chosen = ", ".join(_written(str(name), str(kind), form) for name, kind in columns)
    target = str(file).replace("'", "''")
    connection.execute(
        f"copy (select {chosen} from temp.answer) to '{target}' ({_OPTIONS[form.value]}, use_tmp_file false)"
    )
    (count,) = connection.execute("select count(*) from temp.answer").fetchone() or (0,)
    return int(count)


def _keep(connection: duckdb.DuckDBPyConnection, result: duckdb.DuckDBPyConnection) -> None:
    """What a PRAGMA or an EXPLAIN tells, as text."""
    columns = [str(column[0]) for column in result.description or []] or ["success"]
    rows = result.fetchall()
    connection.execute(
        f"create or replace temp table answer ({', '.join(f'{_quoted(name)} text' for name in columns)})"
    )
    if rows:
        connection.executemany(f"insert into temp.answer values ({', '.join('?' * len(columns))})", rows)


def _written(name: str, kind: str, form: Format) -> str:
    """A column as it is written."""
    column = _quoted(name)
    if form is Format.parquet:
        return f"{column}::DECIMAL(38, 0) as {column}" if kind in {"HUGEINT", "UHUGEINT"} else column
    if kind == "BLOB":
        return f"'0x' || lower(hex({column})) as {column}"
    if form is Format.csv:
        return column
    if kind.startswith("DECIMAL"):
        return f"{column}::VARCHAR as {column}"
    if _WHOLE.fullmatch(kind):
        exact = f"{column} between -{_EXACT} and {_EXACT}" if not kind.startswith("U") else f"{column} <= {_EXACT}"
        return f"case when {exact} then to_json({column}) else to_json({column}::VARCHAR) end as {column}"
    if _NESTED.match(kind):
        return f"{column}::{_LARGE.sub('VARCHAR', kind)} as {column}"
    return column


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def as_table(answer: Answer, most: int | None = None) -> str:
    """Columns aligned, numbers to the right; of more than `most` rows the first, and how many more there are."""
    shown = answer.rows if most is None else answer.rows[:most]
    cells = [answer.columns, *([_text(value) for value in row] for row in shown)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(answer.columns))]
    numeric = [
        bool(shown) and all(value is None or _is_number(value) for value in column)
        for column in (zip(*shown, strict=True) if shown else [()] * len(answer.columns))
    ]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    count = len(answer.rows)
    first = f", the first {len(shown)} shown" if len(shown) < count else ""
    return "\n".join([*lines, f"({count} row{'' if count == 1 else 's'}{first})"])


def _is_number(value: object) -> bool:
    return not isinstance(value, (str, bool, bytes)) and hasattr(value, "__add__") and hasattr(value, "__abs__")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)
