"""`keep3r state`: what a contract held of its jobs and keepers at the end of a block."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pipelines.config import load_config, setting

SUMMARY = "Print the state at the end of a block as JSON: one job, one keeper, or an overview. Amounts are in wei."


@dataclass(frozen=True)
class StateConfig:
    """Settings of `keep3r state`."""

    block: int = setting("the block at whose end the state is asked for")
    lake: str | None = setting("folder of the lake; the bundled sample if none is named", default=None)
    results: str = setting("results of a replay of this lake, whose snapshots save most of the way", default="results")
    job: str | None = setting("address of a job", default=None)
    keeper: str | None = setting("address of a keeper", default=None)
    keep3r: str | None = setting("address of the Keep3r contract; that in force at the block if none", default=None)


def main(argv: list[str]) -> int:
    """Print one state; return the exit code."""
    config = load_config("state", StateConfig, argv, summary=SUMMARY)
    from keep3r_replay.errors import UsageError
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.replay.results import is_results
    from keep3r_replay.replay.roots import roots
    from keep3r_replay.replay.state_query import root_at, state_at
    from pipelines.replay import SAMPLE

    lake = Lake.open(config.lake or SAMPLE)
    protocol = protocol_of(lake)
    root = root_at(lake, protocol, config.block)
    if config.keep3r is not None:
        chosen = [one for one in roots(lake, protocol) if one.address == config.keep3r.lower()]
        if not chosen:
            raise UsageError(f"keep3r={config.keep3r}: the lake holds no such Keep3r contract")
        root = chosen[0]
    results = Path(config.results)
    replay = state_at(lake, protocol, root, config.block, results if is_results(results) else None)
    asked = {"job": config.job, "keeper": config.keeper}
    named = {kind: address.lower() for kind, address in asked.items() if address is not None}
    print(json.dumps({"block": config.block, **replay.describe(named)}, indent=1))
    return 0
