"""An event that is missing, as the transaction that called for it tells it: so that what follows can be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.replay.direct_call import SELECTOR
from keep3r_replay.replay.mended import PLACES, Mend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.direct_call import DirectCall
    from keep3r_replay.replay.protocol import Protocol


def absent_event(lake: Lake, protocol: Protocol, finding: Finding) -> Iterator[Mend]:
    """The event that a direct call should have left, with its sender and arguments; what they do not tell is untold.

    It stands behind the block's other logs. An argument that the event need not repeat is taken for what it repeats:
    of a token that keeps a part of what is sent, that is a guess.
    """
    block, digest = finding.block_number, finding.transaction_hash
    if digest is None:
        return
    sent = lake.scan("transactions", from_block=block, until_block=block).filter(pl.col("hash") == digest)
    for row in sent.collect().iter_rows(named=True):
        contract = lake.deployment.by_address().get(row["to"])
        if contract is None:
            return
        call = protocol.direct_calls.get(contract.role, {}).get(row["input"][:SELECTOR].hex())
        table = f"events/{contract.role}.{finding.expected}"
        if call is None or call.event != finding.expected or not lake.has(table):
            return
        schema = lake.scan(table, from_block=block, until_block=block).collect_schema()
        told = _values(call, row["input"], row["from"], schema)
        if told is None:
            return
        values, untold = told
        logs = lake.scan("logs", columns=["log_index"], from_block=block, until_block=block)
        last = logs.select(pl.col("log_index").max()).collect().item()
        blocks = lake.scan("blocks", columns=["timestamp"], from_block=block, until_block=block)
        place: dict[str, int | str] = {
            "transaction_index": row["transaction_index"],
            "timestamp": blocks.collect().item(),
            "transaction_hash": row["hash"],
            "address": row["to"],
        }
        log_index = 0 if last is None else last + 1
        yield Mend(table, block, log_index, {**place, **values}, is_absent=True, untold=untold)


_NOBODY = "0x" + "00" * 20


class _Told(NamedTuple):
    """The columns of an event, and which of them nothing tells: 0 stands there, or the address of nobody."""

    values: dict[str, int | str]
    untold: tuple[str, ...]


def _values(call: DirectCall, data: bytes, sender: str, schema: pl.Schema) -> _Told | None:
    """The event's own columns as the call's input tells them; None where it is cut, or a column holds neither kind."""
    arguments = call.decode(data)
    if arguments is None:
        return None
    values: dict[str, int | str] = {call.sender: sender} if call.sender else {}
    values |= {column: arguments[position] for column, position in call.echoes.items()}
    rest = [argument for position, argument in enumerate(arguments) if position not in call.echoes.values()]
    untold: list[str] = []
    for column, kind in schema.items():
        if column in PLACES or column in values:
            continue
        wanted = str if kind == pl.String else int if kind.is_decimal() or kind.is_integer() else None
        fitting = [] if wanted is None else [argument for argument in rest if isinstance(argument, wanted)]
        if wanted is None:
            return None
        if not fitting:
            values[column] = 0 if wanted is int else _NOBODY
            untold.append(column)
            continue
        rest.remove(fitting[0])
        values[column] = fitting[0]
    return _Told(values, tuple(untold))
