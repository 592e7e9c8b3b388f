"""Lakes of one chain, each of other protocols, as one: what both hold stands in it once, and must be the same.

Nothing is decoded again: contracts, raw logs, event tables, blocks, transactions and readings are put together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pyarrow.parquet as pq

from keep3r_replay.errors import LakeError, UsageError
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.lake.folders import check_target, replaced_folder
from keep3r_replay.lake.manifest import Coverage, FileEntry, Manifest
from keep3r_replay.lake.reader import origin_of
from keep3r_replay.lake.schemas import READINGS
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake

ORIGIN = "join"
"""What a joined lake says of where it is from."""

SLICE = 100_000
"""Blocks that are put together at once, and that a file of the joined lake covers."""

_KEYS = {
    "blocks": ["number"],
    "transactions": ["block_number", "transaction_index"],
    "calls": ["block_number", "transaction_index", "position"],
    "readings": ["block_number", "contract", "view", "arguments", "source"],
}
_KEY_OF_LOGS = ["block_number", "log_index"]
_ALWAYS = ("logs", "blocks", "transactions", "readings")
_TRANSACTIONS = ("with_logs", "followed", "all")
"""Which transactions a lake holds, from the fewest to all."""


class Joined(NamedTuple):
    """What a join made: its protocols, its blocks, and rows by kind of table."""

    protocols: str
    from_block: int
    to_block: int
    logs: int
    transactions: int
    readings: int


def join(lakes: Sequence[Lake], target: Path) -> Joined:
    """Write several lakes as one to folder `target`, which appears whole; a former join there is replaced.

    All must be of one chain and end with the same block; no two of the same protocol. A lake that begins later than
    another is taken to begin with its contracts, as an extraction does where nothing else is said.

    Raises:
        UsageError: they cannot be joined, or `target` holds something else.
        LakeError: they contradict each other; the table and the place are named.
    """
    check_target(target, "lake", "a joined lake", lambda folder: origin_of(folder) == ORIGIN)
    if len(lakes) < 2:
        raise UsageError("parts: a join needs two lakes or more, as in parts=[v1,v2]")
    deployment = _deployment(lakes)
    coverage = _coverage(lakes)
    tables = sorted({*_ALWAYS, *(name for lake in lakes for name in lake.tables())})
    with replaced_folder(target) as building:
        files = [
            entry
            for first in range(coverage.from_block, coverage.to_block + 1, SLICE)
            for name in tables
            for entry in _written(lakes, building, name, first, min(first + SLICE - 1, coverage.to_block))
        ]
        digest = write_deployment(building, deployment)
        write_manifest(building, Manifest(tuple(files), coverage, {}, (digest,)))
    rows: Counter[str] = Counter()
    for entry in files:
        rows[entry.table] += entry.rows
    span = coverage.from_block, coverage.to_block
    return Joined(deployment.protocol, *span, rows["logs"], rows["transactions"], rows["readings"])


def _deployment(lakes: Sequence[Lake]) -> Deployment:
    told = [lake.deployment for lake in lakes]
    protocols = [name for each in told for name in each.protocol.split()]
    if not all(each.protocol for each in told):
        raise UsageError("parts: a lake does not name its protocol; import or extract it again")
    if len(set(protocols)) < len(protocols):
        raise UsageError(f"parts: two lakes of one protocol, of {', '.join(sorted(protocols))}")
    if len({each.chain_id for each in told}) > 1:
        raise UsageError(f"parts: of different chains: {', '.join(str(each.chain_id) for each in told)}")
    contracts: dict[str, Contract] = {}
    for contract in (contract for each in told for contract in each.contracts):
        known = contracts.setdefault(contract.address, contract)
        if (known.role, known.version) != (contract.role, contract.version):
            raise UsageError(f"parts: {contract.address} is a {known.role} in one lake, a {contract.role} in another")
        contracts[contract.address] = replace(known, facts={**contract.facts, **known.facts})
    tokens: dict[str, str] = {}
    for name, address in (pair for each in told for pair in each.tokens.items()):
        if tokens.setdefault(name, address) != address:
            raise UsageError(f"parts: the token {name} is {tokens[name]} in one lake, {address} in another")
    begins = {each.amsterdam_from for each in told if each.amsterdam_from is not None}
    return Deployment(
        " ".join(each.name for each in told),
        told[0].chain_id,
        ORIGIN,
        tokens,
        min((each.transactions for each in told), key=_TRANSACTIONS.index),
        tuple(sorted(contracts.values(), key=lambda each: (each.role, each.address))),
        {address: facts for each in told for address, facts in each.initial_state.items()},
        max(each.initial_state_block for each in told),
        " ".join(protocols),
        min(begins, default=None),
    )


def _coverage(lakes: Sequence[Lake]) -> Coverage:
    covered = [lake.manifest.coverage for lake in lakes]
    known = [each for each in covered if each is not None]
    if len(known) < len(covered):
        raise UsageError("parts: a lake covers no block yet")
    ends = {(each.to_block, each.last_block_hash) for each in known}
    if len(ends) > 1:
        last = sorted({each.to_block for each in known})
        where = f"with blocks {', '.join(map(str, last))}" if len(last) > 1 else f"with other blocks {last[0]}"
        raise UsageError(f"parts: the lakes end {where}; extract all of them up to one block")
    if any(lake.manifest.extraction.get("detail") == "logs" for lake in lakes):
        raise UsageError("parts: a lake of logs alone has no blocks to be joined by")
    return Coverage(min(each.from_block for each in known), known[0].to_block, known[0].last_block_hash)


def _written(lakes: Sequence[Lake], folder: Path, name: str, first: int, last: int) -> list[FileEntry]:
    """The file of a table's rows of some blocks; none where there are no rows and need not be any."""
    holding = [lake for lake in lakes if lake.has(name)]
    if not holding:
        # Lakes from a node have readings only where they were asked for.
        return [write_table(folder, name, READINGS.empty_table(), first, last)]
    frame = pl.concat([lake.scan(name, None, last, first) for lake in holding]).collect()
    if frame.is_empty() and name not in _ALWAYS:
        return []
    schema = pq.read_schema(holding[0].path / holding[0].manifest.of_table(name)[0].path)
    key = _KEYS.get(name, _KEY_OF_LOGS)
    table = _once(lakes, name, frame, key).to_arrow().cast(schema)
    return [write_table(folder, name, table, first, last)]


def _once(lakes: Sequence[Lake], name: str, frame: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Every row once; of what only one lake knows that is taken. Raises `LakeError` where two know otherwise."""
    frame = frame.unique(maintain_order=True)
    rest = [column for column in frame.columns if column not in key]
    if frame.select(key).is_duplicated().any():
        told = frame.group_by(key, maintain_order=True)
        differing = told.agg(pl.col(rest).drop_nulls().n_unique())
        wrong = differing.filter(pl.any_horizontal(pl.col(rest) > 1)).head(1)
        if not wrong.is_empty():
            place = ", ".join(f"{column} {value}" for column, value in zip(key, wrong.select(key).row(0), strict=True))
            names = ", ".join(column for column in rest if wrong[column].item() > 1)
            raise LakeError(lakes[0].path, f"{name}: {place}: another lake has another {names}")
        frame = told.agg(pl.col(rest).drop_nulls().first()).select(frame.columns)
    # Readings keep their order within a block.
    return frame.sort("block_number" if name == "readings" else key, maintain_order=True)
