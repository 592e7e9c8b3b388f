"""`keep3r replay`: re-execute a lake through the model, compare, and write the results."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from pipelines.config import load_config, setting

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY = """Re-execute a lake through the model; compare every event and every reading; class every work.
With -m: a what-if for each combination of several values, as in overlay.fee=1,2 lake=A,B (docs/what-if.md)."""
FINDINGS = 3
PARTIAL = 4
"""Exit code of a replay that began in mid-history and found nothing."""


class Mode(Enum):
    """What to do at a disagreement."""

    audit = "audit"
    strict = "strict"
    what_if = "what_if"


class Engine(Enum):
    """Who runs the what-ifs of a sweep."""

    processes = "processes"
    dask = "dask"


@dataclass(frozen=True)
class ReplayConfig:
    """Settings of `keep3r replay`."""

    lake: str | None = setting("folder of the lake; the bundled sample if none is named", default=None)
    results: str = setting(
        "folder of the results: absent, empty, or former results, which are replaced", default="results"
    )
    mode: Mode = setting(
        "audit: note disagreements and go on; strict: stop at the first; what_if: with the changes of overlay",
        default=Mode.audit,
    )
    overlay: Overlay = setting(
        "for what_if: a named overlay, a YAML file, or overlay.CHANGE=VALUE (docs/what-if.md)", default=Overlay()
    )
    until_block: int | None = setting("last block to replay", default=None)
    start_block: int | None = setting("start after this block, with the state that its readings tell", default=None)
    resume: str | None = setting("results of a former replay of this lake: go on from its last snapshot", default=None)
    resume_block: int | None = setting("with resume: from the last snapshot up to this block", default=None)
    snapshot_every: int = setting("events between two snapshots kept with the results; 0 for none", default=8192)
    workers: int | None = setting("with -m: what-ifs at a time; all cores if none is said", default=None)
    engine: Engine = setting("with -m: processes of this machine, or dask", default=Engine.processes)
    scheduler: str | None = setting("with engine=dask: tcp://HOST:PORT; none: a local cluster", default=None)
    tables: bool = setting("with -m: keep every table of each what-if, not only the sums", default=False)
    chart: str = setting("with -m: outcome to draw over what is swept over", default="paid_what_if")
    ledger: bool = setting("also write the credit ledger, expiry and keepers' accounts", default=False)


def main(argv: list[str]) -> int:
    """Replay one lake; return 0 if it is clean, 3 if there are findings."""
    from pipelines.what_if import split_file, with_file

    if "-m" in argv or "--multirun" in argv:
        from pipelines.sweep import main as sweep

        return sweep(argv)
    rest, file = split_file(argv)
    config = load_config("replay", ReplayConfig, rest, summary=SUMMARY)
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
