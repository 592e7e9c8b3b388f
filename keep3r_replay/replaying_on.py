"""A replay that goes on from former results in the folder that it writes to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.answers import AuditResults, SeveralResults, configured
from keep3r_replay.lake.folders import check_target as check_folder
from keep3r_replay.protocols.registry import part_of, protocol_of, protocols_in
from keep3r_replay.replay.alone import only_run_on
from keep3r_replay.replay.audit import audit
from keep3r_replay.replay.continuing import RefusedError, continued
from keep3r_replay.replay.results import bears_mark, check_target
from keep3r_replay.replay.roots import roots
from keep3r_replay.replay.several import earned, write_earnings

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake


@dataclass(frozen=True)
class ReplayedOn:
    """What a replay that went on found: the same as one from the beginning.

    Attributes:
        results: what stands in the folder now.
        after: the block that it went on after; None: from the beginning.
        told: why it began where it did, in one line; empty where there was nothing to go on from.
    """

    results: AuditResults | SeveralResults
    after: int | None
    told: str

    @property
    def clean(self) -> bool:
        """Whether nothing was found but notices: model and chain agree everywhere."""
        return self.results.clean

    @property
    def verdict(self) -> str:
        """`clean` or `findings`."""
        return self.results.verdict


def replay_on(
    lake: Lake, folder: Path, until_block: int | None, snapshot_every: int, *, ledger: bool, columns: bool
) -> ReplayedOn:
    """Replay a lake to a folder from where the results in it left off; see `api.replay_on`."""
    names = protocols_in(lake)
    if len(names) == 1:
        check_target(folder)
    else:
        check_folder(folder, "results", "results of a replay of several protocols", partial(_holds_parts, names))
    with only_run_on(folder):
        return _replay_on(lake, folder, until_block, snapshot_every, ledger=ledger, columns=columns)


def _holds_parts(names: Collection[str], folder: Path) -> bool:
    """Whether a folder holds results of one of the protocols in a folder of its name, or what a killed run left."""
    return any(bears_mark(folder / name) for name in names) or all(each.name[0] == "." for each in folder.iterdir())


def _replay_on(
    lake: Lake, folder: Path, until_block: int | None, snapshot_every: int, *, ledger: bool, columns: bool
) -> ReplayedOn:
    one = partial(_one, until_block=until_block, snapshot_every=snapshot_every, ledger=ledger, columns=columns)
    if len(protocols_in(lake)) == 1:
        return one(lake, folder)
    parts = {name: one(part_of(lake, name), folder / name) for name in protocols_in(lake)}
    found = {name: each.results for name, each in parts.items() if isinstance(each.results, AuditResults)}
    earnings = earned({name: each.protocol.earnings(each.tables) for name, each in found.items()})
    write_earnings(folder / "earnings", next(iter(found.values())).audit.lake, earnings)
    afters = [each.after for each in parts.values() if each.after is not None]
    told = "; ".join(f"{name} {each.told}" for name, each in parts.items() if each.told)
    return ReplayedOn(SeveralResults(found, earnings), min(afters) if len(afters) == len(parts) else None, told)


def _one(
    lake: Lake, folder: Path, until_block: int | None, snapshot_every: int, *, ledger: bool, columns: bool
) -> ReplayedOn:
    """Replay a lake of one protocol, or one protocol's part."""
    check_target(folder)
    protocol = protocol_of(lake)
    configuration = configured("audit", until_block, {}, snapshot_every, ledger=ledger)
    starts = {}
    told = ""
    try:
        starts = continued(lake, protocol, roots(lake, protocol), folder, configuration, until_block)
    except RefusedError as refusal:
        told = f"from the beginning: {refusal}" if bears_mark(folder) else ""
    after = min((each.block for each in starts.values()), default=None)
    if after is not None:
        told = f"after block {after:,}"
    found = audit(
        lake, protocol, until_block, ledger=ledger, starts=starts, snapshot_every=snapshot_every, columns=columns
    )
    results = AuditResults(found.with_inputs(), protocol, configuration)
    results.write(folder)
    return ReplayedOn(results, after, told)
