"""Results on disk, read whole and held against their manifest."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.replay.results import KEPT, SUMMARY, manifest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_AGAIN = "replay the lake again, or keep3r verify results=FOLDER"


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
        raise InputError(folder, "damaged results: their manifest lists no files", remedy=_AGAIN)
    summary: Any = json.loads(_content(folder, SUMMARY, files))
    tables = {}
    for name in sorted(files):
        table = str(name).removesuffix(".parquet")
        if table == name or table.startswith(KEPT) or (only is not None and table not in only):
            continue
        tables[table] = pl.read_parquet(io.BytesIO(_content(folder, name, files)))
    return Loaded(folder, manifest, summary, tables)


def _content(folder: Path, name: str, files: Mapping[str, Any]) -> bytes:
    """A file's bytes. Raises `InputError` if they are not those that the manifest tells of."""
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise InputError(folder / name, f"damaged results: {error.strerror}", remedy=_AGAIN) from None
    facts = files[name]
    if not isinstance(facts, dict) or hashlib.sha256(content).hexdigest() != facts.get("sha256"):
        raise InputError(folder / name, "damaged results: holds something other than was written", remedy=_AGAIN)
    return content
