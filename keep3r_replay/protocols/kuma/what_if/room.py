"""What-ifs as the pipelines ask for them. See `replay.rooms.WhatIfs`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.kuma.audit.bond_tables import judge
from keep3r_replay.protocols.kuma.audit.bonds import BondBook
from keep3r_replay.protocols.kuma.audit.finish import history_of
from keep3r_replay.protocols.kuma.audit.keepers import KEEPERS_CALLS, NOT_VERIFIED
from keep3r_replay.protocols.kuma.what_if.changes import MEANINGS, changes_of
from keep3r_replay.protocols.kuma.what_if.compared import sums
from keep3r_replay.protocols.kuma.what_if.compared import tables as compared
from keep3r_replay.protocols.kuma.what_if.outcome import Baseline
from keep3r_replay.protocols.kuma.what_if.rate_file import read_rates
from keep3r_replay.protocols.kuma.what_if.rows import REIMBURSED
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.rooms import Outcome, WhatIfs
from keep3r_replay.replay.roots import replay_root, roots
from keep3r_replay.report.amounts import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.replay.protocol import Protocol

ASSUMPTIONS = (
    "given: which calls were made, by whom and when, rates transmitted, failed transactions included",
    "given: what a what-if adds is called by a stranger, in a block of its own",
    "consequence: every amount, price, fee, yield, clone and balance",
    "consequence: whether a call succeeds; a transaction succeeds or fails as a whole",
    f"{NOT_VERIFIED}: what keepers are paid back, (gas + overhead) x min(gas price, maximum) + reward",
    "not answered: what anybody would have done otherwise, knowing other prices",
)
"""What stays given and what becomes a consequence."""

COUNTS = ("purchases", "purchases_what_if", "late", "late_what_if", "changed_transactions")
ADDED = ("added_calls", "added_calls_failed")
KIBT = ("burned", "burned_what_if", "excess", "supply", "supply_what_if")
PAID = (REIMBURSED, f"{REIMBURSED}_what_if")
"""The numbers of an outcome: counts, amounts in KIBT, and in ETH."""


class KumaWhatIfs(WhatIfs):
    """Replays with changed keepers, epochs, fees, rates or rules."""

    told = ("purchases_what_if", "burned_what_if", "excess", "changed_transactions")
    unit = "KIBT"
    measured: Mapping[str, Any] = {
        **dict.fromkeys((*COUNTS, *ADDED), pl.Int64()),
        **dict.fromkeys((*KIBT, *PAID), pl.Decimal(38, 0)),
    }

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def changes(self) -> Mapping[str, str]:
        """Every change with its meaning."""
        return MEANINGS

    def check(self, overlay: Mapping[str, Any], lake: Lake) -> None:
        """Raise `UsageError` for a change that makes no sense, `InputError` for a wrong file of rates."""
        changes = changes_of(overlay)
        if changes.rate_file is not None:
            read_rates(changes.rate_file, begun(self._protocol, lake).categories)

    def identity(self, overlay: Mapping[str, Any]) -> dict[str, Any]:
        """The changes, and what the file of rates holds, wherever it lies. Raises `InputError` if there is none."""
        file = overlay.get("rate_file")
        if file is None:
            return {"overlay": dict(overlay)}
        try:
            content = Path(file).read_bytes()
        except OSError as error:
            raise InputError(Path(file), f"cannot be read: {error.strerror}") from None
        return {"overlay": dict(overlay), "rate_file": hashlib.sha256(content).hexdigest()}

    def baseline(self, lake: Lake, until_block: int | None, starts: Mapping[str, Any]) -> Baseline:
        """The history as it was, as calls; from the beginning, for a changed call may stand anywhere.

        Raises `UsageError` for another start.
        """
        if starts:
            raise UsageError("a what-if of KUMA begins with the history: leave start_block and resume out")
        (root,) = roots(lake, self._protocol)
        replay: Any = replay_root(lake, self._protocol, root, until_block, None, Options(readings=False)).replay
        history = history_of(replay, lake, until_block)
        judged = judge(BondBook(replay.recorder.happenings, until_block), history.end)
        keepers = [row for row in replay.recorder.calls if row.function in KEEPERS_CALLS]
        return Baseline(
            history, judged, [row for row in keepers if until_block is None or row.place.block <= until_block]
        )

    def outcome(self, baseline: Any, overlay: Mapping[str, Any], *, ledger: bool, tables: bool = True) -> Outcome:
        """What would have happened, beside what did."""
        del ledger
        assert isinstance(baseline, Baseline)
        changes = changes_of(overlay)
        world = baseline.with_changes(changes)
        summary = sums(baseline, world, changes)
        return Outcome(dict(summary), compared(baseline, world, changes) if tables else {}, lines(summary))

    def assumptions(self) -> Sequence[str]:
        """What stays given and what becomes a consequence."""
        return ASSUMPTIONS


def begun(protocol: Protocol, lake: Lake) -> Kuma:
    """The model of a lake before its first event."""
    (root,) = roots(lake, protocol)
    replay: Any = protocol.begin(lake, root, Journal(), None, Options(readings=False))
    kuma: Kuma = replay.kuma
    return kuma


def lines(summary: Mapping[str, Any]) -> list[str]:
    """The outcome for a terminal, in whole KIBT and ETH."""
    paid, would_be_paid = (whole(summary[name]) for name in PAID)
    told = [
        f"purchases {summary['purchases']:>6,}  as it was, {summary['purchases_what_if']:,} in the what-if",
        f"burned    {whole(summary['burned'])} KIBT as it was, {whole(summary['burned_what_if'])} in the what-if",
        f"excess    {whole(summary['excess'])} KIBT more were burned for the same bonds than would have been",
        f"supply    {whole(summary['supply'])} KIBT at the end, {whole(summary['supply_what_if'])} in the what-if",
        f"late      {summary['late']:>6,}  bonds as it was, {summary['late_what_if']:,} in the what-if",
        f"changed   {summary['changed_transactions']:>6,}  transactions succeed in one of them only",
        f"keepers   {paid} ETH paid back, {would_be_paid} in the what-if: {NOT_VERIFIED}",
    ]
    if summary["added_calls"]:
        failed = f", {summary['added_calls_failed']:,} of them revert: see added_calls" * (
            summary["added_calls_failed"] > 0
        )
        told.append(f"added     {summary['added_calls']:>6,}  calls{failed}")
    return told


def whole(wei: str) -> str:
    """An amount in whole tokens of 18 decimals, with six of them."""
    return tokens(int(wei), 6)
