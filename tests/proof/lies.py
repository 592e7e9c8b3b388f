"""Lies of a lake, each at one block: rows that a node left out or changed, and what its deployment says falsely."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests.proof.lake_changes import change_deployment, change_rows, event_table_of, without
from tests.proof.node_lies import changed_header, cleared_bloom, false_proof, receipt_left_out
from tests.proof.proving import LAST
from tests.proof.served_chain import Chain, recorded
from tests.proof.told import Told, flip, followed_logs, place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from tests.proof.lake_changes import Rows


def _row(rows: Rows, block: int, index: int) -> dict[str, Any]:
    return next(row for row in rows if (row["block_number"], row["log_index"]) == (block, index))


def dropped_log(choose: Random) -> Told:
    """A log is missing, with its event."""
    block, index = place_of(choose.choice(followed_logs()))

    def change(lake: Path) -> None:
        change_rows(lake, event_table_of(lake, block, index), without(block, index))
        change_rows(lake, "logs", without(block, index))

    return Told(block, "logs", f"log {index}", change)


def changed_data(choose: Random) -> Told:
    """A log has other data."""
    block, index = place_of(choose.choice([log for log in followed_logs() if len(log["data"]) > 2]))

    def change(lake: Path) -> None:
        def other(rows: Rows) -> Rows:
            row = _row(rows, block, index)
            row["data"] = flip(row["data"], choose)
            return rows

        change_rows(lake, "logs", other)

    return Told(block, "logs", f"log {index} data", change)


def swapped_logs(choose: Random) -> Told:
    """Two logs of one block have changed places."""
    logs = followed_logs()
    pairs = [
        (one, two)
        for one, two in itertools.pairwise(logs)
        if one["blockNumber"] == two["blockNumber"] and one["data"] != two["data"]
    ]
    (block, first), (_, second) = map(place_of, choose.choice(pairs))

    def change(lake: Path) -> None:
        def other(rows: Rows) -> Rows:
            one, two = _row(rows, block, first), _row(rows, block, second)
            for name in ("address", "topic0", "topic1", "topic2", "topic3", "data"):
                one[name], two[name] = two[name], one[name]
            return rows

        change_rows(lake, "logs", other)

    return Told(block, "logs", f"log {first}", change)


def doubled_log(choose: Random) -> Told:
    """A log stands twice, with its event."""
    block, index = place_of(choose.choice(followed_logs()))

    def twice(rows: Rows) -> Rows:
        return [
            each for row in rows for each in [row] * (1 + ((row["block_number"], row["log_index"]) == (block, index)))
        ]

    def change(lake: Path) -> None:
        change_rows(lake, event_table_of(lake, block, index), twice)
        change_rows(lake, "logs", twice)

    return Told(block, "logs", "out of order or twice", change)


def _transaction(choose: Random, column: str, value: Callable[[Any], Any]) -> Told:
    log = choose.choice(followed_logs())
    block, place = int(log["blockNumber"], 16), int(log["transactionIndex"], 16)

    def change(lake: Path) -> None:
        def other(rows: Rows) -> Rows:
            row = next(row for row in rows if (row["block_number"], row["transaction_index"]) == (block, place))
            row[column] = value(row[column])
            return rows

        change_rows(lake, "transactions", other)

    return Told(block, "transactions", f"transaction {place} {column}", change)


def changed_input(choose: Random) -> Told:
    """A transaction has another input."""
    return _transaction(choose, "input", lambda content: flip(content, choose))


def changed_gas_used(choose: Random) -> Told:
    """A transaction used other gas."""
    return _transaction(choose, "gas_used", lambda gas: gas + choose.choice((-1, 1)))


def changed_status(choose: Random) -> Told:
    """A transaction that succeeded failed."""
    return _transaction(choose, "status", lambda status: 1 - status)


def changed_sender(choose: Random) -> Told:
    """A transaction is of somebody else."""
    return _transaction(choose, "from", lambda _: f"0x{choose.randrange(1 << 160):040x}")


def changed_base_fee(choose: Random) -> Told:
    """A block has another base fee."""
    block = choose.randrange(3, LAST + 1)

    def change(lake: Path) -> None:
        def other(rows: Rows) -> Rows:
            row = next(row for row in rows if row["number"] == block)
            row["base_fee_per_gas"] += choose.choice((-1, 1))
            return rows

        change_rows(lake, "blocks", other)

    return Told(block, "blocks", "base_fee_per_gas", change)


def other_code(choose: Random) -> Told:
    """The deployment says another version of a contract than its code is of."""
    address, role = choose.choice(_known_code())

    def change(lake: Path) -> None:
        def other(content: dict[str, Any]) -> None:
            for contract in content["contracts"]:
                if contract["address"] == address:
                    contract["version"] = "2.1"

        change_deployment(lake, other)

    return Told(LAST, "code", f"the code of {role} 2.0", change, state=True)


def _known_code() -> list[tuple[str, str]]:
    """Contracts whose code is on record: Keep3r and its helper."""
    chain = recorded()
    helper = next(
        receipt["contractAddress"]
        for receipts in chain.receipts
        for receipt in receipts
        if receipt["contractAddress"] and int(receipt["blockNumber"], 16) == _created(chain) - 1
    )
    return [(chain.keep3r.lower(), "keep3r"), (helper.lower(), "keep3r_helper")]


def _created(chain: Chain) -> int:
    """The block in which Keep3r was created: its helper is of the block before."""
    return next(
        int(receipt["blockNumber"], 16)
        for receipts in chain.receipts
        for receipt in receipts
        if (receipt["contractAddress"] or "").lower() == chain.keep3r.lower()
    )


def changed_word(choose: Random) -> Told:
    """A parameter of Keep3r is another one than its storage holds: the initial one, or a reading."""
    name = choose.choice(("bondTime", "unbondTime", "liquidityMinimum", "rewardPeriodTime", "inflationPeriod", "fee"))
    keep3r = recorded().keep3r.lower()
    if choose.random() < 0.5:

        def change(lake: Path) -> None:
            def other(content: dict[str, Any]) -> None:
                value = int(content["initial_state"][keep3r][name])
                content["initial_state"][keep3r][name] = str(value + choose.choice((-1, 1)))

            change_deployment(lake, other)

        return Told(_created(recorded()), "initial_state", f"{keep3r} {name}", change, state=True)

    def change_reading(lake: Path) -> None:
        def other(rows: Rows) -> Rows:
            row = next(row for row in rows if (row["contract"], row["view"]) == (keep3r, name))
            row["value"] = str(int(row["value"]) + 1)
            return rows

        change_rows(lake, "readings", other)

    return Told(40, "readings", f"{keep3r} {name}", change_reading, state=True)


KINDS = (
    *(dropped_log, doubled_log, changed_data, swapped_logs),
    *(changed_input, changed_gas_used, changed_status, changed_sender, changed_base_fee),
    *(changed_header, cleared_bloom, receipt_left_out, other_code, changed_word, false_proof),
)
"""Every kind of lie."""
