"""A lake with two Keep3r contracts, made of a recording of one."""

from __future__ import annotations

import json

import polars as pl

from keep3r_replay.lake.deployment import deployment_from_json
from keep3r_replay.lake.manifest import Manifest
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table

SECOND = "0x" + "5ec0" * 10
SHIFT = 1_000
"""What the second contract's logs are numbered higher by."""


def lake_of_two(single, folder):
    """Write the lake of a recording with a second Keep3r that did the same in the same transactions.

    Returns the lake and the address of the first Keep3r.
    """
    first = next(contract for contract in single.deployment.contracts if contract.role == "keep3r").address
    content = json.loads((single.path / "deployment.json").read_text())
    keep3r = next(contract for contract in content["contracts"] if contract["role"] == "keep3r")
    content["contracts"].append({**keep3r, "address": SECOND, "from_block": keep3r["from_block"] + 1})
    content["initial_state"][SECOND] = content["initial_state"][first]
    files = [
        write_table(folder, table, twice(single, table, first).to_arrow(), entry.from_block, entry.to_block)
        for table in single.tables()
        for entry in single.manifest.of_table(table)
    ]
    write_deployment(folder, deployment_from_json(content))
    write_manifest(folder, Manifest(tuple(files), single.manifest.coverage, {}).sorted())
    # The raw logs are the first one's alone, for which opening would refuse the lake.
    manifest, deployment = Lake.read(folder)
    return Lake(folder, deployment, manifest), first


def twice(lake, table, first):
    """A table with everything of the first contract again for the second."""
    frame = lake.scan(table).collect()
    if table == "readings":
        again = frame.filter(pl.col("contract") == first).with_columns(pl.lit(SECOND).alias("contract"))
        return pl.concat([frame, again]).sort("block_number", maintain_order=True)
    if table.startswith("events/keep3r."):
        again = frame.with_columns(pl.lit(SECOND).alias("address"), pl.col("log_index") + SHIFT)
    elif table == "events/pair_manager.Transfer":
        again = frame.filter(pl.any_horizontal(pl.col("from", "to") == first)).with_columns(
            pl.col("from", "to").replace(first, SECOND), pl.col("log_index") + SHIFT
        )
    else:
        return frame
    return pl.concat([frame, again.with_columns(pl.col("log_index").cast(pl.UInt32))]).sort("block_number", "log_index")
