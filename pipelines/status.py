"""`keep3r status`: what a lake covers, in a few lines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted

from .config import Store, load_config, setting
from .told import MEANING, Told

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

SUMMARY = "Say what a lake covers: blocks, tables, sizes, and what is still to be fetched again. Reads no data file."


@dataclass(frozen=True)
class StatusConfig:
    """Settings of `keep3r status`."""

    lake: str = setting("folder of the lake", store=Store.READ)
    format: Told = setting(MEANING, default=Told.text)


def main(argv: list[str]) -> int:
    """Print a lake's coverage; return the exit code."""
    config = load_config("status", StatusConfig, argv, summary=SUMMARY)
    from keep3r_replay.lake.reader import Lake

    lake = Lake.open(config.lake)
    if config.format is Told.json:
        print(json.dumps(status_of(lake)))
        return 0
    deployment, manifest = lake.deployment, lake.manifest
    of = f"{deployment.protocol} on " if deployment.protocol else ""
    print(f"{deployment.name}: {of}chain {deployment.chain_id}, from a {deployment.origin}")
    if manifest.coverage is None:
        print("blocks: none yet")
        return 0
    coverage = manifest.coverage
    print(f"blocks: {coverage.from_block} to {coverage.to_block}, the last {coverage.last_block_hash}")
    roles = Counter(contract.role for contract in deployment.contracts)
    print("contracts: " + ", ".join(f"{count} {role}" for role, count in sorted(roles.items())))
    size = sum(entry.bytes for entry in manifest.files)
    print(f"files: {len(manifest.files)}, {size / 1e6:.1f} MB")
    for table in lake.tables():
        entries = manifest.of_table(table)
        print(f"  {table}: {counted(sum(entry.rows for entry in entries), 'row')} in {counted(len(entries), 'file')}")
    stale = manifest.extraction.get("stale", [])
    if stale:
        print(f"to be fetched again: {', '.join(f'{first} to {last}' for first, last in stale)}")
    return 0


def status_of(lake: Lake) -> dict[str, Any]:
    """What a lake covers, as JSON has it: null for blocks that there are none of yet."""
    deployment, manifest, coverage = lake.deployment, lake.manifest, lake.manifest.coverage
    return {
        "name": deployment.name,
        "protocols": deployment.protocol.split(),
        "chain_id": deployment.chain_id,
        "origin": deployment.origin,
        "from_block": coverage.from_block if coverage else None,
        "to_block": coverage.to_block if coverage else None,
        "last_block_hash": coverage.last_block_hash if coverage else None,
        "contracts": dict(sorted(Counter(contract.role for contract in deployment.contracts).items())),
        "files": len(manifest.files),
        "bytes": sum(entry.bytes for entry in manifest.files),
        "rows": {table: sum(entry.rows for entry in manifest.of_table(table)) for table in lake.tables()},
        "stale": [list(each) for each in manifest.extraction.get("stale", [])],
    }
