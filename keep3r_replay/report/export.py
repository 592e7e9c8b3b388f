"""A table as a file for a spreadsheet or a program: CSV, JSON, Parquet, XLSX."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.folders import replaced_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENDINGS = (".csv", ".json", ".parquet", ".xlsx")
"""Of the files that a table can be exported to."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""The time that spreadsheets are said to be from."""
_ADDRESS = "^0x[0-9a-f]{40}$"
_SPREADSHEET_DIGITS = 15
"""A spreadsheet's numbers are exact up to so many digits."""


def check_export(target: Path) -> None:
    """Refuse a file that cannot be exported to, before anything is done for it.

    Raises:
        UsageError: its ending is none of a table's, the place is no file's, or a spreadsheet is asked for and its
            writer is not installed.
    """
    if target.suffix not in ENDINGS:
        raise UsageError(f"export={target}: name a file that ends in {', '.join(ENDINGS)}")
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"export={target}: name a file in a folder that is there")
    if target.suffix == ".xlsx" and not is_installed("xlsxwriter"):
        raise UsageError("export: a spreadsheet needs an extra: pip install 'keep3r-replay[excel]'")


def is_installed(module: str) -> bool:
    """Whether a module of an extra can be imported."""
    try:
        return find_spec(module) is not None
    except ValueError:  # a module that was blocked has no spec
        return False


def export_table(table: pl.DataFrame, target: Path) -> None:
    """Write a table by the ending of the file's name; a former file is replaced, as a whole or not at all.

    Amounts keep every digit: as numbers in CSV and Parquet, as text in JSON and XLSX, whose readers would round them.
    In XLSX what is in whole tokens is a number too, to be calculated with, in 15 digits.

    Args:
        table: what is written.
        target: a file that `check_export` lets pass.

    Raises:
        UsageError: as `check_export`.
        InputError: the file cannot be written.
    """
    check_export(target)
    try:
        with replaced_file(target) as building:
            if target.suffix == ".csv":
                table.write_csv(building)
            elif target.suffix == ".parquet":
                table.write_parquet(building)
            elif target.suffix == ".xlsx":
                _write_xlsx(table, building)
            else:
                building.write_text(json.dumps(_as_text(table).to_dicts(), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InputError(target, f"cannot be written: {error.strerror or error}") from None


def with_names(table: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """The table with a column `..._name` behind every column of addresses, if anybody in it has a name.

    A column is one of addresses if each of its values is one; who has no name has null.
    """
    columns: list[pl.Series] = []
    for column in table.get_columns():
        columns.append(column)
        if names and column.dtype == pl.String and column.drop_nulls().str.contains(_ADDRESS).all():
            named = column.replace_strict(names, default=None, return_dtype=pl.String)
            if named.null_count() < len(named):
                columns.append(named.alias(f"{column.name}_name"))
    return pl.DataFrame(columns)


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col(pl.Decimal).cast(pl.String))


def _write_xlsx(table: pl.DataFrame, building: Path) -> None:
    import xlsxwriter  # noqa: PLC0415 - an extra: only who asks for a spreadsheet needs it

    # No time of writing in the file: the same table gives the same bytes.
    with xlsxwriter.Workbook(str(building), {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": _EPOCH})
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("statement")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(table.columns):
            sheet.write_string(0, column, name, bold)
            kind = table.schema[name]
            in_tokens = isinstance(kind, pl.Decimal) and kind.scale != 0
            for row, value in enumerate(table[name].to_list(), 1):
                if value is None:
                    continue
                if in_tokens or (isinstance(value, int) and len(str(abs(value))) <= _SPREADSHEET_DIGITS):
                    sheet.write_number(row, column, value)
                else:
                    sheet.write_string(row, column, str(value))
