"""A path of rates from a file: what aggregators answer, and from when."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.protocols.kuma.naming import find_category

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.kuma.contract.state import Category

COLUMNS = ("timestamp", "category", "answer")


class Rate(NamedTuple):
    """An answer of a category's aggregator, in force from a time (seconds) on."""

    timestamp: int
    category: str
    answer: int


def read_rates(path: str | Path, categories: Mapping[str, Category]) -> list[Rate]:
    """The rates of a CSV file with the columns `timestamp`, `category` and `answer`, in order of time.

    Args:
        path: the file.
        categories: those that the file may name, by risk category; see `naming.find_category`.

    Raises:
        InputError: the file cannot be read, or a line of it makes no sense; the line is named.
    """
    file = Path(path)
    try:
        with file.open(newline="") as lines:
            return sorted(_rates(file, csv.DictReader(lines), categories))
    except OSError as error:
        raise InputError(file, f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(file, f"is no CSV: {error}") from None


def _rates(path: Path, lines: csv.DictReader[str], categories: Mapping[str, Category]) -> list[Rate]:
    remedy = f"the first line is {','.join(COLUMNS)}, the others are times, categories and answers in whole numbers"
    if sorted(lines.fieldnames or ()) != sorted(COLUMNS):
        raise InputError(path, "has other columns", place="line 1", remedy=remedy)
    found = []
    for line in lines:
        place = f"line {lines.line_num}"
        when, category, answer = (str(line[name]).strip() for name in COLUMNS)
        try:
            named = find_category(categories, category).risk_category
        except UsageError as error:
            raise InputError(path, str(error), place=place) from None
        if not (when.isdecimal() and answer.removeprefix("-").isdecimal()):
            raise InputError(path, f"{when[:30]!r}, {answer[:60]!r}: no whole numbers", place=place, remedy=remedy)
        found.append(Rate(int(when), named, int(answer)))
    if not found:
        raise InputError(path, "holds no rates", remedy=remedy)
    return found


def first_times(rates: Sequence[Rate]) -> dict[str, int]:
    """From when on the file speaks for a category (seconds)."""
    return {each.category: each.timestamp for each in reversed(rates)}
