"""Tables of results on disk, read by the manifest that lists their files: what else lies beside them is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.replay.parts import SUFFIX, table_of
from keep3r_replay.replay.results import AGAIN, manifest_of

if TYPE_CHECKING:
    from pathlib import Path


def has_table(results: Path, name: str) -> bool:
    """Whether results have a table. Raises `InputError` where there are none."""
    return bool(_files(results, name))


def read_table(results: Path, name: str) -> pl.DataFrame:
    """A table of results. Raises `InputError` if there are none, or it is missing or damaged."""
    files = _files(results, name)
    if not files:
        raise InputError(results, f"these results have no table {name}", remedy=AGAIN)
    try:
        return pl.concat([pl.read_parquet(results / file, glob=False) for file in files])
    except (OSError, pl.exceptions.PolarsError):
        raise InputError(results / files[0].partition("/")[0], "is missing or damaged", remedy=AGAIN) from None


def _files(results: Path, name: str) -> list[str]:
    """The files of a table, in order."""
    listed = manifest_of(results).get("files")
    if not isinstance(listed, dict):
        raise InputError(results, "damaged results: their manifest lists no files", remedy=AGAIN)
    return sorted(file for file in listed if file.endswith(SUFFIX) and table_of(file) == name)
