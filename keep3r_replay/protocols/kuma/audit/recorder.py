"""What a replay leaves for the tables: the history as calls, and what happened to bonds, tokens and rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.protocols.kuma.audit.place import Place
from keep3r_replay.protocols.kuma.audit.stale import StaleYield, StaleYields
from keep3r_replay.protocols.kuma.contract.kib_token import EpochLengths, previous_epoch, updated_previous
from keep3r_replay.protocols.kuma.contract.kuma_swap import Purchase, Sale
from keep3r_replay.protocols.kuma.contract.ray import ray_mul, ray_to_wad
from keep3r_replay.protocols.kuma.contract.state import BaseChange, Bond, CloneBond
from keep3r_replay.protocols.kuma.replay.calls import Call
from keep3r_replay.protocols.kuma.replay.setters import role_told
from keep3r_replay.protocols.kuma.what_if.history import Step
from keep3r_replay.replay.records import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma
    from keep3r_replay.protocols.kuma.replay.transaction import Done, Replayed
    from keep3r_replay.replay.parts import Kept, Table
    from keep3r_replay.replay.protocol import KeptTables, Transaction


class CallRow(NamedTuple):
    """One call, or a reverted attempt at one, as the table `calls` has it.

    `outcome` is a class of calls; `reason` the predicted revert; gas and price are null where the transaction is
    unknown.
    """

    place: Place
    category: str
    contract: str
    function: str
    sender: str
    bond_id: int | None
    outcome: str
    reason: str
    gas_used: int | None
    gas_price: int | None


class TokenState(NamedTuple):
    """A category after a call: what yields, prices and cover are made from (rays, wei)."""

    place: Place
    category: str
    yield_: int
    previous: int
    cumulative: int
    epoch_length: int
    epoch_began: int
    min_coupon: int
    supply: int
    reserve_worth: int
    is_expired: bool
    is_paused: bool


class Move(NamedTuple):
    """A base that a call wrote, with the cumulative yield by which it is a balance; `kind` tells why.

    `bases` is the sum of all bases of the token after a self-transfer, 0 otherwise.
    """

    place: Place
    category: str
    kind: str
    change: BaseChange
    previous: int
    bases: int


class EpochChange(NamedTuple):
    """A change of the epoch's length, with boundary and supply just before the length changed, and after.

    `is_alone` says that no log of a refresh goes with it: there was none, or it was silent.
    """

    place: Place
    category: str
    before: int
    after: int
    is_refreshed: bool
    boundary_before: int
    boundary_after: int
    supply_before: int
    supply_after: int
    is_alone: bool


class Happening(NamedTuple):
    """A call that changed the fate of a bond or the epoch's length."""

    place: Place
    category: str
    call: Call
    result: object
    boundary: int
    epoch_length: int


RECORDED = "recorded_"
"""What the names of kept tables begin with, each of one list of records."""
OF_BONDS = frozenset(
    {"sell_bond", "expire_bond", "buy_bond", "buy_bond_for_stable_coin", "initialize", "set_epoch_length"}
)


class Recorder:
    """Keeps every transaction's calls and what they did, in chain order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.calls: list[CallRow] = []
        self.states: list[TokenState] = []
        self.moves: list[Move] = []
        self.happenings: list[Happening] = []
        self.epochs: list[EpochChange] = []
        self.stale = StaleYields()
        self._recalled: dict[str, tuple[Kept, int]] = {}

    def recall(self, block: int, kept: KeptTables) -> None:
        """Take back what a former replay wrote down up to a block. Raises `KeyError` where something was not kept."""
        for name, records in self.lists().items():
            former = kept.until(f"{RECORDED}{name}", block)
            if records is not self.steps:
                records.extend(KEPT.lists(former.collect()).get(name, []))
            self._recalled[name] = former, len(records)

    def all_steps(self) -> list[Step]:
        """All steps, those of a former replay too, which are read only now: nothing but late bonds needs them."""
        former, _ = self._recalled.get("steps", (None, 0))
        before = [] if former is None else KEPT.lists(former.collect()).get("steps", [])
        return [*before, *self.steps]

    def kept(self) -> dict[str, Table]:
        """What a later replay takes back, a table for each list: what was taken back stands as it is."""
        tables: dict[str, Table] = {}
        for name, records in self.lists().items():
            former, count = self._recalled.get(name, (None, 0))
            new = KEPT.table({name: records[count:]}, block_of)
            tables[f"{RECORDED}{name}"] = new if former is None else former.grown(new)
        return tables

    def lists(self) -> dict[str, list[Any]]:
        """What was written down, by name."""
        return {
            "steps": self.steps,
            "calls": self.calls,
            "states": self.states,
            "moves": self.moves,
            "happenings": self.happenings,
            "epochs": self.epochs,
            "stale": self.stale.closed,
        }

    def succeeded(self, kuma: Kuma, place: Place, replayed: Replayed, transaction: Transaction | None) -> None:
        """A transaction went through; `place` is that of its last log."""
        sender = transaction.origin if transaction is not None else ""
        told = [role_told(event) for event in replayed.told if event.event == "RoleGranted"]
        calls = (*told, *(each.call for each in replayed.done))
        if calls:
            self.steps.append(Step(place.block, place.transaction, place.timestamp, sender, calls, succeeded=True))
        for done in replayed.done:
            at = place._replace(log_index=done.last_log)
            self._call(kuma, at, done, transaction)
        if replayed.done:
            self.stale.look(kuma, place)

    def failed(self, kuma: Kuma, place: Place, transaction: Transaction, calls: Sequence[Call], reason: str) -> None:
        """A transaction reverted; `reason` is what the model says, empty where it says nothing."""
        step = Step(place.block, place.transaction, place.timestamp, transaction.origin, tuple(calls), succeeded=False)
        self.steps.append(step)
        for call in calls:
            outcome = "reverted" if reason else "mismatch"
            self.calls.append(_row(kuma, place, call, outcome, reason, transaction))

    def _call(self, kuma: Kuma, place: Place, done: Done, transaction: Transaction | None) -> None:
        call = done.call
        outcome = "mismatch" if not done.is_exact else "silent" if done.last_log < 0 else "exact"
        self.calls.append(_row(kuma, place, call, outcome, "", transaction))
        risk_category = kuma.by_contract.get(call.contract)
        if risk_category is None:
            return
        category = kuma.categories[risk_category]
        if call.function in OF_BONDS:
            boundary = previous_epoch(category.kibt, place.timestamp)
            length = category.kibt.epoch_length
            self.happenings.append(Happening(place, risk_category, call, done.result, boundary, length))
        if isinstance(done.result, EpochLengths):
            self.epochs.append(EpochChange(place, risk_category, *done.result, done.first_log == done.last_log))
        for change in done.moves:
            at = place._replace(log_index=done.first_log + change.logs_before)
            kind = _kind(call, change, category)
            bases = sum(category.kibt.base_balances.values()) if change.is_self else 0
            self.moves.append(Move(at, risk_category, kind, change, category.kibt.previous, bases))
        if category.kibt.epoch_length:
            self.states.append(_state(place, category))


def _state(place: Place, category: Category) -> TokenState:
    token, swap = category.kibt, category.swap
    price = updated_previous(token, place.timestamp)
    return TokenState(
        place,
        category.risk_category,
        token.yield_,
        token.previous,
        token.cumulative,
        token.epoch_length,
        previous_epoch(token, place.timestamp),
        swap.min_coupon,
        ray_to_wad(ray_mul(token.total_base_supply, price)),
        sum(ray_to_wad(ray_mul(swap.base_values.get(bond, 0), price)) for bond in swap.bond_reserve),
        bool(swap.expired_bonds),
        swap.is_paused,
    )


def _kind(call: Call, change: BaseChange, category: Category) -> str:
    """Why a base changed: sale, fee, purchase, redemption, released, self_transfer, sent or received."""
    if change.is_self:
        return "self_transfer"
    if call.function == "sell_bond":
        return "fee" if change.account == category.collector.address else "sale"
    if call.function == "buy_bond":
        return "purchase"
    if call.function == "redeem_kibt":
        return "redemption"
    if call.contract == category.collector.address:
        return "released"
    return "sent" if change.after < change.before else "received"


def _row(kuma: Kuma, place: Place, call: Call, outcome: str, reason: str, transaction: Transaction | None) -> CallRow:
    first = call.arguments[0] if call.arguments else None
    has_bond = call.function in OF_BONDS | {"claim_bond"} and call.function not in {"initialize", "set_epoch_length"}
    return CallRow(
        place,
        kuma.by_contract.get(call.contract, ""),
        call.contract,
        call.function,
        call.sender or (transaction.origin if transaction is not None else ""),
        first if has_bond and isinstance(first, int) else None,
        outcome,
        reason,
        transaction.gas_used if transaction is not None else None,
        transaction.effective_gas_price if transaction is not None else None,
    )


def block_of(record: Any) -> int:
    """The block that a record is of; of a stretch of stale yield the one that ended it."""
    if isinstance(record, Step):
        return record.block
    if isinstance(record, StaleYield):
        assert record.until is not None
        return record.until.block
    block: int = record.place.block
    return block


KEPT = Records(
    Step,
    Call,
    Place,
    CallRow,
    TokenState,
    Move,
    BaseChange,
    EpochChange,
    EpochLengths,
    Happening,
    Purchase,
    Sale,
    Bond,
    CloneBond,
    StaleYield,
)
"""What results are made of, and a later run needs to go on."""
