"""Files that are there whole or not at all: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.lake.folders import sync
from keep3r_replay.lake.manifest import FileEntry, file_name
from keep3r_replay.lake.schemas import UNREPEATED

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.lake.deployment import Deployment
    from keep3r_replay.lake.manifest import Manifest

TEMPORARY = ".tmp-"
"""What the name of an unfinished file starts with; such a file belongs to nobody and may be deleted."""


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Put `content` at `path` so that at any moment the old file or the new one is there, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def parquet_options(schema: Any) -> dict[str, Any]:
    """Return how a table of this schema is written: zstd, and dictionaries only where values repeat."""
    dictionaries = [field.name for field in schema if field.name not in UNREPEATED and _is_text(field)]
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": dictionaries or False,
        "write_statistics": True,
        "store_schema": False,
    }


def parquet_bytes(table: Any) -> memoryview:
    """Return the table as Parquet; the same table always gives the same bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **parquet_options(table.schema))
    return memoryview(sink.getvalue())


def _is_text(field: Any) -> bool:
    return bool(pa.types.is_string(field.type) or pa.types.is_fixed_size_binary(field.type))


def write_table(lake: Path, name: str, table: Any, from_block: int, to_block: int) -> FileEntry:
    """Write one table's rows of the closed range of blocks and return the file's entry for the manifest."""
    content = parquet_bytes(table)
    relative = file_name(name, from_block, to_block)
    write_bytes(lake / relative, content)
    digest = hashlib.sha256(content).hexdigest()
    return FileEntry(name, relative, from_block, to_block, table.num_rows, len(content), digest)


def write_deployment(lake: Path, deployment: Deployment) -> str:
    """Write `deployment.json`; return its SHA-256, for the manifest."""
    content = deployment.to_json().encode()
    write_bytes(lake / "deployment.json", content)
    return hashlib.sha256(content).hexdigest()


def write_manifest(lake: Path, manifest: Manifest) -> None:
    """Write `manifest.json`: the moment at which everything it names becomes part of the lake."""
    write_bytes(lake / "manifest.json", manifest.to_json().encode())
