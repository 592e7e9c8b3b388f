"""What keepers earned and what it cost them: per work, per keeper and job, per keeper.

Reward in wei of KP3R, and in wei of ETH at the quote that the contract itself paid by; gas at what the transaction
paid, shared equally between its works (no event tells them apart), by a running cut so that the shares make up the
whole. What is not known is null, never 0: a payment without a quote has no worth in ETH, a work whose transaction the
lake lacks no cost. A sum is that of what is known, null where nothing is; counts tell of how many works that is. Works
paid in other tokens earn no KP3R: what their gas cost stands apart and lessens no profit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.gas_shares import gas_shares
from keep3r_replay.protocols.keep3r_v2.audit.rows import AccountRow, KeeperAccountRow
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER, payment
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import EXACT, SOLVED_GAS, STALE_GAS, TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.tables import TABLES, amounts_table, rows_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.audit.classed import ClassedWorks
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import KeptTables

_BY_FORMULA = frozenset({EXACT, STALE_GAS, SOLVED_GAS})

Sums = dict[str, Any]
"""The columns that sum an account's works up, by name."""

_TIMES = ("first_at", "last_at")
_SUMMED = frozenset(AccountRow._fields) - {"keeper", "job"}
_PENALTIES = ("disputes", "slashes", "slashed", "revocations")


def account_tables(
    lake: Lake,
    works: ClassedWorks,
    plain_boosts: Sequence[int | None],
    until_block: int | None,
    *,
    quotes_eth: bool,
    former: KeptTables | None = None,
) -> dict[str, Table]:
    """Tables `work_accounts`, `accounts` and `keeper_accounts`.

    Args:
        lake: the history.
        works: the classed works of the replay.
        plain_boosts: for each new one the boost without bonds, in wei per 10,000 gas.
        until_block: last block replayed.
        quotes_eth: whether `one_eth_quote` quotes ETH (on the sidechain it quotes USD).
        former: the tables of the run that this one went on from.
    """
    fees = [paid for paid, _ in gas_shares(lake, works.new, until_block)]
    since, in_kp3r = _work_accounts(works.new, plain_boosts, fees, quotes_eth=quotes_eth)
    sums = _sums(since.with_columns(in_kp3r.alias(_IN_KP3R)))
    sums_of_keepers: dict[str, Sums] = {}
    for (keeper, _), each in sums.items():
        sums_of_keepers[keeper] = _both(sums_of_keepers.get(keeper), each)
    accounted: Table = since
    if former is not None:
        sums = _added(_former_sums(former("accounts"), AccountRow), sums)
        keepers = _former_sums(former("keeper_accounts").filter(pl.col("works") > 0), KeeperAccountRow)
        sums_of_keepers = _added({keeper: each for (keeper,), each in keepers.items()}, sums_of_keepers)
        accounted = _with_former(former, since, works)
    penalties = _penalties(lake, until_block)
    jobs = {job for _, job in sums}
    for keeper in penalties:
        if keeper not in jobs:
            sums_of_keepers.setdefault(keeper, NOTHING)
    accounts = [AccountRow(keeper, job, **each) for (keeper, job), each in sorted(sums.items())]
    keeper_accounts = [
        KeeperAccountRow(keeper, **each, **penalties.get(keeper, {}))
        for keeper, each in sorted(sums_of_keepers.items())
    ]
    return {
        "work_accounts": accounted,
        "accounts": rows_table(accounts, TABLES["accounts"]),
        "keeper_accounts": rows_table(keeper_accounts, TABLES["keeper_accounts"]),
    }


def _work_accounts(
    works: pl.DataFrame, plain_boosts: Sequence[int | None], fees: Sequence[int | None], *, quotes_eth: bool
) -> tuple[pl.DataFrame, pl.Series]:
    """Table `work_accounts` of these works, and which of them were paid in KP3R."""
    explanations = works["explanation"].to_list()
    amounts = ("payment", "initial_gas", "gas_left", "one_eth_quote", "extra_gas")
    columns = (works[name].cast(pl.Int128).to_list() for name in amounts)
    rewards: list[int] = []
    worths: list[int | None] = []
    boosts: list[int | None] = []
    for explanation, paid, initial_gas, gas_left, quote, extra, plain_boost in zip(
        explanations, *columns, plain_boosts, strict=True
    ):
        in_tokens = explanation == TOKEN_PAYMENT
        worth = boosted = None
        if quotes_eth and quote and not in_tokens:
            worth = paid * ONE_ETHER // quote
            if explanation in _BY_FORMULA and plain_boost is not None:
                boosted = paid - payment(initial_gas - gas_left + extra, plain_boost, quote)
        rewards.append(0 if in_tokens else paid)
        worths.append(worth)
        boosts.append(boosted)
    profits = [None if worth is None or fee is None else worth - fee for worth, fee in zip(worths, fees, strict=True)]
    schema = TABLES["work_accounts"]
    names = ("reward", "reward_eth", "boost", "gas_paid", "profit")
    told: dict[str, Sequence[int | None]] = dict(zip(names, (rewards, worths, boosts, fees, profits), strict=True))
    head = works.select(pl.col(name).cast(kind) for name, kind in schema.items() if name not in told)
    table = head.hstack(amounts_table(told, {name: schema[name] for name in names})).select(list(schema))
    return table, works["explanation"] != TOKEN_PAYMENT


_IN_KP3R = "in_kp3r"
_KNOWN = {
    "reward_eth": ("reward_eth", True),
    "boost": ("boost", True),
    "gas_paid": ("gas_paid", True),
    "profit": ("profit", True),
    "gas_paid_in_token_works": ("gas_paid", False),
}
"""Sums of what is known: of which column, and whether over works paid in KP3R or in tokens."""
_COUNTS = ("works", "works_by_formula", "works_in_tokens", "works_without_quote", "works_with_profit", "reward")
NOTHING: Sums = {**dict.fromkeys(_COUNTS, 0), **dict.fromkeys((*_KNOWN, *_TIMES))}
"""The sums of an account without works."""


def _sums(works: pl.DataFrame) -> dict[tuple[str, str], Sums]:
    """The columns that sum an account's works up, by keeper and job; whether a work was paid in KP3R is told."""
    in_kp3r = pl.col(_IN_KP3R)
    groups = works.group_by("keeper", "job", maintain_order=True).agg(
        pl.len().alias("works"),
        (in_kp3r & pl.col("boost").is_not_null()).sum().alias("works_by_formula"),
        (~in_kp3r).sum().alias("works_in_tokens"),
        (in_kp3r & pl.col("reward_eth").is_null()).sum().alias("works_without_quote"),
        (in_kp3r & pl.col("profit").is_not_null()).sum().alias("works_with_profit"),
        pl.col("reward").cast(pl.Int128),
        *(
            pl.col(column).filter(in_kp3r if of_kp3r else ~in_kp3r).drop_nulls().cast(pl.Int128).alias(name)
            for name, (column, of_kp3r) in _KNOWN.items()
        ),
        pl.col("timestamp").min().alias("first_at"),
        pl.col("timestamp").max().alias("last_at"),
    )
    # Summed in Python, whose numbers have no end.
    return {
        (each.pop("keeper"), each.pop("job")): {
            name: sum(value) if name == "reward" else (sum(value) if value else None) if name in _KNOWN else value
            for name, value in each.items()
        }
        for each in groups.iter_rows(named=True)
    }


def _former_sums(
    table: pl.LazyFrame, row: type[AccountRow | KeeperAccountRow]
) -> dict[tuple[str, ...], dict[str, Any]]:
    """The sums of a former run, by keeper, or keeper and job."""
    parties = [name for name in ("keeper", "job") if name in row._fields]
    frame = table.select(row._fields).collect().with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    return {
        tuple(each[name] for name in parties): {name: each[name] for name in each if name in _SUMMED}
        for each in frame.iter_rows(named=True)
    }


def _added(former: Mapping[Any, Sums], new: Mapping[Any, Sums]) -> dict[Any, Sums]:
    """Sums over what two runs went through."""
    return {**former, **{parties: _both(former.get(parties), sums) for parties, sums in new.items()}}


def _both(former: Sums | None, new: Sums) -> Sums:
    """Two sums of one account in one."""
    return new if former is None else {name: _sum_of_two(name, former[name], each) for name, each in new.items()}


def _sum_of_two(name: str, one: int | None, other: int | None) -> int | None:
    known = [each for each in (one, other) if each is not None]
    if name in _TIMES:
        return (min if name == "first_at" else max)(known, default=None)
    return sum(known) if known else None


def _with_former(former: KeptTables, new: pl.DataFrame, works: ClassedWorks) -> Table:
    """Accounts of all works, those of a former run with their class as it is now."""
    kept = former.first("work_accounts")
    if works.same == kept.rows:
        return kept.grown(new)
    rest = kept.lazy().slice(works.same).collect().select(new.columns).with_columns(works.classes)
    return kept.grown(pl.concat([rest, new]), works.same)


def _penalties(lake: Lake, until_block: int | None) -> dict[str, dict[str, int]]:
    """Disputes, slashes and revocations by address; jobs are disputed too."""
    found: dict[str, dict[str, int]] = {}
    for table, column, name in (
        ("events/keep3r.Dispute", "job_or_keeper", "disputes"),
        ("events/keep3r.KeeperSlash", "keeper", "slashes"),
        ("events/keep3r.KeeperRevoke", "keeper", "revocations"),
    ):
        if not lake.has(table):
            continue
        frame = lake.scan(table, until_block=until_block).collect()
        slashed = frame["amount"].cast(pl.Int128).to_list() if name == "slashes" else [0] * frame.height
        for address, amount in zip(frame[column].to_list(), slashed, strict=True):
            sums = found.setdefault(address, dict.fromkeys(_PENALTIES, 0))
            sums[name] += 1
            sums["slashed"] += amount
    return found
