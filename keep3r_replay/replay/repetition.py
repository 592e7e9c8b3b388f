"""Results held against those of the same run, repeated: which rows differ, and which version may be why."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.lake.shapes import parsed
from keep3r_replay.lake.strange import strange_parts
from keep3r_replay.replay.parts import table_of
from keep3r_replay.replay.results import SUMMARY, manifest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_SHOWN = 5
"""Rows of a table that are shown; all are counted."""
_PLACES = ("block_number", "log_index", "transaction_hash", "job", "keeper", "number")
"""Columns that say where a row belongs."""


@dataclass(frozen=True)
class Repetition:
    """What differs between results and their repetition.

    Attributes:
        versions: name, version then, version now, of those that changed; `code` is the hash of the source.
        altered: files that no longer hold what was written.
        rows: a line for each row that differs, the first few of each table.
        differing: rows that differ, by table; entries of `summary.json` under that name.
        bytes_only: files with the same rows in other bytes.
        strange: what lies among the parts of a table and is none.
    """

    versions: list[tuple[str, str, str]]
    altered: list[str]
    rows: list[str]
    differing: dict[str, int]
    bytes_only: list[str]
    strange: list[str]


def repetition(former: Path, again: Path) -> Repetition:
    """Compare results with what the same run left this time.

    Raises `InputError` where one of them cannot be read.
    """
    then, now = manifest_of(former), manifest_of(again)
    altered, rows, differing, bytes_only = [], [], {}, []
    for name in sorted({table_of(file) for file in (*then["files"], *now["files"])}):
        files = [sorted(file for file in each["files"] if table_of(file) == name) for each in (then, now)]
        old, new = (
            [_content(folder / file) for file in each] for folder, each in zip((former, again), files, strict=True)
        )
        altered += [
            file
            for file, content in zip(files[0], old, strict=True)
            if content is not None and hashlib.sha256(content).hexdigest() != then["files"][file].get("sha256")
        ]
        if old == new:
            continue
        told = list(
            _entries(*(each[0] if each else None for each in (old, new)))
            if name == SUMMARY
            else _rows(_table(former, files[0]), _table(again, files[1]))
        )
        rows += [f"{name}: {line}" for line in told[:_SHOWN]]
        if told:
            differing[name] = len(told)
        else:
            bytes_only.append(min({*files[0], *files[1]}).partition("/")[0])
    strange = strange_parts(former, then["files"])
    return Repetition(_versions(then, now), altered, rows, differing, bytes_only, strange)


def _versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    both = [{**manifest["versions"], "code": manifest["code"][:16]} for manifest in (then, now)]
    return [
        (name, both[0].get(name, "none"), both[1].get(name, "none"))
        for name in both[1]
        if both[0].get(name) != both[1][name]
    ]


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _table(folder: Path, files: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.concat(
            [pl.read_parquet(folder / file) for file in files if (folder / file).is_file()] or [pl.DataFrame()]
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            folder / files[0], f"cannot be read: {str(error).splitlines()[0]}", remedy="replay the lake again"
        ) from None


def _rows(old: pl.DataFrame, new: pl.DataFrame) -> Iterator[str]:
    """A line for each row that differs: by its place where there are as many rows, as lost or new otherwise."""
    if old.schema != new.schema:
        yield f"columns were {', '.join(old.columns) or 'none'}, are {', '.join(new.columns) or 'none'}"
    elif old.height == new.height:
        for number, (before, after) in enumerate(zip(old.iter_rows(), new.iter_rows(), strict=True)):
            if before != after:
                changed = [name for name, a, b in zip(old.columns, before, after, strict=True) if a != b]
                values = dict(zip(old.columns, before, strict=True)), dict(zip(old.columns, after, strict=True))
                told = ", ".join(f"{name} was {values[0][name]}, is {values[1][name]}" for name in changed)
                yield f"{_place(values[0], number)}: {told}"
    else:
        counts = Counter(old.iter_rows()), Counter(new.iter_rows())
        for what, frame, missing in (("lost", old, counts[0] - counts[1]), ("new", new, counts[1] - counts[0])):
            for number, row in enumerate(missing.elements()):
                yield f"{_place(dict(zip(frame.columns, row, strict=True)), number)}: {what}"


def _place(row: Mapping[str, Any], number: int) -> str:
    named = [f"{name} {row[name]}" for name in _PLACES if row.get(name) is not None]
    return " ".join(named[:2]) if named else f"row {number}"


def _entries(old: bytes | None, new: bytes | None) -> Iterator[str]:
    """A line for each entry of a summary that differs."""
    before, after = ({} if each is None else parsed(each) for each in (old, new))
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield f"{name} was {before.get(name)}, is {after.get(name)}"
