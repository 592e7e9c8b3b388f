"""`keep3r status`: what a lake covers, in a few lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .config import load_config, setting

SUMMARY = "Say what a lake covers: blocks, tables, sizes, and what is still to be fetched again. Reads no data file."


@dataclass(frozen=True)
class StatusConfig:
    """Settings of `keep3r status`."""

    lake: str = setting("folder of the lake")


def main(argv: list[str]) -> int:
    """Print a lake's coverage; return the exit code."""
    config = load_config("status", StatusConfig, argv, summary=SUMMARY)
    from keep3r_replay.lake.reader import Lake

    lake = Lake.open(Path(config.lake))
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
        print(f"  {table}: {sum(entry.rows for entry in entries)} rows in {len(entries)} files")
    stale = manifest.extraction.get("stale", [])
    if stale:
        print(f"to be fetched again: {', '.join(f'{first} to {last}' for first, last in stale)}")
    return 0
