"""What pair managers do with their pools, held against the pools' events: whom they mint for, what they collect.

`UniV3PairManager.burn` collects for the receiver just what the pool's burn freed; `collect`, which only governance may
call, sends the position's fees to governance; `mint` is the pool's caller and the position's owner in one.
`UniV3PairManagerFactory.createPairManager` creates each at the factory's next nonce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.creation import created_address
from keep3r_replay.journal import ERROR, Finding, as_text
from keep3r_replay.replay.direct_call import SELECTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.timeline import Span

_INITIALIZE, _MINT, _BURN, _COLLECT = (
    f"events/uniswap_v3_pool.{name}" for name in ("Initialize", "Mint", "Burn", "Collect")
)
_CREATED = "events/pair_manager_factory.PairCreated"
_COLLECTS = keccak256(b"collect()")[:SELECTOR]
_FIRST_NONCES = 256
"""Nonces that a factory's first known pair manager may have been created at."""

Row = dict[str, Any]
_Key = tuple[str, str]
"""Transaction, pair manager."""


class _Position(NamedTuple):
    """Where a pair manager's liquidity lies."""

    address: str
    tick_lower: int
    tick_upper: int


def pair_manager_findings(lake: Lake, span: Span, new: Span) -> list[Finding]:
    """Findings about mints, burns and collections of pair managers, and about their creation, in no order.

    Args:
        lake: the history.
        span: the part of it that is looked at.
        new: what of it no former run has looked at, and found nothing: a call's events tell whether it went right.
    """
    managers = [each.address for each in lake.deployment.contracts if each.role == "pair_manager"]
    before = span._replace(after=None)
    return [
        *_minted(_rows(lake, _MINT, new, managers)),
        *_collected(lake, new, managers, lambda: _rows(lake, _MINT, before, managers)),
        *_owed_nothing(lake, new, managers),
        *_created(lake, new),
    ]


def _scan(lake: Lake, table: str, span: Span) -> pl.LazyFrame:
    scan = lake.scan(table, from_block=span.first, until_block=span.until)
    return scan.with_columns(pl.col(pl.Decimal).cast(pl.Int128)).sort("block_number", "log_index")


def _rows(lake: Lake, table: str, span: Span, owners: list[str]) -> list[Row]:
    if not lake.has(table):
        return []
    return _scan(lake, table, span).filter(pl.col("owner").is_in(owners)).collect().to_dicts()


def _minted(mints: list[Row]) -> Iterator[Finding]:
    for row in mints:
        yield from _expect(row, "sender", row["owner"], "a pair manager calls the pool itself to mint its position")


def _collected(lake: Lake, span: Span, managers: list[str], mints: Callable[[], list[Row]]) -> Iterator[Finding]:
    burned: dict[_Key, list[Row]] = {}
    for row in _rows(lake, _BURN, span, managers):
        burned.setdefault((row["transaction_hash"], row["owner"]), []).append(row)
    others = []
    for row in _rows(lake, _COLLECT, span, managers):
        freed = _burn_before(burned.get((row["transaction_hash"], row["owner"]), []), row)
        if freed is None:
            others.append(row)
            continue
        for name in (*_Position._fields, "amount0", "amount1"):
            yield from _expect(row, name, freed[name], "a pair manager collects what its burn has just freed")
    for row in (row for rows in burned.values() for row in rows):
        yield _missing(row, "a pair manager collects what it burns, in the same call")
    yield from _of_governance(lake, span, managers, mints, others)


def _of_governance(
    lake: Lake, span: Span, managers: list[str], mints: Callable[[], list[Row]], collects: list[Row]
) -> Iterator[Finding]:
    """What `collect()` makes pools log: `collects` are those that no burn explains."""
    minted: dict[str, dict[_Position, None]] = {}
    for row in mints() if collects else ():
        minted.setdefault(row["owner"], {})[_position(row)] = None
    asked = _asked(lake, span, managers)
    for row in collects:
        own = minted.get(row["owner"], {})
        if own and _position(row) not in own:
            for name, value in next(iter(own))._asdict().items():
                yield from _expect(row, name, value, "a pair manager collects for the position that it has minted")
        call = asked.pop((row["transaction_hash"], row["owner"]), None)
        if call is not None:
            yield from _expect(row, "recipient", call["from"], "collect() is governance's, and pays governance")
    for row in asked.values():
        yield _missing(row, "the transaction called collect() and succeeded, which always makes the pool log it")


def _position(row: Row) -> _Position:
    return _Position(row["address"], row["tick_lower"], row["tick_upper"])


def _owed_nothing(lake: Lake, span: Span, managers: list[str]) -> Iterator[Finding]:
    """Collections of others than pair managers, of positions that nobody has minted before.

    Only in pools that the lake knows from their first event on.
    """
    if not all(lake.has(table) for table in (_INITIALIZE, _MINT, _COLLECT)):
        return
    keys = ["address", "owner", "tick_lower", "tick_upper"]
    pays = (pl.col("amount0") > 0) | (pl.col("amount1") > 0)
    collects = _scan(lake, _COLLECT, span).filter(~pl.col("owner").is_in(managers) & pays).collect()
    if collects.is_empty():
        return
    since = (
        _scan(lake, _MINT, span._replace(after=None)).group_by(keys).agg(pl.col("block_number").min().alias("since"))
    )
    paid = (
        collects.lazy()
        .join(lake.scan(_INITIALIZE, columns=["address"]), on="address", how="semi")
        .join(since, on=keys, how="left")
        .filter(pl.col("since").is_null() | (pl.col("since") > pl.col("block_number")))
    )
    for row in paid.collect().to_dicts():
        owed = f"{row['amount0']} and {row['amount1']}"
        why = "nobody has minted this position, so that nothing is owed to it"
        yield _finding("event_mismatch", row, "amount0, amount1", "0 and 0", owed, why)


def _asked(lake: Lake, span: Span, managers: list[str]) -> dict[_Key, Row]:
    """Transactions that call `collect` of a pair manager themselves, and succeed."""
    if not lake.has("transactions"):
        return {}
    calls = lake.scan("transactions", from_block=span.first, until_block=span.until).filter(
        (pl.col("status") == 1) & pl.col("to").is_in(managers) & pl.col("input").bin.starts_with(_COLLECTS)
    )
    named = calls.select(
        "block_number", "from", pl.col("hash").alias("transaction_hash"), pl.col("to").alias("address")
    )
    return {(row["transaction_hash"], row["address"]): row for row in named.collect().to_dicts()}


def _burn_before(burns: list[Row], row: Row) -> Row | None:
    """Take the last burn before a Collect from those that wait for one."""
    before = [each for each in burns if each["log_index"] < row["log_index"]]
    if not before:
        return None
    burns.remove(before[-1])
    return before[-1]


def _created(lake: Lake, span: Span) -> Iterator[Finding]:
    """Each pair manager stands where its factory's nonce puts it."""
    if not lake.has(_CREATED) or _scan(lake, _CREATED, span).head(1).collect().is_empty():
        return
    next_nonce: dict[str, int] = {}
    for row in _scan(lake, _CREATED, span._replace(after=None)).collect().to_dicts():
        factory, told = row["address"], row["pair_manager"]
        nonce = next_nonce.get(factory)
        if nonce is None:
            known = (each for each in range(1, _FIRST_NONCES) if created_address(factory, each) == told)
            nonce = next(known, 1)
        next_nonce[factory] = nonce + 1
        if span.holds(row["block_number"]):
            why = "a factory creates at the address of its next nonce"
            yield from _expect(row, "pair_manager", created_address(factory, nonce), why)


def _expect(row: Row, field: str, expected: str | int, why: str) -> Iterator[Finding]:
    if row[field] != expected:
        yield _finding("event_mismatch", row, field, expected, row[field], why)


def _missing(row: Row, why: str) -> Finding:
    return _finding("missing_event", row, "event", "Collect", "none", why)


def _finding(kind: str, row: Row, field: str, expected: str | int, observed: str | int, why: str) -> Finding:
    difference = observed - expected if isinstance(observed, int) and isinstance(expected, int) else None
    told = as_text(expected), as_text(observed)
    place = row["block_number"], row.get("log_index")
    return Finding(kind, ERROR, *place, row["address"], field, *told, difference, why, row["transaction_hash"])
