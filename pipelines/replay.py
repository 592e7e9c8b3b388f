"""`keep3r replay`: re-execute a lake through the model, compare, and write the results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keep3r_replay
from keep3r_replay.collector import no_collections
from keep3r_replay.errors import UsageError
from pipelines.config import load_config
from pipelines.foreign import say_foreign
from pipelines.replay_config import SUMMARY, Mode, ReplayConfig

FINDINGS = 3
PARTIAL = 4
"""Exit code of a replay that began in mid-history and found nothing."""


def main(argv: list[str]) -> int:
    """Replay one lake; return 0 if it is clean, 3 if there are findings."""
    from pipelines.what_if import spelled, split_file, with_file

    if "-m" in argv or "--multirun" in argv:
        from pipelines.sweep import main as sweep

        return sweep(argv)
    rest, file = split_file(spelled(argv))
    config = load_config("replay", ReplayConfig, rest, summary=SUMMARY)
    return replay(replace(config, overlay=with_file(config.overlay, file)))


def replay(config: ReplayConfig) -> int:
    """Replay as configured, write the results, print the summary; return the exit code."""
    if config.mode is Mode.what_if:
        from pipelines.what_if import replay_what_if

        with no_collections():
            return replay_what_if(config)
    if config.overlay:
        raise UsageError("an overlay changes the history: say mode=what_if")
    from keep3r_replay.replay.results import check_target

    check_target(Path(config.results))
    lake = keep3r_replay.open_lake(config.lake)
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
        )
    found.write(config.results)
    say_foreign(Path(config.results))
    print(found)
    print(f"results   {config.results}")
    if not found.clean:
        return FINDINGS
    return PARTIAL if found.summary["verdict"] == "partial" else 0
