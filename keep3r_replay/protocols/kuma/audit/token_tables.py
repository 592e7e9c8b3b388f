"""What became of the tokens: yields and cover after every call, epoch lengths, self-transfers, stale yields."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.audit.rows import (
    CategoryRow,
    EpochChangeRow,
    MadeCallRow,
    SelfTransferRow,
    StaleYieldRow,
    TokenRow,
    told_bond,
)
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of, total_supply, updated_previous
from keep3r_replay.protocols.kuma.contract.ray import ray_mul, ray_to_wad
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.protocols.kuma.audit.recorder import CallRow, EpochChange, Move, TokenState
    from keep3r_replay.protocols.kuma.audit.stale import StaleYield
    from keep3r_replay.protocols.kuma.contract.state import Kuma


def tokens_table(kuma: Kuma, states: Sequence[TokenState]) -> pl.DataFrame:
    """One row a call that concerned a category."""
    return frame(
        TokenRow,
        [
            TokenRow(
                each.place.block,
                each.place.transaction,
                each.place.timestamp,
                kuma.categories[each.category].name,
                each.category,
                each.yield_,
                each.previous,
                each.cumulative,
                each.epoch_length,
                each.min_coupon,
                each.supply,
                each.reserve_worth,
                each.supply - each.reserve_worth,
                each.is_expired,
                each.is_paused,
            )
            for each in states
        ],
    )


def epochs_table(kuma: Kuma, changes: Sequence[EpochChange]) -> pl.DataFrame:
    """One row a change of an epoch's length; without a refresh, the supply jumps by `jump`."""
    return frame(
        EpochChangeRow,
        [
            EpochChangeRow(
                each.place.block,
                each.place.transaction,
                each.place.timestamp,
                kuma.categories[each.category].name,
                each.category,
                each.before,
                each.after,
                each.is_refreshed,
                each.is_alone,
                each.boundary_after - each.boundary_before,
                each.supply_before,
                each.supply_after,
                each.supply_after - each.supply_before,
            )
            for each in changes
        ],
    )


def self_transfers_table(kuma: Kuma, moves: Sequence[Move]) -> pl.DataFrame:
    """One row a self-transfer of v1: the second of the two bases that it wrote stands."""
    rows: list[SelfTransferRow] = []
    pairs = [each for each in moves if each.kind == "self_transfer"]
    for first, second in zip(pairs[::2], pairs[1::2], strict=False):
        inflation = ray_to_wad(ray_mul(second.change.after, second.previous)) - ray_to_wad(
            ray_mul(first.change.before, second.previous)
        )
        rows.append(
            SelfTransferRow(
                second.place.block,
                second.place.transaction,
                second.place.timestamp,
                second.place.log_index,
                kuma.categories[second.category].name,
                second.category,
                second.change.account,
                str(first.change.before),
                str(second.change.after),
                inflation,
                str(second.bases - second.change.total_after),
            )
        )
    return frame(SelfTransferRow, rows)


def stale_table(kuma: Kuma, stale: Sequence[StaleYield], end: int) -> pl.DataFrame:
    """One row a stretch of time with a stale yield."""
    return frame(
        StaleYieldRow,
        [
            StaleYieldRow(
                kuma.categories[each.category].name,
                each.category,
                each.since.block,
                each.since.timestamp,
                each.until.block if each.until is not None else None,
                each.until.timestamp if each.until is not None else None,
                (each.until.timestamp if each.until is not None else end) - each.since.timestamp,
                each.stored,
                each.due,
                each.difference(end),
            )
            for each in stale
        ],
    )


def calls_table(kuma: Kuma, calls: Sequence[CallRow]) -> pl.DataFrame:
    """One row a call, reverted ones included."""
    return frame(
        MadeCallRow,
        [
            MadeCallRow(
                each.place.block,
                each.place.transaction,
                each.place.timestamp,
                each.place.log_index if each.place.log_index >= 0 else None,
                kuma.categories[each.category].name if each.category else "",
                each.category,
                each.contract,
                each.function,
                each.sender,
                *told_bond(each.bond_id),
                each.outcome,
                each.reason,
                each.gas_used,
                each.gas_price,
            )
            for each in calls
        ],
    )


def categories_table(kuma: Kuma) -> pl.DataFrame:
    """One row a category as it stands at the end."""
    rows: list[CategoryRow] = []
    for name, category in kuma.categories.items():
        token, swap, now = category.kibt, category.swap, kuma.now
        if not token.epoch_length or now < token.last_refresh:
            continue
        price, supply = updated_previous(token, now), total_supply(token, now)
        worth = sum(ray_to_wad(ray_mul(swap.base_values.get(bond, 0), price)) for bond in swap.bond_reserve)
        rows.append(
            CategoryRow(
                category.name,
                name,
                category.currency,
                category.term,
                token.address,
                swap.address,
                token.yield_,
                supply,
                len(swap.bond_reserve),
                len(swap.expired_bonds),
                swap.is_deprecated,
                balance_of(token, category.collector.address, now),
                str(sum(token.base_balances.values()) - token.total_base_supply),
                supply - worth,
            )
        )
    return frame(CategoryRow, rows)


class Pause(NamedTuple):
    """A pause of a swap: its first second, and that in which it ended."""

    start: int
    end: int


def pauses(calls: Sequence[CallRow], end: int) -> Mapping[str, list[Pause]]:
    """Pauses of each category's swap, up to the second `end`."""
    found: dict[str, list[Pause]] = {}
    began: dict[str, int] = {}
    for each in calls:
        if each.outcome == "reverted" or not each.category:
            continue
        if each.function == "pause":
            began[each.category] = each.place.timestamp
        elif each.function == "unpause" and each.category in began:
            found.setdefault(each.category, []).append(Pause(began.pop(each.category), each.place.timestamp))
    for category, start in began.items():
        found.setdefault(category, []).append(Pause(start, end))
    return found
