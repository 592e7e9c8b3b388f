"""What keepers earned and what it cost them: per work, per keeper and job, per keeper.

Reward in wei of KP3R, and in wei of ETH at the quote that the contract itself paid by; gas at what the transaction
paid, shared equally between its works (no event tells them apart), by a running cut so that the shares make up the
whole. What is not known is null, never 0: a payment without a quote has no worth in ETH, a work whose transaction the
lake lacks no cost.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.states import amounts_table
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER, payment
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import EXACT, SOLVED_GAS, STALE_GAS, TOKEN_PAYMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake

_AMOUNT = pl.Decimal(38, 0)
_BY_FORMULA = frozenset({EXACT, STALE_GAS, SOLVED_GAS})

WORK_ACCOUNT: dict[str, Any] = {
    "block_number": pl.UInt32,
    "log_index": pl.UInt32,
    "timestamp": pl.Int64,
    "job": pl.String,
    "keeper": pl.String,
    "class": pl.String,
    "reward": _AMOUNT,
    "reward_eth": _AMOUNT,
    "boost": _AMOUNT,
    "gas_paid": _AMOUNT,
    "profit": _AMOUNT,
}
"""One row a KeeperWork; `reward` is 0 where it was paid in another token, `boost` the part earned by bonds."""

_SUMS: dict[str, Any] = {
    "works": pl.Int64,
    "works_by_formula": pl.Int64,
    "works_in_tokens": pl.Int64,
    "works_without_quote": pl.Int64,
    "reward": _AMOUNT,
    "reward_eth": _AMOUNT,
    "boost": _AMOUNT,
    "gas_paid": _AMOUNT,
    "profit": _AMOUNT,
    "first_at": pl.Int64,
    "last_at": pl.Int64,
}
_PENALTIES = ("disputes", "slashes", "slashed", "revocations")
ACCOUNT: dict[str, Any] = {"keeper": pl.String, "job": pl.String, **_SUMS}
"""One row a keeper and job. `reward_eth`, `boost` sum what is known; `profit` is null if a part of it is not."""
KEEPER_ACCOUNT: dict[str, Any] = {
    "keeper": pl.String,
    **_SUMS,
    "disputes": pl.Int64,
    "slashes": pl.Int64,
    "slashed": _AMOUNT,
    "revocations": pl.Int64,
}
"""One row a keeper; `slashed` as KeeperSlash tells it, in wei of a token that it does not name."""


def account_tables(
    lake: Lake, works: pl.DataFrame, plain_boosts: Sequence[int | None], until_block: int | None, *, quotes_eth: bool
) -> dict[str, pl.DataFrame]:
    """Tables `work_accounts`, `accounts` and `keeper_accounts`.

    Args:
        lake: the history.
        works: the classed works of the replay, in chain order.
        plain_boosts: for each the boost without bonds, in wei per 10,000 gas.
        until_block: last block replayed.
        quotes_eth: whether `one_eth_quote` quotes ETH (on the sidechain it quotes USD).
    """
    rows = _work_rows(works, plain_boosts, _fees(lake, works, until_block), quotes_eth=quotes_eth)
    by_job: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    by_keeper: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_job[row[4], row[3]].append(row)
        by_keeper[row[4],].append(row)
    penalties = _penalties(lake, until_block)
    jobs = set(works["job"].to_list())
    for keeper in penalties:
        if keeper not in jobs:
            by_keeper.setdefault((keeper,), [])
    accounts = [(*key, *_sums(part)) for key, part in sorted(by_job.items())]
    keepers = [
        (*key, *_sums(part), *(penalties.get(key[0], {}).get(name, 0) for name in _PENALTIES))
        for key, part in sorted(by_keeper.items())
    ]
    return {
        "work_accounts": rows_table(rows, WORK_ACCOUNT),
        "accounts": rows_table(accounts, ACCOUNT),
        "keeper_accounts": rows_table(keepers, KEEPER_ACCOUNT),
    }


def rows_table(rows: Sequence[tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    """A table from rows of Python values, in the order of `schema`; amounts stay exact."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return amounts_table(dict(zip(schema, columns, strict=True)), schema)


def _work_rows(
    works: pl.DataFrame, plain_boosts: Sequence[int | None], fees: list[int | None], *, quotes_eth: bool
) -> list[tuple[Any, ...]]:
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
        rows.append((*head, paid, worth, boosted, fee, profit))
    return rows


def _fees(lake: Lake, works: pl.DataFrame, until_block: int | None) -> list[int | None]:
    """What each work's transaction paid for gas, in wei, shared between its works."""
    if not lake.has("transactions"):
        return [None] * works.height
    frame = lake.scan("transactions", until_block=until_block).select("hash", "gas_used", "effective_gas_price")
    wanted = frame.filter(pl.col("hash").is_in(works["transaction_hash"].unique().implode())).collect()
    paid = {
        digest: None if used is None or price is None else used * price
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
    shares: list[int | None] = []
    for digest in hashes:
        whole = paid.get(digest)
        before, seen[digest] = seen[digest], seen[digest] + 1
        shares.append(
            None if whole is None else whole * seen[digest] // counts[digest] - whole * before // counts[digest]
        )
    return shares


def _sums(rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    in_tokens = sum(row[5] == TOKEN_PAYMENT for row in rows)
    worths = [row[7] for row in rows if row[5] != TOKEN_PAYMENT]
    fees = [row[9] for row in rows]
    worth = sum(value for value in worths if value is not None)
    fee = None if None in fees else sum(fees)
    return (
        len(rows),
        sum(row[8] is not None for row in rows),
        in_tokens,
        worths.count(None),
        sum(row[6] for row in rows),
        worth,
        sum(row[8] or 0 for row in rows),
        fee,
        None if fee is None or None in worths else worth - fee,
        min((row[2] for row in rows), default=None),
        max((row[2] for row in rows), default=None),
    )


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
