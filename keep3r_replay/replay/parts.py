"""Result tables in parts: a file of its own for each so many rows, so that rows that are complete are written once.

A table of up to `PART` rows is one file, `works.parquet`. A longer one is a folder of that name, whose files hold
`PART` rows each, the last one the rest: `works.parquet/000000.parquet` and on. Polars, pyarrow and pandas read such a
folder by its name. Where a table is cut depends on its rows alone, so that a run that goes on leaves the files of one
that went straight.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PART = 16_384
"""Rows of a part: few enough that writing the last one anew is nothing, enough that years make hundreds of files."""
SUFFIX = ".parquet"
Identity = tuple[int, int, int]
"""Which file stands somewhere: inode, size in bytes, nanoseconds at which it was written."""


class Part(NamedTuple):
    """A file of a table of results, as their manifest lists it.

    `identity` tells this very file from one that takes its place later: a part is never written to, but replaced.
    """

    file: str
    rows: int
    sha256: str
    identity: Identity | None


@dataclass(frozen=True)
class Grown:
    """A table that begins with files of former results.

    Attributes:
        folder: of the former results.
        parts: its first files, which stay as they are: whole ones, or all there are where nothing came.
        rest: the rows after them.
    """

    folder: Path
    parts: tuple[Part, ...]
    rest: pl.DataFrame

    @property
    def height(self) -> int:
        """Number of rows."""
        return sum(each.rows for each in self.parts) + self.rest.height

    def lazy(self) -> pl.LazyFrame:
        """All rows, to be queried."""
        if not self.parts:
            return self.rest.lazy()
        former = _scan(self.folder, self.parts)
        return pl.concat([former, self.rest.lazy()]) if self.rest.height else former


Table = pl.DataFrame | Grown
"""A table of results: in memory, or begun in former results."""


@dataclass(frozen=True)
class Kept:
    """The first `rows` rows of a table of former results; `own` are they where its files hold those of others too."""

    folder: Path
    parts: tuple[Part, ...]
    rows: int
    own: pl.DataFrame | None = None

    def lazy(self) -> pl.LazyFrame:
        """Them, to be queried."""
        if self.own is not None:
            return self.own.lazy()
        frame = _scan(self.folder, self.parts)
        return frame if self.rows == _rows(self.parts) else frame.head(self.rows)

    def collect(self) -> pl.DataFrame:
        """Them, read."""
        return self.lazy().collect()

    def grown(self, new: pl.DataFrame, same: int | None = None) -> Table:
        """Them, and the rows that follow; of their own rows only the first `same` stand as they were, if it is said.

        `new` then holds the rows from there on.
        """
        rows = self.rows if same is None else same
        if self.own is not None:
            return pl.concat([self.own.head(rows).select(new.columns), new])
        if not new.height and rows == _rows(self.parts):
            return Grown(self.folder, self.parts, new)
        whole = self.parts[: rows // PART] if rows + new.height > PART and is_divided(self.parts) else ()
        held = _rows(whole)
        if held == rows:
            return Grown(self.folder, whole, new)
        files = self.parts[len(whole) : 1 + rows // PART]
        check_same(self.folder, files)
        left = pl.concat([pl.read_parquet(self.folder / each.file) for each in files]).head(rows - held)
        return Grown(self.folder, whole, pl.concat([left.select(new.columns), new]))


def is_divided(parts: tuple[Part, ...]) -> bool:
    """Whether these files of a table stand in a folder of its name."""
    return bool(parts) and "/" in parts[0].file


def frame_of(table: Table) -> pl.DataFrame:
    """A table's rows."""
    return table if isinstance(table, pl.DataFrame) else table.lazy().collect()


class Tables(MutableMapping[str, pl.DataFrame]):
    """Tables by name, each read when its frame is asked for."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables: dict[str, Table] = dict(stored(tables))

    @property
    def stored(self) -> Mapping[str, Table]:
        """The tables as they are."""
        return self._tables

    def lazy(self, name: str) -> pl.LazyFrame:
        """A table, to be queried."""
        return self._tables[name].lazy()

    def __getitem__(self, name: str) -> pl.DataFrame:
        return frame_of(self._tables[name])

    def __setitem__(self, name: str, table: Table) -> None:
        self._tables[name] = table

    def __delitem__(self, name: str) -> None:
        del self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def lazily(tables: Mapping[str, pl.DataFrame], name: str) -> pl.LazyFrame:
    """A table, to be queried without reading all of it."""
    return tables.lazy(name) if isinstance(tables, Tables) else tables[name].lazy()


def stored(tables: Mapping[str, Table]) -> Mapping[str, Table]:
    """Tables as they are, without reading one."""
    return tables.stored if isinstance(tables, Tables) else tables


def files_of(folder: Path, manifest: Mapping[str, Any]) -> dict[str, tuple[Part, ...]]:
    """The files of each table in the manifest of results in a folder, in order, by the table's name."""
    found: dict[str, list[Part]] = {}
    for file, facts in sorted(manifest["files"].items()):
        if file.endswith(SUFFIX):
            found.setdefault(table_of(file), []).append(
                Part(file, facts["rows"], facts["sha256"], _identity(folder / file))
            )
    return {name: tuple(parts) for name, parts in found.items()}


def table_of(file: str) -> str:
    """The table that a file of results is of."""
    return file.partition("/")[0].removesuffix(SUFFIX)


def names_of(table: str, rows: int) -> list[str]:
    """The files of a table of so many rows, in order."""
    if rows <= PART:
        return [f"{table}{SUFFIX}"]
    return [f"{table}{SUFFIX}/{number:06}{SUFFIX}" for number in range(-(-rows // PART))]


def cut(rows: pl.DataFrame, count: int) -> list[pl.DataFrame]:
    """Rows as so many parts: all but the last of `PART` rows."""
    return [rows] if count == 1 else [rows.slice(number * PART, PART) for number in range(count)]


def check_same(folder: Path, parts: tuple[Part, ...]) -> None:
    """Raise `InputError` where other files stand in the place of these parts: a later run has replaced them."""
    for each in parts:
        if each.identity is None or _identity(folder / each.file) != each.identity:
            raise InputError(folder / each.file, "was replaced by a later run", remedy="take the results of that one")


def _identity(file: Path) -> Identity | None:
    """Which file this is; None: there is none."""
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _scan(folder: Path, parts: tuple[Part, ...]) -> pl.LazyFrame:
    check_same(folder, parts)
    return pl.scan_parquet([folder / each.file for each in parts], glob=False)


def _rows(parts: tuple[Part, ...]) -> int:
    return sum(each.rows for each in parts)
