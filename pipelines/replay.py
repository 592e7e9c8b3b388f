"""`keep3r replay`: re-execute a lake through the model, compare, and write the results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.collector import no_collections
from keep3r_replay.errors import UsageError

from .config import is_multirun, load_config
from .foreign import say_foreign
from .manners import say
from .named import book_of
from .replay_config import SUMMARY, Mode, ReplayConfig

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

FINDINGS = 3
PARTIAL = 4
"""Exit code of a replay that began in mid-history and found nothing."""


def main(argv: list[str]) -> int:
    """Replay one lake; return 0 if it is clean, 3 if there are findings."""
    if is_multirun(argv):
        from .sweeping import main as sweep

        return sweep(argv)
    return replay(load_config("replay", ReplayConfig, argv, summary=SUMMARY))


def replay(config: ReplayConfig) -> int:
    """Replay as configured, write the results, print the summary; return the exit code.

    Raises `UsageError` for an overlay without `mode=what_if`, and for one by logs alone.
    """
    if config.mode is Mode.what_if and not config.inputs:
        raise UsageError("inputs=false: a what-if takes the transactions as they are")
    if config.mode is Mode.what_if:
        from .what_if import replay_what_if

        with no_collections():
            return replay_what_if(config)
    if config.overlay:
        raise UsageError("an overlay changes the history: say mode=what_if")
    if (
        config.mode is Mode.audit
        and config.start_block is None
        and config.resume is None
        and config.resume_block is None
    ):
        with no_collections():
            return _replay_on(config)
    from keep3r_replay.protocols.registry import protocols_in
    from keep3r_replay.replay.results import check_target

    lake = _lake(config)
    if len(protocols_in(lake)) > 1:
        return _replay_parts(config, lake)
    check_target(Path(config.results))
    with no_collections():
        found = keep3r_replay.replay(
            lake,
            ledger=config.ledger,
            until_block=config.until_block,
            strict=config.mode is Mode.strict,
            start_block=config.start_block,
            resume=config.resume,
            resume_block=config.resume_block,
            snapshot_every=config.snapshot_every,
            columns=config.columns,
        )
    found.write(config.results)
    say_foreign(Path(config.results))
    say(book_of(lake, config.names).told(str(found)))
    print(f"results   {config.results}")
    if not found.clean:
        return FINDINGS
    return PARTIAL if found.summary["verdict"] == "partial" else 0


def _lake(config: ReplayConfig, results: str | None = None) -> Lake:
    """The lake as configured; without a look at the files that former `results` were made of."""
    lake = keep3r_replay.open_lake(config.lake, results=results)
    return lake if config.inputs else lake.without("transactions", "calls")


def _replay_on(config: ReplayConfig) -> int:
    """Replay from where former results left off, or from the beginning; return the exit code."""
    from keep3r_replay.answers import SeveralResults

    lake = _lake(config, config.results)
    found = keep3r_replay.replay_on(
        lake,
        config.results,
        ledger=config.ledger,
        until_block=config.until_block,
        snapshot_every=config.snapshot_every,
        columns=config.columns,
    )
    several = isinstance(found.results, SeveralResults)
    if not several:
        say_foreign(Path(config.results))
    say(book_of(lake, config.names).told(str(found.results)))
    if found.told:
        print(f"replayed  {found.told}")
    parts = f": {', '.join(found.results.parts)}, earnings" if isinstance(found.results, SeveralResults) else ""
    print(f"results   {config.results}{parts}")
    return 0 if found.clean else FINDINGS


def _replay_parts(config: ReplayConfig, lake: Lake) -> int:
    """Replay every protocol of a lake, each to a folder of its name, and what accounts earned over all of them."""
    if config.start_block is not None or config.resume_block is not None:
        raise UsageError(f"a lake of several protocols: say which one, as in lake={config.lake}/NAME")
    with no_collections():
        found = keep3r_replay.replay_all(
            lake,
            ledger=config.ledger,
            until_block=config.until_block,
            strict=config.mode is Mode.strict,
            resume=config.resume,
            columns=config.columns,
        )
    found.write(config.results)
    say(book_of(lake, config.names).told(str(found)))
    print(f"results   {config.results}: {', '.join(found.parts)}, earnings")
    return 0 if found.clean else FINDINGS
