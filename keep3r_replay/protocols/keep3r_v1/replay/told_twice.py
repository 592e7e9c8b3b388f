"""The amount of a payment by work, which two logs tell: its Transfer, and the KeeperWorked behind it.

Where they differ, one of them is wrong. What is the limit of some gas is so by no chance: an amount that is one is
right, and the other log is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract.state import ETH
from keep3r_replay.protocols.keep3r_v1.replay.evaluations import evaluate
from keep3r_replay.protocols.keep3r_v1.replay.payments import (
    IN_ETH,
    RECEIPT,
    TOKEN,
    WORK,
    is_false_transfer,
    measured,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log
    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment


def payment_of(context: Context, own: Sequence[Log]) -> Payment:
    """The payment that `own` logs tell of, the last of which is its KeeperWorked, before the model makes it.

    It is of the KeeperWorked's amount (wei), but for a work whose Transfer alone tells a limit of the helpers.
    """
    log = own[-1]
    credit, job, keeper, amount = (log.value(column) for column in ("credit", "job", "keeper", "amount"))
    if credit != context.kp3r.address:
        kind = IN_ETH if credit == ETH else TOKEN
    else:
        kind = WORK if len(own) > 1 and is_false_transfer(own[-2].value("from"), context.kp3r.address) else RECEIPT
    payment = measured(context, log.log_index, kind, job, credit, keeper, amount)
    if kind != WORK or own[-2].moved == amount or _is_limit(context, payment):
        return payment
    moved = measured(context, log.log_index, kind, job, credit, keeper, own[-2].moved)
    return moved if _is_limit(context, moved) else payment


def _is_limit(context: Context, payment: Payment) -> bool:
    """Whether a payment is the limit of some gas, of whatever helper; of an unknown origin, with anybody's bond."""
    if any(seen.image and seen.gas for seen in payment.evaluations.told.values()):
        return True
    if context.transaction is not None:
        return False
    kp3r = context.kp3r
    bonds = {kp3r.worth_of_bonds(account) for account in list(kp3r.accounts)}
    seen_by_others = (
        evaluate(kp3r, helper, payment.amount, bond, None) for bond in sorted(bonds) for helper in kp3r.market.helpers
    )
    return any(seen.image and seen.gas for seen in seen_by_others)
