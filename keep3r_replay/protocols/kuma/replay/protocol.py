"""One KUMA deployment under replay: the engine's `Replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.audit.place import Place
from keep3r_replay.protocols.kuma.audit.recorder import KEPT, Recorder
from keep3r_replay.protocols.kuma.audit.stale import is_stale_yield
from keep3r_replay.protocols.kuma.contract.snapshot import dump, load
from keep3r_replay.protocols.kuma.replay.answers import answer
from keep3r_replay.protocols.kuma.replay.believed import lie_of
from keep3r_replay.protocols.kuma.replay.describe import describe
from keep3r_replay.protocols.kuma.replay.findings import Findings
from keep3r_replay.protocols.kuma.replay.handlers import columns_of, handlers_of
from keep3r_replay.protocols.kuma.replay.inputs import SELECTOR, call_of
from keep3r_replay.protocols.kuma.replay.transaction import TransactionReplay, attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.kuma.audit.stale import StaleYield
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.replay.calls import Call
    from keep3r_replay.protocols.kuma.replay.compare import Disagreement
    from keep3r_replay.protocols.kuma.replay.findings import Suspect
    from keep3r_replay.protocols.kuma.replay.observed import Observed
    from keep3r_replay.protocols.kuma.replay.transaction import Replayed
    from keep3r_replay.replay.protocol import Answer, Block, EventHandler, KeptTables, Transaction
    from keep3r_replay.replay.protocol import Place as TransactionPlace

_MARKED = frozenset({"getYield", "getLastRefresh", "getRate"})
"""Views that leave behind which category was asked last: their answers are counted, or may be undetermined."""


class KumaReplay:
    """A deployment's model, fed with what the chain says, transaction by transaction.

    Args:
        kuma: the model before the first event.
        roles: role of every contract whose logs are there.
        journal: where findings go.
        inputs: whether calls are taken from transactions' input where they name a contract of the deployment.
    """

    def __init__(self, kuma: Kuma, roles: Mapping[str, str], journal: Journal, *, inputs: bool) -> None:
        self.start = kuma.copy()
        self.recorder = Recorder()
        self.findings = Findings(journal)
        self.stale_readings: dict[str, int] = {}
        self.keeps_ledger = False
        self.holds_all_transactions = True
        self._journal = journal
        self._replay = TransactionReplay(kuma, frozenset(roles))
        self._roles = roles
        self._inputs = inputs
        self._handlers = handlers_of(kuma.rules.version)
        self._fields = columns_of(kuma.rules.version)
        self._events: list[Observed] = []
        self._place: TransactionPlace | None = None
        self._transaction: Transaction | None = None
        self._asked = ""
        self._base_fee: int | None = None
        self._restored: Mapping[str, Any] = {}

    @property
    def kuma(self) -> Kuma:
        """The model as it stands."""
        return self._replay.kuma

    # EVENTS

    @property
    def context(self) -> list[Observed]:
        """Events of the transaction under way."""
        return self._events

    @property
    def handlers(self) -> Mapping[str, EventHandler]:
        """Handlers by table; each appends to the transaction's events."""
        return self._handlers

    @property
    def transactions(self) -> pl.Expr | None:
        """Transactions that call a contract of the deployment."""
        return pl.col("to").is_in(sorted(self._roles)) if self._inputs else None

    def begin_block(self, block: Block) -> None:
        """Enter a block."""
        self._journal.block_number = block.number
        self.kuma.now = block.timestamp
        self._base_fee = block.base_fee

    def begin_transaction(self, place: TransactionPlace, transaction: Transaction | None) -> None:
        """Enter a transaction."""
        self._place, self._transaction = place, transaction
        self._events.clear()

    def end_transaction(self) -> None:
        """Leave the transaction: now all of its events are known, and so its calls."""
        if self._place is None:
            return
        transaction, events = self._transaction, self._events
        last = events[-1].log_index if events else -1
        place = Place(*self._place, last, self.kuma.now)
        direct = self._direct_call(transaction)
        if transaction is not None and transaction.status == 0:
            if direct is not None:
                self._failed(place, transaction, direct)
        elif events or direct is not None:
            self._succeeded(place, direct)
        self._place = self._transaction = None
        self._events.clear()

    def _direct_call(self, transaction: Transaction | None) -> Call | None:
        if transaction is None or transaction.to is None:
            return None
        role = self._roles[transaction.to]
        return call_of(self.kuma, role, transaction.to, transaction.origin, transaction.input)

    def _failed(self, place: Place, transaction: Transaction, direct: Call) -> None:
        replayed = self._replay.failed([direct])
        ran_out = transaction.gas_used >= transaction.gas
        reason = replayed.reverted or ("out of gas" if ran_out else "")
        self.recorder.failed(self.kuma, place, transaction, [direct], reason)
        if not replayed.reverted and not ran_out:
            self.findings.unexpected_failure(direct.contract, direct.function, transaction.hash)

    def _succeeded(self, place: Place, direct: Call | None) -> None:
        findings = self.findings
        lie = lie_of(self.kuma, direct, self._events)
        if lie is not None and direct is not None:
            findings.lying_input(place.log_index, direct.contract, lie)
            direct = None
        contracts = {event.contract for event in self._events} | ({direct.contract} if direct is not None else set())
        suspects = findings.suspects({self._category(contract) for contract in contracts})
        before = self.kuma.copy() if suspects else None
        replayed = self._replay.succeeded(self._events, direct)
        if before is not None and (replayed.disagreements or replayed.refusals or replayed.missing):
            replayed = self._with_suspects(before, suspects, replayed, direct)
        self.recorder.succeeded(self.kuma, place, replayed, self._transaction)
        if self._calls_nothing() and replayed.done:
            self.findings.refused(
                self._events[0].log_index, replayed.done[0].call.contract, "no function is called", ""
            )
        for log_index, contract, reason in replayed.refusals:
            findings.refused(log_index, contract, reason, findings.shown(self._category(contract)))
        if replayed.disagreements:
            findings.disagreements(replayed.disagreements, self._field_of, self._category)
            self._adopt_rounds(replayed.disagreements)
        if direct is not None and self._transaction is not None:
            if replayed.missing:
                shown = findings.shown(self._category(direct.contract))
                findings.missing(self._transaction.hash, direct, replayed.missing, shown)
            if replayed.unproved:
                category = self._category(replayed.unproved[0].contract)
                findings.suspect(category, place.timestamp, self._transaction.hash, direct, replayed.unproved)

    def _calls_nothing(self) -> bool:
        """Whether the input names no function at all, to a contract of which each has a name to be called by."""
        transaction = self._transaction
        if transaction is None or transaction.to is None or self._roles[transaction.to] == "stable_coin":
            return False
        return len(transaction.input) < SELECTOR

    def _with_suspects(
        self, before: Kuma, suspects: Sequence[Suspect], first: Replayed, direct: Call | None
    ) -> Replayed:
        """The transaction again, on a model that calls without logs did change; they show at its first wrong log."""
        now = self.kuma.now
        for suspect in suspects:
            before.now = suspect.timestamp
            _, _, before = attempt(before, [suspect.call])
        before.now = now
        self._replay.kuma = before
        again = self._replay.succeeded(self._events, direct)
        shown = sorted(first.disagreements, key=lambda each: each.log_index)[:1]
        again.disagreements = [*shown, *again.disagreements]
        if not shown:
            again.refusals = [*first.refusals[:1], *again.refusals]
            again.missing = first.missing or again.missing
        return again

    def _adopt_rounds(self, disagreements: Sequence[Disagreement]) -> None:
        """An answer's round tells how many came before it: a missing one is found once, not at every later answer."""
        for each in disagreements:
            if (each.event, each.position) == ("AnswerTransmitted", 1) and isinstance(each.observed, int):
                self.kuma.aggregators[each.contract].round_id = each.observed

    def _field_of(self, disagreement: Disagreement) -> str:
        names = self._fields[self._roles[disagreement.contract], disagreement.event]
        return names[disagreement.position]

    def _category(self, contract: str) -> str:
        """The risk category of a contract; the contract itself where it belongs to none."""
        kuma = self.kuma
        if contract in kuma.by_contract:
            return kuma.by_contract[contract]
        for name, category in kuma.categories.items():
            if category.aggregator == contract:
                return name
        return contract

    # ANSWERS

    def view(self, contract: str, name: str, arguments: Sequence[str], source: str) -> Answer | None:
        """The model's counterpart of a view or storage word; None if there is none."""
        del source
        if (contract, name) == ("", "block.baseFee"):
            return lambda: self._base_fee
        found = answer(self._replay, contract, name, arguments)
        if found is None or name not in _MARKED:
            return found
        category = arguments[0] if name == "getRate" else self._category(contract)

        def asked() -> object:
            self._asked = category
            if name == "getYield" and is_stale_yield(self.kuma, self.kuma.categories[category]):
                self.stale_readings[category] = self.stale_readings.get(category, 0) + 1
            return found()

        return asked

    def undetermined(self, name: str, arguments: Sequence[str], observed: str) -> str:
        """Why a differing answer may be due to what logs can not tell; empty if nothing excuses it."""
        del arguments
        category = self.kuma.categories.get(self._asked)
        if (
            name == "getLastRefresh"
            and not (self._inputs and self.holds_all_transactions)
            and category is not None
            and observed.isdigit()
        ):
            time, token = int(observed), category.kibt
            if token.last_refresh < time <= self.kuma.now:
                return "a refresh that changes nothing leaves no event"
        if name == "getRate" and self.findings.is_suspect(self._asked):
            return "a transaction that transmitted an answer left no event"
        return ""

    # STATE

    def state(self) -> dict[str, Any]:
        """The model's state as plain values."""
        return dump(self.kuma)

    def describe(self, named: Mapping[str, str]) -> dict[str, Any]:
        """A category, bond or account as it stands, or an overview. Raises `UsageError` for what is unknown."""
        return describe(self.kuma, named)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain values for JSON."""
        return {
            "kuma": dump(self.kuma),
            "findings": self.findings.snapshot(),
            "asked": self._asked,
            "stale_readings": self.stale_readings,
            "stale": KEPT.table({"open": self.recorder.stale.open.values()}, _since)["record"].to_list(),
        }

    def kept(self) -> Mapping[str, pl.DataFrame]:
        """No tables: a snapshot is small."""
        return {}

    def restore(self, snapshot: Mapping[str, Any], kept: Callable[[str], pl.LazyFrame]) -> None:
        """Take over a snapshot."""
        del kept
        load(self.kuma, snapshot["kuma"])
        self.findings.restore(snapshot["findings"])
        self._asked = snapshot["asked"]
        self._restored = snapshot

    def recall(self, block: int, kept: KeptTables) -> None:
        """Take back calls, states, bases, bonds and stale yields up to a block."""
        self.recorder.recall(block, kept)
        self.stale_readings = dict(self._restored["stale_readings"])
        self.recorder.stale.open = {each.category: each for each in map(KEPT.record, self._restored["stale"])}

    def start_from(self, lake: Lake, block: int, readings: Mapping[tuple[str, str, str], str]) -> None:
        """KUMA's readings do not tell allowances, roles and issued bonds: a replay begins with the deployment.

        Raises `UsageError` always.
        """
        del lake, block, readings
        raise UsageError("start_block: a replay of KUMA begins with its deployment, or at a snapshot (resume)")


def _since(stretch: StaleYield) -> int:
    return stretch.since.block
