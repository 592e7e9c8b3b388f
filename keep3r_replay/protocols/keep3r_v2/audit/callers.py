"""Calls by somebody who may not make them, as findings at the first log of their transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.chain.forks import accounts_may_delegate
from keep3r_replay.evm.relays import RELAYS, made_calls
from keep3r_replay.journal import ERROR, Finding
from keep3r_replay.replay.accounts import accounts_of

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.replay.parts import Table


_PLACE = ["block_number", "transaction_index"]


def indirect_findings(lake: Lake, replay: Keep3rV2) -> list[Finding]:
    """A finding for every event that one account alone may cause, in a transaction that is not that account's call.

    An account that signs transactions has no code of its own, so nothing but its own transaction makes it the caller;
    where the chain lets accounts delegate to code (EIP-7702), nothing is said. A safe or another relay is the caller
    where the transaction's input says so (`evm.relays`). Of events that a former run has looked at, and had no finding
    of severity `error`, those count whose rightful caller has signed since for the first time.
    """
    caused = caused_table(replay).lazy().collect()
    if caused.is_empty() or not lake.has("transactions"):
        return []
    mine = [replay.keep3r.address, *replay.keep3r.helpers]
    looked_at = -1 if replay.recalled is None else replay.recalled.block
    new = caused.filter(pl.col("block_number") > looked_at)
    relayed = _relayed_findings(lake, new, frozenset(mine))
    signed = accounts_of(lake).select("address", pl.col("signed_since").alias("since")).drop_nulls()
    suspected = caused.join(signed, left_on="rightful", right_on="address").filter(
        (pl.col("block_number") > looked_at) | (pl.col("since") > looked_at)
    )
    if suspected.is_empty():
        return relayed
    suspects = (
        suspected.lazy()
        .join(_within(lake, "logs", suspected, [*_PLACE, "log_index"]), on=["block_number", "log_index"])
        .join(
            _within(lake, "transactions", suspected)
            .filter(~pl.col("to").is_in(mine))
            .select(*_PLACE, "hash", "from", "to"),
            on=_PLACE,
        )
        .join(_within(lake, "blocks", suspected, ["number", "timestamp"]), left_on="block_number", right_on="number")
        .sort("block_number", "log_index")
        .collect()
    )
    return relayed + [
        Finding(
            "unauthorised_call",
            ERROR,
            row["block_number"],
            row["log_index"],
            replay.keep3r.address,
            "sender",
            row["rightful"],
            row["from"],
            None,
            f"only {row['rightful']} may cause this now, by a transaction of its own; this one calls {row['to']}",
            row["hash"],
        )
        for row in suspects.iter_rows(named=True)
        if not accounts_may_delegate(lake.deployment.chain_id, row["timestamp"])
    ]


def _relayed_findings(lake: Lake, caused: pl.DataFrame, mine: frozenset[str]) -> list[Finding]:
    """Events that a safe or another relay caused by its only call of the emitter, and is not who alone may."""
    if caused.is_empty():
        return []
    logs = _within(lake, "logs", caused, [*_PLACE, "log_index", "address"])
    relayed = (
        caused.lazy()
        .join(logs, on=["block_number", "log_index"])
        .join(
            _within(lake, "transactions", caused)
            .filter(pl.col("input").bin.slice(0, 4).is_in(sorted(RELAYS)) & pl.col("to").is_not_null())
            .select(*_PLACE, "hash", "from", "to", "input"),
            on=_PLACE,
        )
        .sort("block_number", "log_index")
        .collect()
    )
    found = []
    for row in relayed.iter_rows(named=True):
        emitter = "0x" + row["address"].hex()
        made = made_calls(row["from"], row["to"], row["input"])
        callers = [each.by for each in made if each.to == emitter]
        # A caller that signs is held against its own transactions below.
        if emitter in mine and len(callers) == 1 and callers[0] not in {row["rightful"], row["from"]}:
            found.append(
                Finding(
                    "unauthorised_call",
                    ERROR,
                    row["block_number"],
                    row["log_index"],
                    emitter,
                    "sender",
                    row["rightful"],
                    callers[0],
                    None,
                    f"only {row['rightful']} may cause this now; by its input the transaction has {callers[0]} call it",
                    row["hash"],
                )
            )
    return found


def _within(lake: Lake, table: str, rows: pl.DataFrame, columns: list[str] | None = None) -> pl.LazyFrame:
    """A table of the lake from the first block of some rows to their last."""
    blocks = rows["block_number"].to_list()
    return lake.scan(table, columns, until_block=max(blocks), from_block=min(blocks))


_CAUSED = {"block_number": pl.UInt32(), "log_index": pl.UInt32(), "rightful": pl.String()}


def caused_table(replay: Keep3rV2) -> Table:
    """Events that one account alone may cause, and which."""
    new = pl.DataFrame(replay.context.caused, schema=_CAUSED, orient="row")
    return new if replay.recalled is None else replay.recalled.callers.grown(new)


def unauthorised_findings(lake: Lake, replay: Keep3rV2) -> list[Finding]:
    """A finding for every direct call that succeeded though its sender was not the one who alone may make it."""
    if not replay.unauthorised:
        return []
    places = [call.place for call in replay.unauthorised]
    wanted = pl.LazyFrame(places, schema={"block_number": pl.UInt32, "transaction_index": pl.UInt32}, orient="row")
    logs = lake.scan("logs", columns=["block_number", "transaction_index", "log_index"])
    firsts = (
        logs.join(wanted, on=["block_number", "transaction_index"], how="semi")
        .group_by("block_number", "transaction_index")
        .agg(pl.col("log_index").min())
        .collect()
    )
    first = {(block, index): log_index for block, index, log_index in firsts.iter_rows()}
    return [
        Finding(
            "unauthorised_call",
            ERROR,
            call.place[0],
            first.get(call.place),
            call.target,
            "sender",
            call.rightful,
            call.sender,
            None,
            f"only {call.rightful} may call this function now, and the transaction succeeded",
            call.digest,
        )
        for call in replay.unauthorised
    ]
