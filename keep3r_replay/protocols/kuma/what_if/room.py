"""What-ifs as the pipelines ask for them. See `replay.protocol.WhatIfs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.audit.bond_tables import judge
from keep3r_replay.protocols.kuma.audit.bonds import BondBook
from keep3r_replay.protocols.kuma.audit.finish import history_of
from keep3r_replay.protocols.kuma.what_if.changes import MEANINGS, changes_of
from keep3r_replay.protocols.kuma.what_if.outcome import Baseline, sums
from keep3r_replay.protocols.kuma.what_if.outcome import tables as compared
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.rooms import Outcome, WhatIfs
from keep3r_replay.replay.roots import replay_root, roots
from keep3r_replay.report.amounts import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol

ASSUMPTIONS = (
    "given: which calls were made, by whom and when, rates transmitted, failed transactions included",
    "given: what a what-if adds is called by a stranger, in a block of its own",
    "consequence: every amount, price, fee, yield, clone and balance",
    "consequence: whether a call succeeds; a transaction succeeds or fails as a whole",
    "not answered: what anybody would have done otherwise, knowing other prices",
)
"""What stays given and what becomes a consequence."""

COUNTS = frozenset({"purchases", "purchases_what_if", "changed_transactions"})
"""Numbers of an outcome that are no amounts."""


class KumaWhatIfs(WhatIfs):
    """Replays with changed keepers, epochs, fees, rates or rules."""

    told = ("purchases_what_if", "burned_what_if", "excess", "changed_transactions")
    unit = "KIBT"
    measured: Mapping[str, Any] = {
        name: pl.Int64() if name in COUNTS else pl.Decimal(38, 0)
        for name in (
            *("purchases", "purchases_what_if", "burned", "burned_what_if", "excess"),
            *("supply", "supply_what_if", "changed_transactions"),
        )
    }

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def changes(self) -> Mapping[str, str]:
        """Every change with its meaning."""
        return MEANINGS

    def check(self, overlay: Mapping[str, Any], lake: Lake) -> None:
        """Raise `UsageError` for a change that makes no sense."""
        del lake
        changes_of(overlay)

    def baseline(self, lake: Lake, until_block: int | None, starts: Mapping[str, Any]) -> Baseline:
        """The history as it was, as calls; from the beginning, for a changed call may stand anywhere."""
        if starts:
            raise UsageError("a what-if of KUMA begins with the history: leave start_block and resume out")
        (root,) = roots(lake, self._protocol)
        replay: Any = replay_root(lake, self._protocol, root, until_block, None, Options(readings=False)).replay
        history = history_of(replay, lake, until_block)
        return Baseline(history, judge(BondBook(replay.recorder.happenings, until_block), history.end))

    def outcome(self, baseline: Any, overlay: Mapping[str, Any], *, ledger: bool, tables: bool = True) -> Outcome:
        """What would have happened, beside what did."""
        del ledger
        assert isinstance(baseline, Baseline)
        changes = changes_of(overlay)
        world = baseline.world if changes.is_empty else baseline.with_changes(changes)
        summary = sums(baseline, world)
        return Outcome(dict(summary), compared(baseline, world) if tables else {}, lines(summary))

    def assumptions(self) -> Sequence[str]:
        """What stays given and what becomes a consequence."""
        return ASSUMPTIONS


def lines(summary: Mapping[str, Any]) -> list[str]:
    """The outcome for a terminal, in whole KIBT."""
    return [
        f"purchases {summary['purchases']:>6,}  as it was, {summary['purchases_what_if']:,} in the what-if",
        f"burned    {whole(summary['burned'])} KIBT as it was, {whole(summary['burned_what_if'])} in the what-if",
        f"excess    {whole(summary['excess'])} KIBT more were burned for the same bonds than would have been",
        f"supply    {whole(summary['supply'])} KIBT at the end, {whole(summary['supply_what_if'])} in the what-if",
        f"changed   {summary['changed_transactions']:>6,}  transactions succeed in one of them only",
    ]


def whole(wei: str) -> str:
    """An amount in whole tokens of 18 decimals, with six of them."""
    return tokens(int(wei), 6)
