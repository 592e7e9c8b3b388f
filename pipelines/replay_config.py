"""Settings of `keep3r replay`, for one replay and for a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from .config import Store, setting
from .named import NAMES

SUMMARY = """Re-execute a lake through the model; compare every event and every reading; class every work.
With -m: a what-if for each combination of several values, as in overlay.fee=1,2 lake=A,B (docs/what-if.md)."""


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

    lake: str | None = setting(
        "folder of the lake; the bundled sample if none is named", default=None, store=Store.READ
    )
    results: str = setting(
        "folder of the results: absent, empty, or former results, which are gone on from and replaced",
        default="results",
        store=Store.STAGED,
    )
    mode: Mode = setting(
        "audit: note disagreements and go on; strict: stop at the first; what_if: with the changes of overlay",
        default=Mode.audit,
    )
    overlay: dict[str, Any] = setting(
        "for what_if: a named overlay, a YAML file, or overlay.CHANGE=VALUE, of the lake's protocol (docs/what-if.md)",
        default={},
    )
    inputs: bool = setting("false: leave the lake's transactions aside, and replay by its logs alone", default=True)
    until_block: int | None = setting("last block to replay", default=None)
    start_block: int | None = setting("start after this block, with the state that its readings tell", default=None)
    resume: str | None = setting(
        "results of a former replay of this lake: go on from its last snapshot", default=None, store=Store.STAGED
    )
    resume_block: int | None = setting("with resume: from the last snapshot up to this block", default=None)
    snapshot_every: int = setting("events between two snapshots kept with the results; 0 for none", default=8192)
    export: str | None = setting(
        "with -m: also write the table of the sweep to this file: .csv, .json, .parquet or .xlsx", default=None
    )
    names: str | None = setting(NAMES, default=None)
    workers: int | None = setting("with -m: what-ifs at a time; all cores if none is said", default=None)
    engine: Engine = setting("with -m: processes of this machine, or dask", default=Engine.processes)
    scheduler: str | None = setting("with engine=dask: tcp://HOST:PORT; none: a local cluster", default=None)
    tables: bool = setting("with -m: keep every table of each what-if, not only the sums", default=False)
    chart: str = setting("with -m: outcome to draw over what is swept over; empty: the protocol's", default="")
    columns: bool = setting(
        "false: every event by itself, also where plain works can be taken many at a time; same results, slower",
        default=True,
    )
    ledger: bool = setting("also write the credit ledger, expiry and keepers' accounts", default=False)


OVERLAY = "overlay"
NOT_SWEPT = frozenset(
    {
        *("mode", "results", "engine", "scheduler", "workers", "columns"),  # how the sweep is run
        *("tables", "ledger", "chart", "snapshot_every", "names", "export"),  # what is kept or shown of it
    }
)
"""Settings that leave what would have happened as it is. A sweep goes over every other one."""
