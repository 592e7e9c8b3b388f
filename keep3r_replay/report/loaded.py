"""Results on disk, read whole and held against their manifest."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.replay.parts import SUFFIX, table_of
from keep3r_replay.replay.results import AGAIN, KEPT, SUMMARY, content_of, manifest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Loaded(NamedTuple):
    """Results: their folder, `manifest.json`, `summary.json`, and frames by name."""

    folder: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]


def load_results(folder: Path, only: frozenset[str] | None = None) -> Loaded:
    """The results in a folder, without what only a later run needs.

    Args:
        folder: where they are.
        only: names of the tables to read; None: all.

    Raises:
        InputError: there are none, or a file is missing, or is not what was written.
    """
    manifest = manifest_of(folder)
    files = manifest.get("files")
    if not isinstance(files, dict) or SUMMARY not in files:
        raise InputError(folder, "damaged results: their manifest lists no files", remedy=AGAIN)
    summary: Any = json.loads(content_of(folder, SUMMARY, files))
    parts: dict[str, list[pl.DataFrame]] = {}
    for name in sorted(map(str, files)):
        table = table_of(name)
        if not name.endswith(SUFFIX) or table.startswith(KEPT) or (only is not None and table not in only):
            continue
        parts.setdefault(table, []).append(pl.read_parquet(io.BytesIO(content_of(folder, name, files))))
    return Loaded(folder, manifest, summary, {table: pl.concat(frames) for table, frames in parts.items()})
