"""The tables of a lake and of results as a warehouse has them: which files each is made of, and in what columns."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import InputError
from keep3r_replay.lake.schemas import BLOCKS, READINGS, TRANSACTIONS
from keep3r_replay.replay.results import KEPT, lake_fingerprint, manifest_of

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol

_TYPES = {
    "uint32": "UINTEGER",
    "int64": "BIGINT",
    "int8": "TINYINT",
    "string": "VARCHAR",
    "binary": "BLOB",
    "decimal128(38, 0)": "DECIMAL(38, 0)",
}
_ALWAYS: dict[str, pa.Schema] = {"blocks": BLOCKS, "transactions": TRANSACTIONS, "readings": READINGS}
"""Tables that views and audits read, and that a lake may lack: it then has them without a row."""
_NO_LEDGER = "make them with keep3r replay ledger=true"


class Source(NamedTuple):
    """A file, by its path relative to the database's folder, its SHA-256, and the first block that it may tell of."""

    path: str
    sha256: str
    from_block: int


class Relation(NamedTuple):
    """A table of the warehouse.

    Attributes:
        schema: `raw` or `res`.
        name: of the table.
        sources: its files in order; none for a table without a row.
        block: the column by which its rows can be told apart by blocks; empty if there is none.
        constant: name and value of a column that every row has the same; both empty for none.
    """

    schema: str
    name: str
    sources: tuple[Source, ...]
    block: str = ""
    constant: tuple[str, str] = ("", "")


def lake_relations(lake: Lake, folder: Path) -> list[Relation]:
    """The tables of a lake; `folder` is the database's."""
    found = []
    for table in sorted({*lake.tables(), *_ALWAYS}):
        entries = lake.manifest.of_table(table)
        sources = tuple(
            Source(_relative(lake.path / each.path, folder), each.sha256, each.from_block) for each in entries
        )
        block = "number" if table == "blocks" else "block_number"
        found.append(Relation("raw", table.removeprefix("events/"), sources, block))
    return found


def results_relations(lake: Lake, results: Path, protocol: Protocol, folder: Path, needed: set[str]) -> list[Relation]:
    """The tables of the results of a lake, with the address of the root contract also where there is only one.

    Args:
        lake: the history.
        results: the folder of the results.
        protocol: the lake's.
        folder: the database's.
        needed: names of tables that must be there.

    Raises:
        InputError: the folder holds no results, those of another lake or of an earlier state of it, or lacks a table.
    """
    manifest = manifest_of(results)
    _check_origin(lake, results, manifest, protocol)
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise InputError(results, "the results are not whole", remedy="make them again with keep3r replay")
    sources: dict[str, list[Source]] = {}
    for name, facts in sorted(files.items()):
        if str(name).endswith(".parquet") and not str(name).startswith(KEPT):
            # A table may lie in a folder of its name, in several files.
            table = str(name).split("/")[0].removesuffix(".parquet")
            sources.setdefault(table, []).append(Source(_relative(results / name, folder), str(facts["sha256"]), 0))
    if not needed <= sources.keys():
        lacking = ", ".join(sorted(needed - sources.keys()))
        raise InputError(results, f"the results have no ledger: no {lacking}", remedy=_NO_LEDGER)
    roots = [contract.address for contract in lake.deployment.contracts if contract.role == protocol.root]
    constant = (protocol.root, roots[0]) if len(roots) == 1 else ("", "")
    return [Relation("res", name, tuple(each), constant=constant) for name, each in sources.items()]


class Run(NamedTuple):
    """Of which kind results are, and the last block that they tell of; None for all of the lake."""

    what_if: bool
    until_block: int | None


def run_of(results: Path) -> Run:
    """What the manifest of results says of the run that made them."""
    told = manifest_of(results).get("configuration")
    configuration = told if isinstance(told, dict) else {}
    until = configuration.get("until_block")
    return Run(configuration.get("mode") == "what_if", until if isinstance(until, int) else None)


def empty(table: str) -> str:
    """A query of a table's columns without a row."""
    columns = ", ".join(f'null::{_TYPES[str(field.type)]} as "{field.name}"' for field in _ALWAYS[table])
    return f"select {columns} where false"


def _check_origin(lake: Lake, results: Path, manifest: dict[str, object], protocol: Protocol) -> None:
    """Refuse results that were not made from this lake as it is now."""
    inputs, present = manifest.get("inputs"), lake_fingerprint(lake)
    if inputs == present and (manifest.get("protocol") or protocol.name) == protocol.name:
        return
    files = manifest.get("lake_files")
    former = {str(each[-1]) for each in files if isinstance(each, list) and each} if isinstance(files, list) else set()
    same_deployment = isinstance(inputs, dict) and inputs.get("deployment.json") == present["deployment.json"]
    if same_deployment or former & {entry.sha256 for entry in lake.manifest.files}:
        raise InputError(results, f"are of an earlier state of {lake.path}", remedy="replay it again")
    raise InputError(results, f"are no results of {lake.path}, but of another lake", remedy="name theirs, or replay")


def _relative(file: Path, folder: Path) -> str:
    return os.path.relpath(file.resolve(), folder.resolve())
