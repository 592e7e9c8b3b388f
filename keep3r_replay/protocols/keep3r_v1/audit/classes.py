"""The class of every payment: what the gas it was paid for says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.replay.evaluations import Evaluation
    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment

WORDS = {
    "work_exact": "right to the wei",
    "work_deep": "for more gas than the transaction used",
    "work_stale": "for gas of an older validation",
    "work_own": "the job's own amount within the limit",
    "work_excess": "above any limit of fresh gas",
    "impossible": "would have reverted",
    "receipt_measured": "receipts measured by the job",
    "receipt_own": "receipts of the job's own amount",
    "undetermined": "receipts with nothing to compare",
    "token": "paid in another token",
    "eth": "paid in ETH",
}
"""Classes and what they mean, in the order of summaries."""

CLASSES = tuple(WORDS)

_UNSEEN = ", but a helper or an oracle's update may have left no log: only an image tells anything"
"""Why a payment that is no image convicts nobody where the lake lacks calls without logs."""
_KIND_WITHOUT_LIMIT = {"token": "token", "eth": "eth"}


class Verdict(NamedTuple):
    """A payment's class, the evaluation it rests on (None: none), and why."""

    name: str
    evaluation: Evaluation | None
    reason: str


def classify(payment: Payment, helper: str) -> Verdict:
    """The class of a payment with `helper` (an address; empty: unknown) in force."""
    if payment.kind in _KIND_WITHOUT_LIMIT:
        short = payment.credits < payment.amount or not payment.listed
        if short:
            return Verdict("impossible", None, _refusal(payment))
        return Verdict(_KIND_WITHOUT_LIMIT[payment.kind], None, "only the job's credits are checked")
    evaluation = payment.evaluations.of(helper)
    if not payment.listed or payment.credits < payment.amount:
        return Verdict("impossible", evaluation, _refusal(payment))
    if evaluation is None:
        return Verdict("undetermined", None, "the helper in force is not known" if not helper else _strange(helper))
    if payment.kind == "work":
        return _class_of_work(payment, evaluation)
    return _class_of_receipt(payment, evaluation)


def _refusal(payment: Payment) -> str:
    return "the job is not listed" if not payment.listed else "the job's credits do not suffice"


def _strange(helper: str) -> str:
    return f"the deployment does not describe the helper {helper}"


def _class_of_work(payment: Payment, seen: Evaluation) -> Verdict:
    if seen.reverts and not payment.helper:
        return Verdict("undetermined", seen, f"an oracle's update that left no log is missing: {seen.reverts}")
    if seen.reverts:
        return Verdict("impossible", seen, f"the limit reverts: {seen.reverts}")
    gas = seen.gas
    if seen.image and gas:
        if payment.gas_used is None or payment.bound is None:
            return Verdict("work_exact", seen, "the limit of this gas; the transaction's own gas is not in the lake")
        if gas <= payment.gas_used:
            return Verdict("work_exact", seen, "the limit of this gas")
        if gas <= payment.bound:
            return Verdict("work_deep", seen, "the limit of more gas than the transaction used")
        return Verdict("work_stale", seen, "the limit of more gas than the transaction can have measured")
    if not payment.helper:
        return Verdict("undetermined", seen, f"no limit of any gas{_UNSEEN}")
    if seen.limit_at_bound is None or payment.amount <= seen.limit_at_bound:
        return Verdict("work_own", seen, "no limit of any gas, and below that of the largest plausible gas")
    return Verdict("work_excess", seen, "no limit of any gas, and above that of the largest plausible gas")


def _class_of_receipt(payment: Payment, seen: Evaluation) -> Verdict:
    if seen.reverts:
        return Verdict("undetermined", seen, f"the limit reverts: {seen.reverts}")
    if seen.image and seen.gas and (payment.bound is None or seen.gas <= payment.bound):
        return Verdict("receipt_measured", seen, "the limit of this gas, which the job measured itself")
    if not payment.helper:
        return Verdict("undetermined", seen, f"no limit of any gas{_UNSEEN}")
    return Verdict("receipt_own", seen, "a receipt has no limit on chain")
