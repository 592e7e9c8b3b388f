"""What the public face answers with, and how it gets there."""

from __future__ import annotations

import atexit
import os
import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import part_of, protocol_of, protocols_in
from keep3r_replay.replay.arguments import path_named, place_of, shown
from keep3r_replay.replay.roots import roots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from keep3r_replay.journal import Finding
    from keep3r_replay.replay.audited import Audit
    from keep3r_replay.replay.protocol import Protocol, Replay
    from keep3r_replay.replay.rooms import Explanation


@dataclass(frozen=True, repr=False)
class AuditResults:
    """What a replay found."""

    audit: Audit
    protocol: Protocol
    configuration: dict[str, Any]

    @property
    def verdict(self) -> str:
        """`clean`; `findings`; or `partial`, of a replay that began in mid-history and found nothing."""
        return str(self.summary["verdict"])

    @property
    def clean(self) -> bool:
        """Whether nothing was found but notices: model and chain agree everywhere."""
        return self.audit.clean

    @property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds: counts by class, events, readings, the hash of the state at the end."""
        return self.audit.summary

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """Frames by name. Amounts are wei, as `Decimal(38, 0)`."""
        return self.audit.tables

    @property
    def findings(self) -> list[Finding]:
        """Disagreements and irregularities, in chain order.

        What follows from another has that one's number, counted from 1, as its `cause`: `findings[cause - 1]` is the
        root. A root's own `cause` is None.
        """
        return self.audit.findings

    def write(self, folder: str | Path) -> Path:
        """Write tables, summary and manifest to a folder; former results there are replaced.

        Raises `UsageError` if the folder holds something else.
        """
        from keep3r_replay.replay.results import write_results

        target = Path(path_named("folder", folder))
        write_results(self.audit, target, self.configuration, self.protocol.tables)
        return target

    def __str__(self) -> str:
        from keep3r_replay.report.terminal import audit_lines

        return "\n".join(audit_lines(self.audit, self.protocol))

    def __repr__(self) -> str:
        return str(self)


def configured(
    mode: str, until_block: int | None, started_after: Mapping[str, int], snapshot_every: int, *, ledger: bool
) -> dict[str, Any]:
    """The configuration of a replay, as the manifest of its results has it."""
    return {
        "mode": mode,
        "until_block": until_block,
        "ledger": ledger,
        "started_after": dict(started_after),
        "snapshot_every": snapshot_every,
    }


@dataclass(frozen=True, repr=False)
class SeveralResults:
    """What replays of a lake of several protocols found: results by protocol, and what accounts earned over all."""

    parts: Mapping[str, AuditResults]
    earnings: pl.DataFrame

    @property
    def clean(self) -> bool:
        """Whether nothing was found but notices: model and chain agree everywhere."""
        return all(each.clean for each in self.parts.values())

    @property
    def verdict(self) -> str:
        """`clean`, or that of the first part which is not."""
        return next((each.verdict for each in self.parts.values() if each.verdict != "clean"), "clean")

    def write(self, folder: str | Path) -> Path:
        """Write each part to a folder of its protocol's name in `folder`, and the earnings to `folder/earnings`.

        Raises `UsageError` if one of them holds something else.
        """
        from keep3r_replay.replay.several import write_earnings

        target = Path(path_named("folder", folder))
        for name, each in self.parts.items():
            each.write(target / name)
        write_earnings(target / "earnings", next(iter(self.parts.values())).audit.lake, self.earnings)
        return target

    def __str__(self) -> str:
        from keep3r_replay.replay.several import earnings_lines

        return "\n\n".join([*map(str, self.parts.values()), "\n".join(earnings_lines(self.earnings))])

    def __repr__(self) -> str:
        return str(self)


def replay_parts(lake: Lake, replay_one: Callable[[Lake, str], AuditResults]) -> SeveralResults:
    """Replay every protocol's part of a lake; `replay_one` gets the part and the protocol's name."""
    from keep3r_replay.replay.several import earned

    parts = {name: replay_one(part_of(lake, name), name) for name in protocols_in(lake)}
    return SeveralResults(parts, earned({name: one.protocol.earnings(one.tables) for name, one in parts.items()}))


def files_known(results: Path) -> frozenset[tuple[str, str]]:
    """Path and SHA-256 of the lake's files that former results, of one protocol or of several, were made of."""
    from keep3r_replay.replay.continuing import known_files

    folders = [results, *(path.parent for path in sorted(results.glob("*/manifest.json")))]
    return frozenset().union(*map(known_files, folders))


def part_named(path: Path) -> Lake | None:
    """The part that `path` names of the lake in the folder above; None if it names none."""
    if not (path.parent / "deployment.json").is_file():
        return None
    lake = Lake.open(path.parent)
    return part_of(lake, path.name) if len(protocols_in(lake)) > 1 else None


@dataclass(frozen=True)
class State:
    """A contract at the end of a block. Every kind of subject that the protocol knows is a method: `job("0x...")`."""

    block: int
    replay: Replay

    def overview(self) -> dict[str, Any]:
        """The contract itself, and who is known to it."""
        return self.replay.describe({})

    def describe(self, **subjects: str) -> dict[str, Any]:
        """What it holds of the subjects, by kind: `describe(job="0x...")`. Raises `UsageError` for an unknown one."""
        return self.replay.describe({kind: str(address).lower() for kind, address in subjects.items()})

    def __getattr__(self, kind: str) -> Callable[[str], Any]:
        if kind.startswith("_"):
            raise AttributeError(kind)
        return partial(self._of, kind)

    def _of(self, kind: str, subject: str) -> Any:
        """What it holds of one subject. Raises `UsageError` for an unknown kind or subject."""
        return self.describe(**{kind: subject})[kind]


@dataclass(frozen=True, repr=False)
class WhatIfResults:
    """What would have happened: the tables of an audit, tables that compare both sides, and lines for a terminal."""

    summary: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    lines: list[str]

    @property
    def works(self) -> pl.DataFrame:
        """Each work, baseline beside what-if. Raises `UsageError` where the protocol compares none."""
        return self._table("compared_works")

    @property
    def jobs(self) -> pl.DataFrame:
        """The sums of each job, both sides. Raises as `works`."""
        return self._table("compared_jobs")

    @property
    def keepers(self) -> pl.DataFrame:
        """The sums of each keeper, both sides. Raises as `works`."""
        return self._table("compared_keepers")

    def _table(self, name: str) -> pl.DataFrame:
        if name not in self.tables:
            raise UsageError(f"this what-if has no table {name}; there are {', '.join(self.tables)}")
        return self.tables[name]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        return str(self)


def room(lake: Lake, name: str) -> Any:
    """What the lake's protocol offers of a kind. Raises `UsageError` if it offers none."""
    protocol = protocol_of(lake)
    offered = getattr(protocol, name, None)
    if offered is None:
        raise UsageError(f"{protocol.title} has no {name.replace('_', '-')}")
    return offered


def explanations(lake: Lake, transaction: str | tuple[int, int]) -> list[Explanation]:
    """The explained events of a transaction, in order, of all root contracts. Raises `UsageError` if there is none."""
    place = place_of(lake, transaction)
    protocol = protocol_of(lake)
    found = [one for root in roots(lake, protocol) for one in protocol.explain(lake, root, place)]
    return sorted(found, key=lambda one: one.log_index)


def explanations_table(explained: Sequence[Explanation]) -> pl.DataFrame:
    """One row a term of these explanations; columns as `api.explain` says."""
    import polars as pl

    kinds = list(dict.fromkeys(kind for one in explained for kind in one.subjects))
    rows = [
        {
            "event": one.event,
            "block_number": one.block_number,
            "log_index": one.log_index,
            **{kind: one.subjects.get(kind, "") for kind in kinds},
            "section": term.section,
            "term": term.name,
            "value": str(term.value),
            "source": term.source,
        }
        for one in explained
        for term in one.terms
    ]
    schema = {
        "event": pl.String,
        "block_number": pl.UInt32,
        "log_index": pl.UInt32,
        **dict.fromkeys([*kinds, "section", "term", "value", "source"], pl.String),
    }
    return pl.DataFrame(rows, schema=schema)


def swept(
    lake: Lake, grid: Mapping[str, Sequence[Any]], folder: Path, workers: int | None, until_block: int | None
) -> pl.DataFrame:
    """The table of a sweep over every combination of the grid's values; arguments and errors as of `api.sweep`."""
    from keep3r_replay.what_if.history import Source
    from keep3r_replay.what_if.sweep.run import run_sweep
    from keep3r_replay.what_if.sweep.scenarios import Kept, Scenario
    from keep3r_replay.what_if.sweep.table import sweep_table

    source = Source(protocol_of(lake), lake, until_block)
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    source.check(combinations)
    scenarios = [Scenario(changes, changes, source) for changes in combinations]
    cores = workers or len(os.sched_getaffinity(0))
    return sweep_table(run_sweep(scenarios, folder, Kept(), cores, lambda *_: None), source.what_ifs.measured)


def kept_folder() -> Path:
    """A new folder, which is removed as the process ends."""
    place = tempfile.TemporaryDirectory(prefix="keep3r-")
    atexit.register(place.cleanup)
    return Path(place.name)


def results_folder(results: object) -> Path:
    """The folder of a replay's results, written first if they are in memory. Raises `UsageError` if they are none."""
    if isinstance(results, AuditResults):
        return results.write(kept_folder() / "results")
    if not isinstance(results, str | Path):
        wanted = "what replay(lake, ledger=True) gives, or of its folder"
        raise UsageError(f"a warehouse is made of {wanted}, not of {shown(results)}")
    return Path(results)
