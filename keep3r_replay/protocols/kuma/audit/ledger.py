"""The book of KIBT: every base that was written, as a balance before and after, and what accrued in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.protocols.kuma.audit.rows import AccountRow, LedgerRow
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of
from keep3r_replay.protocols.kuma.contract.ray import ray_mul, ray_to_wad
from keep3r_replay.replay.tables import frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.protocols.kuma.audit.recorder import Move
    from keep3r_replay.protocols.kuma.contract.state import Kuma


class LedgerError(Keep3rReplayError):
    """The book does not balance: a base was written and not noted, or noted wrongly."""


KINDS = {
    "sale": "from_sales",
    "fee": "from_fees",
    "received": "received",
    "released": "received",
    "sent": "sent",
    "purchase": "for_purchases",
    "redemption": "for_redemptions",
    "self_transfer": "self_transfers",
}
"""Kind of an entry -> column of the account that it counts in."""


def ledger_tables(kuma: Kuma, moves: Sequence[Move]) -> dict[str, pl.DataFrame]:
    """The tables `ledger`, one row an entry, and `accounts`, one row an account and category.

    Raises:
        LedgerError: the bases do not sum to the total base, self-transfers set apart, or an account's entries do not
            give its balance.
    """
    last: dict[tuple[str, str], int] = {}
    sums: dict[str, int] = {}
    inflated: dict[str, int] = {}
    accounts: dict[tuple[str, str], dict[str, int]] = {}
    rows: list[LedgerRow] = []
    for position, move in enumerate(moves):
        change, key = move.change, (move.category, move.change.account)
        before = ray_to_wad(ray_mul(change.before, move.previous))
        after = ray_to_wad(ray_mul(change.after, move.previous))
        accrued = before - last.get(key, 0)
        account = accounts.setdefault(key, {})
        column = KINDS[move.kind]
        if move.kind == "released" and after < before:
            column = "sent"
        account[column] = account.get(column, 0) + after - before
        account["accrued"] = account.get("accrued", 0) + accrued
        last[key] = after
        sums[move.category] = sums.get(move.category, 0) + change.after - change.before
        following = moves[position + 1] if position + 1 < len(moves) else None
        whole = following is None or following.place != move.place or following.category != move.category
        if whole:
            _balance(move, sums, inflated)
        rows.append(
            LedgerRow(
                move.place.block,
                move.place.transaction,
                move.place.timestamp,
                move.place.log_index,
                kuma.categories[move.category].name,
                move.category,
                change.account,
                move.kind,
                str(change.before),
                str(change.after),
                before,
                after,
                accrued,
                str(change.total_after),
            )
        )
    return {"ledger": frame(LedgerRow, rows), "accounts": _accounts(kuma, accounts, last)}


def _balance(move: Move, sums: Mapping[str, int], inflated: dict[str, int]) -> None:
    """At the end of an event, bases sum to the total base; a self-transfer adds to what they exceed it by."""
    above = sums[move.category] - move.change.total_after
    if move.kind == "self_transfer":
        inflated[move.category] = above
    if above != inflated.get(move.category, 0):
        raise LedgerError(
            f"block {move.place.block} log {move.place.log_index}: the bases of {move.category} exceed their total by "
            f"{above}, and self-transfers account for {inflated.get(move.category, 0)}"
        )


def _accounts(
    kuma: Kuma, accounts: Mapping[tuple[str, str], Mapping[str, int]], last: Mapping[tuple[str, str], int]
) -> pl.DataFrame:
    rows: list[AccountRow] = []
    for (category, account), sums in sorted(accounts.items()):
        token = kuma.categories[category].kibt
        balance = balance_of(token, account, kuma.now)
        accrued = sums.get("accrued", 0) + balance - last[category, account]
        columns = ("from_sales", "from_fees", "received", "sent", "for_purchases", "for_redemptions", "self_transfers")
        if sum(sums.get(each, 0) for each in columns) + accrued != balance:
            raise LedgerError(f"the entries of {account} do not give its balance of {balance}")
        base = token.base_balances.get(account, 0)
        rows.append(
            AccountRow(
                category=kuma.categories[category].name,
                risk_category=category,
                account=account,
                base=str(base),
                balance=balance,
                **{each: sums.get(each, 0) for each in columns},
                accrued=accrued,
            )
        )
    return frame(AccountRow, rows)


def ledger_summary(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Entries and sums of the book, for the summary."""
    accounts = tables["accounts"]
    names = [name for name in accounts.columns if name not in {"category", "risk_category", "account", "base"}]
    return {
        "entries": tables["ledger"].height,
        "accounts": accounts.height,
        "sums": {name: str(sum(map(int, accounts[name].to_list()))) for name in names},
    }
