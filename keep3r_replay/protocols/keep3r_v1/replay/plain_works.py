"""The transaction that a history is full of: one work is paid, and nothing else happens that this replay looks at.

What such a transaction does is what `from_logs` makes of its two logs; here it is seen at a glance.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract import jobs
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.replay.execution import compare_with, execute
from keep3r_replay.protocols.keep3r_v1.replay.payments import WORK, is_false_transfer, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log
    from keep3r_replay.replay.protocol import Transaction


def is_plain_work(context: Context, logs: Sequence[Log], transaction: Transaction) -> bool:
    """Whether the logs are those of one payment by work, and the input concerns no governance, feed or oracle."""
    if len(logs) != 2 or context.inner is not None or not context.silent_calls:
        return False
    transfer, worked = logs
    address = context.kp3r.address
    if worked.said.event != "KeeperWorked" or worked.address != address or transfer.address != address:
        return False
    credit, job, keeper, _, amount = worked.values
    if credit != address or transfer.said != ("Transfer", (job, keeper, amount)):
        return False
    if job in context.oracle_jobs or not is_false_transfer(job, address) or transaction.to in context.watched:
        return False
    data = transaction.input
    return not any(needle in data for needle in context.needles)


def pay(context: Context, logs: Sequence[Log]) -> None:
    """Make the payment that the two logs tell of."""
    worked = logs[1]
    credit, job, keeper, _, amount = worked.values
    kp3r, number = context.kp3r, len(context.payments)
    context.payments.append(measured(context, worked.log_index, WORK, job, credit, keeper, amount))
    owed = kp3r.jobs.get(job)
    delegates = kp3r.accounts[keeper].delegate != ZERO_ADDRESS
    if delegates or owed is None or not owed.listed or owed.credits[credit] < amount or context.keeps_more:
        run = partial(jobs.work_receipt, kp3r, job, keeper, amount)
        execute(context, "workReceipt", run, logs, payment=number)
        return
    kp3r.emitted = []
    jobs.work_receipt(kp3r, job, keeper, amount)
    if kp3r.emitted != [logs[0].said, worked.said]:
        # Only the block that the log names can still differ.
        compare_with(context, "workReceipt", kp3r.emitted, logs)
    kp3r.emitted = []
