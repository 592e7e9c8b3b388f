"""Proving one window of blocks: headers down from a trusted hash, absence by blooms, presence by opened blocks."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from keep3r_replay.chain.logs import RAW_LOGS, LogRow
from keep3r_replay.lake.schemas import BlockRow, TransactionRow
from keep3r_replay.proof.base_fee import expected_base_fee, market_of
from keep3r_replay.proof.blooms import may_hold
from keep3r_replay.proof.comparing import (
    compare_block,
    compare_logs,
    compare_transactions,
    empty_cells,
    out_of_order,
    true_logs,
    true_transaction,
)
from keep3r_replay.proof.contradictions import Contradiction
from keep3r_replay.proof.events import compare_events
from keep3r_replay.proof.records import Evidence, WindowRecord
from keep3r_replay.proof.rows import rows_as
from keep3r_replay.proof.transactions import Transaction, transaction_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.receipts import Receipt
    from keep3r_replay.proof.subject import Subject
    from keep3r_replay.proof.tellers import Tellers

_OPENED_AT_ONCE = 64
_MAY_LACK = ("effective_gas_price", "status")
_HEADERS_ALONE = ("hash", "parent_hash", "timestamp", "gas_used", "gas_limit")


class _Counts:
    def __init__(self) -> None:
        self.opened = self.vain = self.logs = self.transactions = self.unsigned = self.witnesses = 0
        self.empty: Counter[str] = Counter()


def prove_window(
    subject: Subject,
    tellers: Tellers,
    first: int,
    last: int,
    trusted: bytes,
    evidence: Evidence | None = None,
    marks: Collection[int] = (),
) -> tuple[WindowRecord, list[Contradiction]]:
    """Prove what the lake holds of a closed range of blocks, of whose last one the hash is trusted.

    Args:
        subject: the lake.
        tellers: who tells of the chain.
        first: of the range.
        last: of the range; what lies behind `subject.last` is proved by headers only, for it leads to the anchor.
        trusted: hash of block `last`.
        evidence: is filled with what the proof rests on, if it is to be kept.
        marks: blocks whose headers the record is to hold.

    Returns:
        What was proved, and in what the lake contradicts it.

    Raises:
        ContradictedError: a header is not the one that its child names.
        NodeError: nobody has what is needed.
    """
    headers = tellers.headers(max(first - 1, 0), last, trusted)
    parent = headers[0].hash if first else bytes(32)
    wrong = list(_base_fees(subject.chain_id, headers))
    if evidence is not None:
        evidence.headers = headers
    inside = [header for header in headers if first <= header.number <= subject.last]
    counts, digest = _Counts(), ""
    if inside:
        # The block before the first window is no window's own, and may be the chain's first.
        wrong += _ends(subject, headers if headers[0].number == 0 else inside)
        wrong += _Rows(subject, tellers, inside, evidence, counts).contradictions()
        digest = subject.rows.digest(subject.tables, inside[0].number, inside[-1].number, subject.identity)
    record = WindowRecord(
        first,
        last,
        f"0x{trusted.hex()}",
        f"0x{parent.hex()}",
        counts.opened,
        counts.vain,
        counts.logs,
        counts.transactions,
        counts.unsigned,
        counts.witnesses,
        dict(sorted(counts.empty.items())),
        digest,
        [[header.number, header.rlp.hex()] for header in headers if header.number in marks],
    )
    return record, sorted(wrong)


def _ends(subject: Subject, headers: Sequence[Header]) -> list[Contradiction]:
    """Hashes of blocks that the manifest names otherwise."""
    wrong = []
    for header in headers:
        told, proved = subject.ends.get(header.number), f"0x{header.hash.hex()}"
        if told is not None and told != proved:
            wrong.append(Contradiction(header.number, "manifest", "hash", told, proved, "the header"))
    return wrong


def _base_fees(chain_id: int, headers: Sequence[Header]) -> list[Contradiction]:
    """Base fees that do not follow from their parents'."""
    wrong = []
    for parent, header in pairwise(headers):
        market = market_of(chain_id, header.number)
        expected = None if market is None else expected_base_fee(market, parent)
        if expected is not None and header.base_fee != expected:
            told = str(header.base_fee)
            wrong.append(Contradiction(header.number, "header", "baseFeePerGas", told, str(expected), "EIP-1559"))
    return wrong


class _Opened(NamedTuple):
    """A block whose receipts are read, and the places of its transactions that carry followed logs."""

    header: Header
    receipts: list[Receipt]
    carrying: list[int]


_InBlock = TypeVar("_InBlock", LogRow, TransactionRow)


class _Rows:
    """The lake's rows of some blocks, whose headers are proved, against the blocks' receipts and transactions."""

    def __init__(
        self,
        subject: Subject,
        tellers: Tellers,
        headers: list[Header],
        evidence: Evidence | None,
        counts: _Counts,
    ) -> None:
        self._subject = subject
        self._tellers = tellers
        self._headers = headers
        self._evidence = evidence
        self._counts = counts
        self._first, self._last = headers[0].number, headers[-1].number
        rows = subject.rows
        self._log_table = rows.of("logs", self._first, self._last)
        logs = rows_as(LogRow, self._log_table)
        sent = rows_as(TransactionRow, rows.of("transactions", self._first, self._last))
        self._logs, self._sent = _by_block(logs), _by_block(sent)
        self._disorder = [
            *out_of_order("logs", [(row.block_number, row.log_index) for row in logs]),
            *out_of_order("transactions", [(row.block_number, row.transaction_index) for row in sent]),
        ]
        # What cannot be read as logs is told as such, and what it would decode to is not asked.
        self._readable = not self._disorder and not any(
            self._log_table.column(field.name).null_count for field in RAW_LOGS if not field.name.startswith("topic")
        )
        counts.empty += empty_cells("transactions", sent, _MAY_LACK)
        self._from_node = subject.lake.deployment.origin == "node"

    def contradictions(self) -> list[Contradiction]:
        subject = self._subject
        wrong = self._disorder
        if not subject.only_logs:
            blocks = rows_as(BlockRow, subject.rows.of("blocks", self._first, self._last))
            wrong += out_of_order("blocks", [(row.number,) for row in blocks])
            self._counts.empty += empty_cells("blocks", blocks, _HEADERS_ALONE)
            stored = {row.number: row for row in blocks}
            for header in self._headers:
                row = stored.get(header.number)
                if row is None:
                    told = "the lake lacks it"
                    wrong.append(Contradiction(header.number, "blocks", "", told, "it is there", "the header"))
                else:
                    filled = self._from_node and (header.number in self._logs or header.number in self._sent)
                    wrong += compare_block(header, row, filled=filled)
        allowed = may_hold([header.bloom for header in self._headers], subject.followed)
        # A block that has rows in the lake is opened whatever its bloom says: if the rows are false, this finds it.
        wanted = [
            header
            for header, may in zip(self._headers, allowed, strict=True)
            if may or header.number < self._tellers.bloom_from or {header.number} & {*self._logs, *self._sent}
        ]
        for start in range(0, len(wanted), _OPENED_AT_ONCE):
            wrong += self._open(wanted[start : start + _OPENED_AT_ONCE])
        if not self._readable:
            return wrong
        return wrong + list(
            compare_events(
                subject.rows,
                self._log_table,
                self._headers,
                subject.contracts,
                subject.events,
                times=not subject.only_logs,
            )
        )

    def _open(self, headers: Sequence[Header]) -> list[Contradiction]:
        wrong: list[Contradiction] = []
        followed = self._subject.followed
        opened: list[_Opened] = []
        for header, receipts in zip(headers, self._tellers.receipts(headers), strict=True):
            self._counts.opened += 1
            if isinstance(receipts, Contradiction):
                wrong.append(receipts)
                continue
            if self._evidence is not None:
                self._evidence.receipts[header.number] = receipts
            carrying = [
                place for place, receipt in enumerate(receipts) if any(log.address in followed for log in receipt.logs)
            ]
            self._counts.vain += not carrying and header.number not in self._sent
            opened.append(_Opened(header, receipts, carrying))
        in_lake = {*self._sent, *self._logs}
        read = [each for each in opened if each.carrying or each.header.number in in_lake]
        told = self._tellers.transactions([each.header for each in read])
        for (header, receipts, carrying), raws in zip(read, told, strict=True):
            if isinstance(raws, Contradiction):
                wrong.append(raws)
                continue
            if self._evidence is not None:
                self._evidence.transactions[header.number] = raws
            wrong += self._compare(header, receipts, carrying, raws)
        return wrong

    def _compare(
        self, header: Header, receipts: list[Receipt], carrying: list[int], raws: list[bytes]
    ) -> list[Contradiction]:
        number = header.number
        if len(raws) != len(receipts):
            told = f"{len(receipts)} of them"
            return [Contradiction(number, "receipts", "", told, str(len(raws)), "the transactions root")]
        stored, logs = self._sent.get(number, []), self._logs.get(number, [])
        if number < self._tellers.bloom_from:
            # What comes after the transactions of the root is state synchronisation, of which no root speaks.
            stored = [row for row in stored if row.transaction_index < len(raws)]
            logs = [row for row in logs if row.transaction_index < len(raws)]
        named = (row.transaction_index for row in stored)
        places = sorted({*carrying, *(place for place in named if place < len(raws))})
        sent: dict[int, Transaction] = {place: transaction_of(raws[place]) for place in places}
        hashes = [sent[place].hash if place in sent else b"" for place in range(len(raws))]
        proved = true_logs(header, receipts, hashes, self._subject.followed)
        self._counts.logs += len(proved)
        wrong = [*self._chain_ids(number, sent), *compare_logs(number, logs, proved)]
        if self._subject.only_logs:
            return wrong
        true = {place: true_transaction(header, each, place, receipts) for place, each in sent.items()}
        self._counts.transactions += len(stored)
        self._counts.unsigned += sum(not row.from_ for row in true.values())
        return wrong + list(compare_transactions(number, stored, true, carrying, filled=self._filled(header)))

    def _filled(self, header: Header) -> tuple[str, ...]:
        """Columns of transactions that an extraction fills: prices since there are base fees, before as nodes told."""
        if not self._from_node:
            return ()
        return ("status",) if header.base_fee is None else ("status", "effective_gas_price")

    def _chain_ids(self, block: int, sent: dict[int, Transaction]) -> list[Contradiction]:
        """The first transaction of a block that was signed for another chain than the lake's."""
        own = self._subject.chain_id
        named = {place: each.chain_id for place, each in sent.items() if each.chain_id is not None}
        self._counts.witnesses += len(named)
        wrong = (
            Contradiction(
                block, "deployment", "chain_id", str(own), str(other), f"the signature of transaction {place}"
            )
            for place, other in sorted(named.items())
            if other != own
        )
        return list(wrong)[:1]


def _by_block(rows: Sequence[_InBlock]) -> dict[int, list[_InBlock]]:
    found: dict[int, list[_InBlock]] = defaultdict(list)
    for row in rows:
        found[row.block_number].append(row)
    return dict(found)
