"""The public face of what did not happen: what-ifs, sweeps and scripted histories. See `api`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.api import CONF, open_lake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.answers import WhatIfResults
    from keep3r_replay.lake.reader import Lake


def what_if(
    lake: Lake,
    *,
    until_block: int | None = None,
    ledger: bool = False,
    start_block: int | None = None,
    resume: str | Path | None = None,
    resume_block: int | None = None,
    **changes: Any,
) -> WhatIfResults:
    """What would have happened with changed inputs; docs/what-if.md lists the changes, and what stays given.

    Args:
        lake: the history.
        until_block: the last block; all if none is said.
        ledger: also keep the ledger.
        start_block: start after this block, with the state that its readings tell.
        resume: results of a former replay of this lake; start from their last snapshot.
        resume_block: with `resume`, from the last snapshot up to this block.
        changes: by name, as in `liquidity_factor="2"`. Without any, the tables are those of `replay`.

    Raises:
        UsageError: an unknown change, one that makes no sense, or a protocol without what-ifs.
    """
    from keep3r_replay.answers import WhatIfResults
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.replay.arguments import check_replay
    from keep3r_replay.what_if.history import Source

    check_replay(lake, ledger, until_block, start_block=start_block, resume=resume, resume_block=resume_block)
    former = None if resume is None else str(resume)
    source = Source(protocol_of(lake), lake, until_block, start_block, former, resume_block)
    source.check([changes])
    history = source.baseline()
    outcome = history.outcome(changes, ledger=ledger)
    return WhatIfResults(history.summary(changes, outcome), outcome.tables, outcome.lines)


def sweep(
    lake: Lake,
    grid: Mapping[str, Sequence[Any]],
    *,
    folder: str | Path | None = None,
    workers: int | None = None,
    until_block: int | None = None,
) -> pl.DataFrame:
    """Run a what-if for every combination of the grid's values, in parallel.

    Args:
        lake: the history.
        grid: values by name of the change: `{"liquidity_factor": ["1/2", "1", "2"]}`.
        folder: where what is finished is kept, and found again the next time; nowhere if none is said.
        workers: processes; all cores if none is said.
        until_block: the last block; all if none is said.

    Returns:
        One row a combination, the last name's values changing fastest: status, error, values, sums of both sides.

    Raises:
        UsageError: an unknown change, or one that makes no sense.
    """
    from keep3r_replay.answers import swept
    from keep3r_replay.replay.arguments import check_sweep

    check_sweep(lake, grid, folder, workers, until_block)
    if folder is not None:
        return swept(lake, grid, Path(folder), workers, until_block)
    with tempfile.TemporaryDirectory(prefix="keep3r-sweep-") as place:
        return swept(lake, grid, Path(place), workers, until_block)


def simulate(scenario: str | Path | Mapping[str, Any], folder: str | Path) -> Lake:
    """Play a scripted history, and write the lake that the contracts would have left.

    Args:
        scenario: one that comes with the package, by name; a YAML file; or the content of one.
        folder: of the lake; a former simulation there is replaced.

    Raises:
        UsageError: there is no such scenario, or a mistake in it.
    """
    from keep3r_replay.protocols.registry import scenarios_of
    from keep3r_replay.replay.arguments import path_named
    from keep3r_replay.scenario.actors import write_names
    from keep3r_replay.scenario.named import script_of

    target = Path(path_named("folder", folder))
    content, source = script_of(scenario, CONF)
    _, scenarios, script = scenarios_of(content)
    write_names(scenarios.simulate(script, source, target).names, target)
    return open_lake(folder)
