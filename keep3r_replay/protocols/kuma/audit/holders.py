"""The table `late_holders`: who held more KIBT, and how much, since a bond was expired late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.audit.late_expiry import actually_held
from keep3r_replay.protocols.kuma.audit.late_rows import LateHolderRow
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.protocols.kuma.audit.bond_tables import LateExpiry
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.what_if.history import History


def holders_table(history: History, kuma: Kuma, states: Mapping[int, Kuma], late: Sequence[LateExpiry]) -> pl.DataFrame:
    """One row for a late bond and an account whose balance it changed, just before the bond was bought.

    Of a bond that nobody bought it is the balance at the history's end. A world whose expiry is not before that moment
    is as the chain was. What accounts have more adds up to the excess of the supply, but for the rounding of each
    balance and what self-transfers inflated (v1).
    """
    rows: list[LateHolderRow] = []
    for each in late:
        story = each.judged.story
        held = actually_held(history, states, story, min(each.strict.expired_at, each.grace.expired_at))
        if held is None:
            continue
        was = held.balances
        worlds = [was if world.held is None else world.held.balances for world in (each.strict, each.grace)]
        for account in sorted({account for balances in (was, *worlds) for account in balances}):
            had, would = was.get(account, 0), [balances.get(account, 0) for balances in worlds]
            if any(balance != had for balance in would):
                name = kuma.categories[story.category].name
                gains = (had - balance for balance in would)
                rows.append(LateHolderRow(name, story.category, story.bond_id, account, had, *would, *gains))
    return frame(LateHolderRow, rows)
