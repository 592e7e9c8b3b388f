"""What KUMAKeeper would have paid keepers back: reconstructed, not verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.audit.keepers import Reimbursement
from keep3r_replay.protocols.kuma.what_if.rows import KeeperRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.audit.recorder import CallRow
    from keep3r_replay.protocols.kuma.what_if.changes import Changes
    from keep3r_replay.protocols.kuma.what_if.outcome import Baseline, World


def _made(rows: Sequence[CallRow], world: World) -> list[CallRow]:
    """Calls that are made in a world, failed ones too."""
    return [row for row in rows if (row.place.block, row.place.transaction) not in world.taken_out]


def _paid(rows: Sequence[CallRow], world: World, model: Reimbursement) -> dict[str, int]:
    """Wei paid back to each sender, in chain order, as long as the funds suffice; nothing for what reverts."""
    paid: dict[str, int] = {}
    funds = model.funds
    for row in rows:
        if row.gas_used is None or row.gas_price is None:
            continue
        reverts = (row.place.block, row.place.transaction) in world.reverted
        wei = 0 if reverts else model.of(row.gas_used, row.gas_price)
        if funds is not None:
            wei = wei if wei <= funds else 0
            funds -= wei
        paid[row.sender] = paid.get(row.sender, 0) + wei
    return paid


def reimbursed(baseline: Baseline, world: World, changes: Changes) -> tuple[int, int]:
    """Wei paid back to all keepers: by the audit's terms as it was, and by the changed terms in the what-if."""
    before = _paid(baseline.keepers, baseline.world, Reimbursement())
    after = _paid(_made(baseline.keepers, world), world, changes.reimbursement)
    return sum(before.values()), sum(after.values())


def keeper_rows(baseline: Baseline, world: World, changes: Changes) -> list[KeeperRow]:
    """One row a keeper: calls, outlay and reimbursement in both worlds."""
    made = _made(baseline.keepers, world)
    before = _paid(baseline.keepers, baseline.world, Reimbursement())
    after = _paid(made, world, changes.reimbursement)
    rows: list[KeeperRow] = []
    for sender in sorted({row.sender for row in baseline.keepers}):
        was, would = ([row for row in some if row.sender == sender] for some in (baseline.keepers, made))
        rows.append(
            KeeperRow(
                sender,
                len(was),
                len(would),
                _outlay(was),
                _outlay(would),
                before.get(sender, 0),
                after.get(sender, 0),
            )
        )
    return rows


def _outlay(rows: Sequence[CallRow]) -> int:
    return sum((row.gas_used or 0) * (row.gas_price or 0) for row in rows)
