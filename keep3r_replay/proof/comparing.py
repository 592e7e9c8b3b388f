"""What a lake holds of a block, against what the block's proved header, receipts and transactions hold."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.logs import MAX_TOPICS, RAW_LOGS, LogRow
from keep3r_replay.lake.schemas import BLOCKS, TRANSACTIONS, BlockRow, TransactionRow
from keep3r_replay.proof.contradictions import Contradiction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.receipts import Receipt
    from keep3r_replay.proof.transactions import Transaction

Row = tuple[Any, ...]
_SHOWN = 80
_ONE = {"logs": "log", "transactions": "transaction"}


def true_logs(
    header: Header, receipts: Sequence[Receipt], hashes: Sequence[bytes], followed: Collection[bytes]
) -> list[LogRow]:
    """The rows that the lake's `logs` must hold of a block.

    Args:
        header: of the block, proved.
        receipts: of the block, proved.
        hashes: of its transactions, in order; empty where no log of it is followed.
        followed: the addresses whose logs the lake keeps.
    """
    rows: list[LogRow] = []
    index = 0
    for place, receipt in enumerate(receipts):
        for log in receipt.logs:
            if log.address in followed:
                topics: list[Any] = [*log.topics, *[None] * (MAX_TOPICS - len(log.topics))]
                told = (header.number, index, place, header.hash, hashes[place], log.address, *topics, log.data)
                rows.append(LogRow._make(told))
            index += 1
    return rows


def out_of_order(table: str, places: Sequence[tuple[int, ...]]) -> Iterator[Contradiction]:
    """Yield the rows of a table that stand twice, or before one that comes first: the chain has each once, in order.

    Args:
        table: its name.
        places: of its rows, as they stand: block, and in the block the log's or transaction's index.
    """
    for former, place in pairwise(places):
        if place <= former:
            where = " ".join([_ONE.get(table, ""), *map(str, place[1:])]).strip()
            yield Contradiction(place[0], table, where, "out of order or twice", "once, in order", "the chain's order")


def compare_logs(block: int, stored: Sequence[LogRow], proved: Sequence[LogRow]) -> Iterator[Contradiction]:
    """Yield each log that the lake lacks, has too much, or has otherwise."""
    mine, true = ({row.log_index: row for row in rows} for rows in (stored, proved))
    for index in sorted({*mine, *true}):
        place = f"log {index}"
        if index not in mine:
            told, proved_text = "the lake lacks it", f"0x{true[index].address.hex()} emitted it"
            yield Contradiction(block, "logs", place, told, proved_text, "the receipts root")
        elif index not in true:
            told = f"the lake has one of 0x{mine[index].address.hex()}"
            yield Contradiction(block, "logs", place, told, "no followed contract emitted it", "the receipts root")
        elif mine[index] != true[index]:
            yield from _columns(block, "logs", place, RAW_LOGS.names, mine[index], true[index], {})


def true_transaction(
    header: Header, transaction: Transaction, place: int, receipts: Sequence[Receipt]
) -> TransactionRow:
    """The row that the lake's `transactions` must hold; the sender is empty where no signature tells it."""
    before = receipts[place - 1].cumulative_gas if place else 0
    try:
        sender = f"0x{transaction.recovered().hex()}"
    except ValueError:
        sender = ""
    return TransactionRow(
        header.number,
        place,
        f"0x{transaction.hash.hex()}",
        sender,
        f"0x{transaction.to.hex()}" if transaction.to else None,
        transaction.input,
        transaction.gas,
        receipts[place].cumulative_gas - before,
        transaction.effective_price(header.base_fee),
        receipts[place].status,
    )


_BASES = {
    "from": "its signature",
    "gas_used": "the receipts root",
    "status": "the receipts root",
    "effective_gas_price": "the transactions root with the base fee",
}


def compare_transactions(
    block: int,
    stored: Sequence[TransactionRow],
    proved: Mapping[int, TransactionRow],
    needed: Collection[int],
    *,
    filled: Collection[str] = (),
) -> Iterator[Contradiction]:
    """Yield what the lake has otherwise of its transactions, and those that carry its logs and that it lacks.

    Args:
        block: their block.
        stored: the lake's rows.
        proved: the true rows by place, of the places that are stored or needed.
        needed: places of the transactions that carry followed logs.
        filled: columns that must not be empty where the chain has a value; the other ones may.
    """
    basis = "the transactions root"
    there = set()
    for row in stored:
        place = row.transaction_index
        there.add(place)
        true = proved.get(place)
        if true is None:
            told = f"the lake has {row.hash}"
            yield Contradiction(block, "transactions", f"transaction {place}", told, "there is none", basis)
            continue
        mine, true = _comparable(row, true, filled)
        if mine != true:
            yield from _columns(block, "transactions", f"transaction {place}", TRANSACTIONS.names, mine, true, _BASES)
    for place in sorted(set(needed) - there):
        hash_text = proved[place].hash
        told = f"the lake lacks {hash_text}"
        yield Contradiction(block, "transactions", f"transaction {place}", told, "it carries followed logs", basis)


def _comparable(
    row: TransactionRow, true: TransactionRow, filled: Collection[str]
) -> tuple[TransactionRow, TransactionRow]:
    """Both rows without what one of them may leave out: an unsigned sender, a price or status that no node told."""
    price = None if row.effective_gas_price is None else int(row.effective_gas_price)
    mine, proved = row._replace(effective_gas_price=price), true
    if not true.from_:
        mine, proved = mine._replace(from_=""), proved._replace(from_="")
    for name in ("effective_gas_price", "status"):
        if getattr(true, name) is None or (getattr(row, name) is None and name not in filled):
            nothing: dict[str, Any] = {name: None}
            mine, proved = mine._replace(**nothing), proved._replace(**nothing)
    return mine, proved


def compare_block(header: Header, stored: BlockRow, *, filled: bool) -> Iterator[Contradiction]:
    """Yield what the lake's row of a block has otherwise than its header.

    Unless the row must be `filled`, only the base fee is held against the header where the lake leaves it empty.
    """
    proved = BlockRow(
        header.number,
        f"0x{header.hash.hex()}",
        f"0x{header.parent.hex()}",
        header.timestamp,
        header.base_fee,
        header.gas_used,
        header.gas_limit,
    )
    fee = None if stored.base_fee_per_gas is None else int(stored.base_fee_per_gas)
    mine = stored._replace(base_fee_per_gas=fee)
    empty: dict[str, Any] = {
        name: None for name, told in mine._asdict().items() if told is None and name != "base_fee_per_gas"
    }
    true = proved if filled else proved._replace(**empty)
    if mine != true:
        bases = dict.fromkeys(BLOCKS.names, "the header")
        yield from _columns(header.number, "blocks", "", BLOCKS.names, mine, true, bases)


def empty_cells(
    table: str, rows: Sequence[BlockRow] | Sequence[TransactionRow], columns: Sequence[str]
) -> Counter[str]:
    """How many cells of some columns are empty, by table and column; a column without such cells is left out."""
    found = {f"{table}.{name}": sum(getattr(row, name) is None for row in rows) for name in columns}
    return Counter({name: count for name, count in found.items() if count})


def _columns(
    block: int, table: str, place: str, names: Sequence[str], mine: Row, true: Row, bases: Mapping[str, str]
) -> Iterator[Contradiction]:
    usual = "the receipts root" if table == "logs" else "the transactions root"
    for name, told, proved in zip(names, mine, true, strict=True):
        if told != proved:
            what = f"{place} {name}".strip()
            yield Contradiction(block, table, what, _short(told), _short(proved), bases.get(name, usual))


def _short(value: object) -> str:
    text = f"0x{value.hex()}" if isinstance(value, bytes) else "nothing" if value is None else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
