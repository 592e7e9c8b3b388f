"""What keepers earned and what it cost them: per work, per keeper and job, per keeper.

Reward in wei of KP3R, and in wei of ETH at the quote that the contract itself paid by; gas at what the transaction
paid, shared equally between its works (no event tells them apart), by a running cut so that the shares make up the
whole. What is not known is null, never 0: a payment without a quote has no worth in ETH, a work whose transaction the
lake lacks no cost. A sum is that of what is known, null where nothing is; counts tell of how many works that is. Works
paid in other tokens earn no KP3R: what their gas cost stands apart and lessens no profit.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.rows import AccountRow, KeeperAccountRow, WorkAccountRow
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER, payment
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import EXACT, SOLVED_GAS, STALE_GAS, TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.tables import TABLES, rows_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.audit.classed import ClassedWorks
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import KeptTables

_BY_FORMULA = frozenset({EXACT, STALE_GAS, SOLVED_GAS})

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
    rows = _work_rows(works.new, plain_boosts, fees, quotes_eth=quotes_eth)
    by_job: defaultdict[tuple[str, str], list[_Worked]] = defaultdict(list)
    by_keeper: defaultdict[str, list[_Worked]] = defaultdict(list)
    for worked in rows:
        by_job[worked.row.keeper, worked.row.job].append(worked)
        by_keeper[worked.row.keeper].append(worked)
    sums: dict[tuple[str, ...], dict[str, Any]] = {parties: _sums(part) for parties, part in by_job.items()}
    sums_of_keepers = {keeper: _sums(part) for keeper, part in by_keeper.items()}
    since = rows_table([worked.row for worked in rows], TABLES["work_accounts"])
    accounted: Table = since
    if former is not None:
        sums = _added(_former_sums(former("accounts"), AccountRow), sums)
        keepers = _former_sums(former("keeper_accounts").filter(pl.col("works") > 0), KeeperAccountRow)
        sums_of_keepers = {
            keeper: each
            for (keeper,), each in _added(keepers, {(name,): each for name, each in sums_of_keepers.items()}).items()
        }
        accounted = _with_former(former, since, works)
    penalties = _penalties(lake, until_block)
    jobs = {job for _, job in sums}
    for keeper in penalties:
        if keeper not in jobs:
            sums_of_keepers.setdefault(keeper, _sums([]))
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


class _Worked(NamedTuple):
    """A work's account, and whether it was paid in KP3R."""

    row: WorkAccountRow
    in_kp3r: bool


def _work_rows(
    works: pl.DataFrame, plain_boosts: Sequence[int | None], fees: list[int | None], *, quotes_eth: bool
) -> list[_Worked]:
    names = ("block_number", "log_index", "timestamp", "job", "keeper", "class")
    amounts = ("payment", "initial_gas", "gas_left", "one_eth_quote", "extra_gas")
    columns = [works[name].to_list() for name in (*names, "explanation")]
    columns += [works[name].cast(pl.Int128).to_list() for name in amounts]
    rows = []
    for values, plain_boost, fee in zip(zip(*columns, strict=True), plain_boosts, fees, strict=True):
        *head, explanation, paid, initial_gas, gas_left, quote, extra = values
        worth = boosted = None
        if explanation == TOKEN_PAYMENT:
            paid = 0
        elif quotes_eth and quote:
            worth = paid * ONE_ETHER // quote
            if explanation in _BY_FORMULA and plain_boost is not None:
                boosted = paid - payment(initial_gas - gas_left + extra, plain_boost, quote)
        profit = None if worth is None or fee is None else worth - fee
        row = WorkAccountRow._make((*head, paid, worth, boosted, fee, profit))
        rows.append(_Worked(row, explanation != TOKEN_PAYMENT))
    return rows


class GasShare(NamedTuple):
    """A work's part of its transaction: what that paid for gas, in wei, and the gas that it used; None if unknown."""

    paid: int | None
    used: int | None


def gas_shares(lake: Lake, works: pl.DataFrame, until_block: int | None) -> list[GasShare]:
    """Of each work; works of one transaction share it evenly, and the shares sum to the whole."""
    if not lake.has("transactions"):
        return [GasShare(None, None)] * works.height
    since = int(works["block_number"][0]) if works.height else None
    frame = lake.scan("transactions", until_block=until_block, from_block=since).select(
        "hash", "gas_used", "effective_gas_price"
    )
    wanted = frame.filter(pl.col("hash").is_in(works["transaction_hash"].unique().implode())).collect()
    whole = {
        digest: (None if used is None or price is None else used * price, used)
        for digest, used, price in zip(
            wanted["hash"].to_list(),
            wanted["gas_used"].to_list(),
            wanted["effective_gas_price"].cast(pl.Int128).to_list(),
            strict=True,
        )
    }
    hashes = works["transaction_hash"].to_list()
    counts: dict[str, int] = defaultdict(int)
    for digest in hashes:
        counts[digest] += 1
    seen: dict[str, int] = defaultdict(int)
    shares = []
    for digest in hashes:
        before, seen[digest] = seen[digest], seen[digest] + 1
        parts = [
            None if each is None else each * seen[digest] // counts[digest] - each * before // counts[digest]
            for each in whole.get(digest, (None, None))
        ]
        shares.append(GasShare(*parts))
    return shares


def _sums(works: list[_Worked]) -> dict[str, Any]:
    """The columns that sum an account's works up."""
    in_kp3r = [work.row for work in works if work.in_kp3r]
    in_tokens = [work.row for work in works if not work.in_kp3r]
    times = [work.row.timestamp for work in works]
    return {
        "works": len(works),
        "works_by_formula": sum(row.boost is not None for row in in_kp3r),
        "works_in_tokens": len(in_tokens),
        "works_without_quote": sum(row.reward_eth is None for row in in_kp3r),
        "works_with_profit": sum(row.profit is not None for row in in_kp3r),
        "reward": sum(row.reward for row in in_kp3r),
        "reward_eth": _sum(row.reward_eth for row in in_kp3r),
        "boost": _sum(row.boost for row in in_kp3r),
        "gas_paid": _sum(row.gas_paid for row in in_kp3r),
        "profit": _sum(row.profit for row in in_kp3r),
        "gas_paid_in_token_works": _sum(row.gas_paid for row in in_tokens),
        "first_at": min(times, default=None),
        "last_at": max(times, default=None),
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


def _added(
    former: dict[tuple[str, ...], dict[str, Any]], new: Mapping[tuple[str, ...], dict[str, Any]]
) -> dict[Any, dict[str, Any]]:
    """Sums over what two runs went through."""
    found = dict(former)
    for parties, sums in new.items():
        before = former.get(parties)
        found[parties] = sums if before is None else {name: _both(name, before[name], sums[name]) for name in sums}
    return found


def _both(name: str, before: int | None, since: int | None) -> int | None:
    known = [each for each in (before, since) if each is not None]
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


def _sum(amounts: Iterable[int | None]) -> int | None:
    """Sum of what is known; None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


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
