"""What a replay writes down as it goes: findings, each with its place, its reason and the amount it is about.

Kinds that the engine finds of any protocol's history, or that protocols share:

    event_mismatch       a field of an event differs from the model's
    impossible_call      an event shows a call to have succeeded that the contract would have reverted
    state_mismatch       an event fits another state of its subject than the events before it lead to
    missing_event        a transaction called the contract and succeeded, but its event is not there
    input_mismatch       an event differs from what the transaction asked for
    reading_mismatch     a view or storage value differs from the model's
    unexpected_event     the called function does not emit this, or not twice
    unknown_call         events of a function that the contract does not have
    unreachable_event    the transaction calls what never calls this contract
    unauthorised_call    somebody called what only somebody else may call
    failed_with_logs     a transaction of status 0 left logs
    gas_sum              a header's gas used does not fit the sum of its transactions'
    impossible_gas       more gas used than allowed, or less paid than the base fee
    block_time           a block that is no later than the one before it
    missing_transaction  the indices of a block's transactions have a gap

Findings that follow from another say so (`replay.causes`). Protocols add kinds of their own (docs/findings.md).
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"
NOTICE = "notice"
"""A fact worth knowing, no disagreement: it leaves the verdict as it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement or irregularity. `expected` is the model's, `observed` the chain's; both as text."""

    kind: str
    severity: str
    block_number: int
    log_index: int | None
    """None for what concerns a block as a whole, like a reading after it."""
    subject: str
    field: str
    expected: str
    observed: str
    difference: int | None
    """`observed - expected` where both are numbers."""
    reason: str
    transaction_hash: str | None = None
    """Where it is known at once; the place (block, log) tells it otherwise."""
    cause: int | None = None
    """Number of the finding that it follows from, counted from 1 in chain order; None for a root."""


class Journal:
    """Collects findings.

    Attributes:
        findings: in the order in which they were written.
        block_number: the block that the replay stands in.
        disagreeing_logs: block and index of the logs that findings are about, each once.
        events_not_emitted: how many events the model predicts that the chain does not hold.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.block_number = 0
        self.disagreeing_logs: dict[tuple[int, int], None] = {}
        self.events_not_emitted = 0

    def note(
        self,
        kind: str,
        log_index: int | None,
        subject: str,
        field: str,
        expected: object,
        observed: object,
        reason: str,
        severity: str = ERROR,
        transaction_hash: str | None = None,
    ) -> None:
        """Write a finding at the present block. Amounts come as int, everything else as text."""
        difference = None
        if isinstance(expected, int) and isinstance(observed, int) and not isinstance(expected, bool):
            difference = observed - expected
        self.findings.append(
            Finding(
                kind,
                severity,
                self.block_number,
                log_index,
                subject,
                field,
                as_text(expected),
                as_text(observed),
                difference,
                reason,
                transaction_hash,
            )
        )

    def disagree(
        self, kind: str, log_index: int, subject: str, field: str, expected: object, observed: object, reason: str
    ) -> None:
        """Write a finding about the event at `log_index`, which counts as mismatched from now on."""
        self.note(kind, log_index, subject, field, expected, observed, reason)
        self.disagreeing_logs[self.block_number, log_index] = None


def as_text(value: object) -> str:
    """A value as findings and readings spell it: decimal integers, true, false, lower-case addresses; None is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
