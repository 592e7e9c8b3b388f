"""`keep3r join`: lakes of several protocols on one chain into one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keep3r_replay.counts import counted

from .config import load_config, setting
from .foreign import say_foreign

SUMMARY = "Put lakes of several protocols on one chain together; what two of them hold must be the same."


@dataclass(frozen=True)
class JoinConfig:
    """Settings of `keep3r join`."""

    parts: list[str] = setting("folders of the lakes, as in [v1,v2]: of one chain, ending with the same block")
    lake: str = setting("folder of the joined lake: absent, empty, or a former join, which is replaced")


def main(argv: list[str]) -> int:
    """Join lakes; return the exit code."""
    config = load_config("join", JoinConfig, argv, summary=SUMMARY)
    from keep3r_replay.api import open_lake
    from keep3r_replay.lake.join import join

    joined = join([open_lake(part) for part in config.parts], Path(config.lake))
    print(
        f"joined {joined.protocols}: blocks {joined.from_block} to {joined.to_block}, {counted(joined.logs, 'log')}, "
        f"{counted(joined.transactions, 'transaction')}, {counted(joined.readings, 'reading')}"
    )
    print(f"lake: {config.lake}")
    say_foreign(Path(config.lake))
    return 0
