"""The book of credits: what the logs of a call say that it did to a job's credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract.jobs import fee_of
from keep3r_replay.protocols.keep3r_v1.replay.records import CreditChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log


def book(context: Context, function: str, logs: Sequence[Log]) -> None:
    """Write down the changes that a call's logs tell of; the call has been made."""
    kp3r = context.kp3r
    name = function.partition("(")[0]
    for position, log in enumerate(logs):
        if log.event == "AddCredit":
            token, job, amount = log.value("credit"), log.value("job"), log.value("amount")
            if name == "addKPRCredit":
                _write(context, log, job, token, minted=amount)
            else:
                _write(context, log, job, token, paid_in=amount, fee=-fee_of(kp3r, amount))
        elif log.event == "ApplyCredit":
            _write(context, log, log.value("job"), kp3r.address, applied=log.value("credit"))
        elif log.event == "UnbondJob" and position:
            _write(context, log, log.value("job"), kp3r.address, burned=-logs[position - 1].value("amount"))
        elif log.event == "KeeperWorked":
            # Not what the log says: another log may have told the amount.
            token, job, amount = log.value("credit"), log.value("job"), context.payments[-1].amount
            kind = "work" if name == "workReceipt" else "receipt"
            _write(context, log, job, token, **{kind: -amount})


def _write(context: Context, log: Log, job: str, token: str, **amounts: int) -> None:
    assert context.credit_changes is not None
    after = context.kp3r.credits_of(job, token)
    for kind, amount in amounts.items():
        context.credit_changes.append(
            CreditChange(context.kp3r.block_number, log.log_index, job, token, kind, amount, after)
        )
