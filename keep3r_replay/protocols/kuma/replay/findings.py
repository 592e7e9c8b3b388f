"""Disagreements as findings; what follows from what is the engine's to tell.

The model goes on from its own state, never from what a wrong log says: so one changed log makes one finding, and the
logs after it show whether the chain went on from the model's value or from its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.journal import NOTICE, Finding, as_text
from keep3r_replay.protocols.kuma.replay.calls import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from keep3r_replay.journal import Journal
    from keep3r_replay.protocols.kuma.contract.state import Emitted
    from keep3r_replay.protocols.kuma.replay.believed import Lie
    from keep3r_replay.protocols.kuma.replay.compare import Disagreement

_REASONS = {
    "event_mismatch": "the log is not what the contract emits for this call in the model's state",
    "missing_event": "the call emits this log in the model's state, and the chain has none here",
    "unexpected_event": "no call in the model's state emits this log here",
}
_OF_LOGS = frozenset({"event_mismatch", "unexpected_event", "impossible_call"})


class Suspect(NamedTuple):
    """A transaction whose logs are missing altogether: the call that its input makes, and what it must have logged."""

    block: int
    timestamp: int
    transaction: str
    call: Call
    events: str


class Findings:
    """Writes the findings of one replay."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._suspects: dict[str, list[Suspect]] = {}

    def disagreements(
        self,
        found: Sequence[Disagreement],
        field_of: Callable[[Disagreement], str],
        category_of: Callable[[str], str],
    ) -> None:
        """What differs in one transaction's logs; `field_of` names a value's column, `category_of` tells a category."""
        for each in found:
            field = field_of(each) if each.position >= 0 else each.event
            values = (_value(each.expected), _value(each.observed))
            reason = _REASONS[each.kind] + self.shown(category_of(each.contract))
            self._write(each.kind, each.log_index, each.contract, field, values, reason)
            if each.kind == "missing_event":
                self.journal.events_not_emitted += 1

    def refused(self, log_index: int | None, contract: str, reason: str, shown: str) -> None:
        """The chain shows a call to have succeeded that the model would have reverted; `shown` adds to the reason."""
        self._write(
            "impossible_call",
            log_index,
            contract,
            "revert",
            (reason, "succeeded"),
            "the call reverts in the model's state, and the chain shows that it succeeded" + shown,
        )

    def lying_input(self, log_index: int, contract: str, lie: Lie) -> None:
        """A transaction went through whose input names what its function cannot have taken."""
        self._write(
            "input_mismatch",
            log_index,
            contract,
            lie.function,
            (lie.asked, lie.logged),
            "the transaction's input names what this function cannot have taken, and its logs tell another call",
        )

    def unexpected_failure(self, contract: str, function: str, transaction: str) -> None:
        """A transaction reverted that the model would have let through."""
        self._write(
            "unexpected_failure",
            None,
            contract,
            function,
            ("succeeded", "reverted"),
            "the call goes through in the model's state",
            transaction,
        )

    def missing(self, transaction: str, call: Call, logs: Sequence[Emitted], shown: str) -> None:
        """A transaction succeeded and none of the logs of its call is there; `shown` adds to the reason."""
        self._unlogged(transaction, call, ", ".join(each.event for each in logs), shown)

    def suspect(self, category: str, timestamp: int, transaction: str, call: Call, logs: Sequence[Emitted]) -> None:
        """A transaction succeeded and none of the logs that it must have left is there; what follows will show it."""
        names = ", ".join(each.event for each in logs)
        found = Suspect(self.journal.block_number, timestamp, transaction, call, names)
        self._suspects.setdefault(category, []).append(found)

    def suspects(self, categories: Iterable[str]) -> list[Suspect]:
        """Transactions of these categories whose logs are missing."""
        return [each for category in categories for each in self._suspects.get(category, ())]

    def is_suspect(self, category: str) -> bool:
        """Whether a transaction's logs of this category are missing, and nothing has shown it yet."""
        return category in self._suspects

    def shown(self, category: str) -> str:
        """What to add to the reason of a finding in this category: transactions whose logs are missing."""
        return "".join(
            f"; transaction {each.transaction} in block {each.block} left no {each.events}"
            for each in self._suspects.pop(category, ())
        )

    def close(self) -> None:
        """The history is at its end: transactions whose missing logs nothing else has shown are findings themselves."""
        for suspects in self._suspects.values():
            for each in suspects:
                self.journal.block_number = each.block
                self._unlogged(each.transaction, each.call, each.events, "")
        self._suspects.clear()

    def _unlogged(self, transaction: str, call: Call, events: str, shown: str) -> None:
        reason = "the transaction succeeded, and the logs of its call are missing" + shown
        self._write("missing_event", None, call.contract, "event", (events, "none"), reason, transaction)
        self.journal.events_not_emitted += events.count(",") + 1

    def _write(
        self,
        kind: str,
        log_index: int | None,
        subject: str,
        field: str,
        values: tuple[object, object],
        reason: str,
        transaction: str | None = None,
    ) -> None:
        journal = self.journal
        journal.note(kind, log_index, subject, field, *values, reason, transaction_hash=transaction)
        if log_index is not None and kind in _OF_LOGS:
            journal.disagreeing_logs[journal.block_number, log_index] = None

    def snapshot(self) -> dict[str, Any]:
        """What later findings depend on."""
        return {"suspects": {name: [[*each] for each in found] for name, found in self._suspects.items()}}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take over a snapshot."""
        self._suspects = {name: [_suspect(each) for each in found] for name, found in snapshot["suspects"].items()}


def notice(
    block: int, log_index: int | None, subject: str, kind: str, field: str, value: object, reason: str
) -> Finding:
    """A fact worth knowing: it leaves the verdict as it is."""
    return Finding(kind, NOTICE, block, log_index, subject, field, "", as_text(value), None, reason)


def _suspect(values: Sequence[Any]) -> Suspect:
    """A suspect as a snapshot has it."""
    block, timestamp, transaction, (function, contract, sender, arguments, is_malformed), events = values
    call = Call(function, contract, sender, tuple(arguments), is_malformed)
    return Suspect(block, timestamp, transaction, call, events)


def _value(value: object) -> object:
    return ", ".join(map(as_text, value)) if isinstance(value, tuple) else value
