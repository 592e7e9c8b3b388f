"""The transaction that a history is full of: one work is paid, and nothing else happens that this replay looks at.

What such a transaction does is what `from_logs` makes of its two logs; here it is seen at a glance.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract import jobs
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.events import ROOT
from keep3r_replay.protocols.keep3r_v1.replay.execution import execute
from keep3r_replay.protocols.keep3r_v1.replay.logs import Kind, as_log
from keep3r_replay.protocols.keep3r_v1.replay.payments import WORK, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import KeptRow
    from keep3r_replay.replay.protocol import Transaction


TRANSFER, WORKED = Kind(ROOT, "Transfer"), Kind(ROOT, "KeeperWorked")


def is_plain_work(context: Context, rows: Sequence[KeptRow], transaction: Transaction) -> bool:
    """Whether the logs are those of one payment by work, and the input concerns no governance, feed or oracle."""
    if len(rows) != 2 or context.inner is not None or not context.silent_calls:
        return False
    (kind, moved), (last, told) = rows
    address = context.kp3r.address
    if last != WORKED or kind != TRANSFER or moved[1] != address or told[1] != address:
        return False
    _, _, credit, job, keeper, _, amount = told
    if credit != address or moved[2:] != (job, keeper, amount):
        return False
    # A Transfer from the contract would be that of a receipt.
    if job in context.oracle_jobs or job in {address, ZERO_ADDRESS} or transaction.to in context.watched:
        return False
    data = transaction.input
    for needle in context.needles:  # noqa: SIM110 - a generator for each payment takes longer than all the rest here
        if needle in data:
            return False
    return True


def only_pays(context: Context, job: str, keeper: str, block: int, amount: int) -> bool:
    """Whether the contract pays such a work, and logs nothing else; `block` is what the log says, `amount` in wei."""
    kp3r = context.kp3r
    owed = kp3r.jobs.get(job)
    return (
        owed is not None
        and owed.listed
        and owed.credits[kp3r.address] >= amount
        and block == kp3r.block_number
        and kp3r.accounts[keeper].delegate == ZERO_ADDRESS
        and not context.keeps_more
    )


def pay(context: Context, rows: Sequence[KeptRow]) -> None:
    """Make the payment that the two logs tell of."""
    _, (_, told) = rows
    log_index, _, credit, job, keeper, block, amount = told
    kp3r, number = context.kp3r, len(context.payments)
    context.payments.append(measured(context, log_index, WORK, job, credit, keeper, amount))
    if only_pays(context, job, keeper, block, amount):
        # Its logs were held against each other already, and are what the contract logs.
        jobs.pay_work(kp3r, job, keeper, amount)
        return
    context.logs = [as_log(each) for each in rows]
    run = partial(jobs.work_receipt, kp3r, job, keeper, amount)
    execute(context, "workReceipt", run, context.logs, payment=number)
