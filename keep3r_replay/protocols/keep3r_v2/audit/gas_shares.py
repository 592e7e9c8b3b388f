"""What each work's part of its transaction cost: gas and what was paid for it, shared evenly, to the last wei."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake


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
        digest: GasShare(None if used is None or price is None else used * price, used)
        for digest, used, price in zip(
            wanted["hash"].to_list(),
            wanted["gas_used"].to_list(),
            wanted["effective_gas_price"].cast(pl.Int128).to_list(),
            strict=True,
        )
    }
    hashes = works["transaction_hash"].to_list()
    unknown = GasShare(None, None)
    shares: dict[bytes, list[GasShare]] = {
        digest: _shares(whole.get(digest, unknown), count) for digest, count in Counter(hashes).items()
    }
    # The last of what is left of a transaction is the next one's.
    return [shares[digest].pop() for digest in hashes]


def _shares(whole: GasShare, count: int) -> list[GasShare]:
    """What a transaction paid and used in `count` parts, the last one first."""
    if count == 1:
        return [whole]
    parts = []
    for number in range(count, 0, -1):
        paid, used = (None if each is None else each * number // count - each * (number - 1) // count for each in whole)
        parts.append(GasShare(paid, used))
    return parts
