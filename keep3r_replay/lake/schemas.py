"""The fixed tables of the lake as Arrow schemas, but for raw logs (`chain.logs`) and events (`dataset.decode`)."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from keep3r_replay.evm.words import AMOUNT

BLOCKS = pa.schema(
    [
        ("number", pa.uint32()),
        ("hash", pa.string()),
        ("parent_hash", pa.string()),
        ("timestamp", pa.int64()),
        ("base_fee_per_gas", AMOUNT),
        ("gas_used", pa.int64()),
        ("gas_limit", pa.int64()),
    ]
)
"""One row a block. Where only the base fee of a block was fetched, all but number and base fee is null."""


class BlockRow(NamedTuple):
    """A row of `blocks`: hashes in hexadecimal with 0x, seconds, wei, gas."""

    number: int
    hash: str | None
    parent_hash: str | None
    timestamp: int | None
    base_fee_per_gas: int | None
    gas_used: int | None
    gas_limit: int | None


TRANSACTIONS = pa.schema(
    [
        ("block_number", pa.uint32()),
        ("transaction_index", pa.uint32()),
        ("hash", pa.string()),
        ("from", pa.string()),
        ("to", pa.string()),
        ("input", pa.binary()),
        ("gas", pa.int64()),
        ("gas_used", pa.int64()),
        ("effective_gas_price", AMOUNT),
        ("status", pa.int8()),
    ]
)
"""One row a transaction; `to` is null where a contract was created."""


class TransactionRow(NamedTuple):
    """A row of `transactions`: its hash in hexadecimal with 0x, gas, and wei a gas."""

    block_number: int
    transaction_index: int
    hash: str
    from_: str | None
    to: str | None
    input: bytes
    gas: int | None
    gas_used: int | None
    effective_gas_price: int | None
    status: int | None


CALLS = pa.schema(
    [
        ("block_number", pa.uint32()),
        ("transaction_index", pa.uint32()),
        ("position", pa.uint32()),
        ("from", pa.string()),
        ("to", pa.string()),
        ("input", pa.binary()),
    ]
)
"""One row a call inside of a transaction that was not undone, to a contract whose callers matter; there only where the
node was asked for traces. `position` counts the calls of one transaction."""

READINGS = pa.schema(
    [
        ("block_number", pa.uint32()),
        ("contract", pa.string()),
        ("view", pa.string()),
        ("arguments", pa.string()),
        ("value", pa.string()),
        ("revert", pa.string()),
        ("source", pa.string()),
    ]
)
"""One row a value that a view answered or a storage slot held after a block."""


class Reading(NamedTuple):
    """A row of `readings` without its block: what `contract` (empty: the block itself) answered to `view`.

    `arguments` are separated by commas; one of `value` and `revert` is None; `source` is `view` or `storage`.
    """

    contract: str
    view: str
    arguments: str
    value: str | None
    revert: str | None
    source: str


class ReadingRow(NamedTuple):
    """A row of `readings`: a `Reading` after a block."""

    block_number: int
    contract: str
    view: str
    arguments: str
    value: str | None
    revert: str | None
    source: str


UNDECODED = pa.schema([("block_number", pa.uint32()), ("log_index", pa.uint32()), ("reason", pa.string())])
"""One row a log that is in `logs` and in no event table, with the reason; there only where there are such logs."""

UNREPEATED = frozenset(
    {"hash", "parent_hash", "transaction_hash", "input", "data", "sqrt_price_x96", "base_fee_per_gas"}
)
"""Columns whose values hardly repeat: a dictionary would only cost time and space."""
