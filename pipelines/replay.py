"""`keep3r replay`: re-execute a lake through the model, compare, and write the results."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.errors import UsageError
from pipelines.config import load_config
from pipelines.foreign import say_foreign
from pipelines.replay_config import SUMMARY, Mode, ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

FINDINGS = 3
PARTIAL = 4
"""Exit code of a replay that began in mid-history and found nothing."""


def main(argv: list[str]) -> int:
    """Replay one lake; return 0 if it is clean, 3 if there are findings."""
    from pipelines.what_if import replay_changes, split_changes, split_file, with_file

    if "-m" in argv or "--multirun" in argv:
        from pipelines.sweep import main as sweep

        return sweep(argv)
    rest, file = split_file(argv)
    rest, changes = split_changes(rest)
    config = load_config("replay", ReplayConfig, rest, summary=SUMMARY)
    if changes:
        if config.mode is not Mode.what_if:
            raise UsageError("a change changes the history: say mode=what_if")
        with _no_collections():
            return replay_changes(config, changes)
    return replay(replace(config, overlay=with_file(config.overlay, file)))


def replay(config: ReplayConfig) -> int:
    """Replay as configured, write the results, print the summary; return the exit code."""
    if config.mode is Mode.what_if:
        from pipelines.what_if import replay_what_if

        with _no_collections():
            return replay_what_if(config)
    if not config.overlay.is_empty:
        raise UsageError("an overlay changes the history: say mode=what_if")
    from keep3r_replay.replay.results import check_target

    check_target(Path(config.results))
    lake = keep3r_replay.open_lake(config.lake)
    with _no_collections():
        found = keep3r_replay.replay(
            lake,
            ledger=config.ledger,
            until_block=config.until_block,
            strict=config.mode is Mode.strict,
            start_block=config.start_block,
            resume=config.resume,
            resume_block=config.resume_block,
            snapshot_every=config.snapshot_every,
        )
    found.write(config.results)
    say_foreign(Path(config.results))
    print(found)
    print(f"results   {config.results}")
    if not found.clean:
        return FINDINGS
    return PARTIAL if found.summary["verdict"] == "partial" else 0


@contextmanager
def _no_collections() -> Iterator[None]:
    """Leave the cyclic garbage collector out: a replay keeps what it makes, and walking through it costs a tenth."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
