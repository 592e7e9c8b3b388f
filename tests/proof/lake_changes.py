"""Changing single rows of a lake so that nothing but a proof can tell: manifest and event tables go along."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.lake.manifest import manifest_from_json
from keep3r_replay.lake.writer import write_manifest, write_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Rows = list[dict[str, Any]]


def change_rows(lake: Path, table: str, change: Callable[[Rows], Rows]) -> None:
    """Put changed rows in the place of those of a table's first file, which holds all of a small lake's."""
    manifest = manifest_from_json(json.loads((lake / "manifest.json").read_bytes()))
    entry = manifest.of_table(table)[0]
    former = pq.read_table(lake / entry.path)
    rows = change(former.to_pylist())
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in former.schema]
    written = write_table(
        lake, table, pa.Table.from_arrays(columns, schema=former.schema), entry.from_block, entry.to_block
    )
    files = tuple(written if each == entry else each for each in manifest.files)
    write_manifest(lake, replace(manifest, files=files))


def change_deployment(lake: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change `deployment.json`, with the manifest's word for it."""
    content = json.loads((lake / "deployment.json").read_bytes())
    change(content)
    described = (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
    (lake / "deployment.json").write_bytes(described)
    manifest = manifest_from_json(json.loads((lake / "manifest.json").read_bytes()))
    write_manifest(lake, replace(manifest, deployment_sha256=(hashlib.sha256(described).hexdigest(),)))


def event_table_of(lake: Path, block: int, log_index: int) -> str:
    """The event table that holds a log."""
    for path in sorted((lake / "events").rglob("*.parquet")):
        table = pq.read_table(path, columns=["block_number", "log_index"])
        if (block, log_index) in zip(*(column.to_pylist() for column in table.columns), strict=True):
            return f"events/{path.parent.name}"
    raise KeyError((block, log_index))


def without(block: int, log_index: int) -> Callable[[Rows], Rows]:
    """Leaves out the row at a place."""
    return lambda rows: [row for row in rows if (row["block_number"], row["log_index"]) != (block, log_index)]
