"""One transaction explained: every term of a purchase, a sale, a refresh, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.audit.finish import history_of
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of, previous_epoch, total_supply, updated_previous
from keep3r_replay.protocols.kuma.contract.kuma_swap import Purchase, Sale
from keep3r_replay.protocols.kuma.replay.transaction import attempt
from keep3r_replay.replay.places import transaction_at
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.rooms import Explanation, Term
from keep3r_replay.replay.roots import replay_root

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.kuma.contract.state import Kuma
    from keep3r_replay.protocols.kuma.replay.calls import Call
    from keep3r_replay.protocols.kuma.what_if.history import Step
    from keep3r_replay.replay.protocol import Protocol

_TITLES = {
    "sell_bond": "BondSold",
    "buy_bond": "BondBought",
    "buy_bond_for_stable_coin": "BondBought",
    "expire_bond": "BondExpired",
    "claim_bond": "BondClaimed",
    "transfer": "Transfer",
    "transfer_from": "Transfer",
    "refresh_yield": "refreshYield",
    "set_epoch_length": "EpochLengthSet",
    "release": "FeeReleased",
    "redeem_kibt": "KIBTRedeemed",
    "transmit": "AnswerTransmitted",
}


def explain(lake: Lake, protocol: Protocol, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
    """Every call of a transaction with its terms; the transaction is named by its hash, or by one of its logs.

    Raises:
        UsageError: there is no such transaction, or it called nothing of the deployment.
    """
    block, index = transaction_at(lake, place)
    replay: Any = replay_root(lake, protocol, root, block, None, Options(readings=False)).replay
    history = history_of(replay, lake, block)
    position = next(
        (at for at, step in enumerate(history.steps) if (step.block, step.transaction) == (block, index)), None
    )
    if position is None:
        raise UsageError(f"transaction {index} of block {block} called nothing that is replayed")
    kuma = history.states_before([position])[position]
    logs = [row.place.log_index for row in replay.recorder.calls if row.place[:2] == (block, index)]
    return _explained(kuma, history.steps[position], logs)


def _explained(kuma: Kuma, step: Step, logs: list[int]) -> list[Explanation]:
    kuma.now = step.timestamp
    found = []
    for number, call in enumerate(step.calls):
        before = kuma.copy()
        reason, results, kuma = attempt(kuma, [call])
        kuma.now = step.timestamp
        terms = [Term("call", "function", call.function, "the transaction")]
        terms += [Term("call", f"argument {at}", each, "the transaction") for at, each in enumerate(call.arguments)]
        if reason:
            terms.append(Term("call", "reverts", reason, "the contract's checks, in order"))
        else:
            terms += _terms(before, kuma, call, results[0])
        last = logs[number] if number < len(logs) else -1
        subjects = {"category": _category_name(before, call), "account": call.sender or step.sender}
        found.append(Explanation(_TITLES.get(call.function, call.function), step.block, last, subjects, terms))
    return found


def _category_name(kuma: Kuma, call: Call) -> str:
    return kuma.category_of(call.contract).name if call.contract in kuma.by_contract else ""


def _terms(before: Kuma, after: Kuma, call: Call, result: object) -> list[Term]:
    if call.contract not in before.by_contract:
        return []
    terms = []
    if isinstance(result, Sale):
        terms += _sale(before, after, call, result)
    elif isinstance(result, Purchase):
        terms += _purchase(before, after, call, result)
    return terms + _refresh(before, after, call)


def _face(kuma: Kuma, call: Call, bond_id: int, value: int) -> list[Term]:
    bond, token = kuma.bonds[bond_id], kuma.category_of(call.contract).kibt
    boundary = previous_epoch(token, kuma.now)
    seconds = min(max(boundary - bond.issuance, 0), bond.term)
    return [
        Term("face value", "principal", bond.principal, "BondIssued"),
        Term("face value", "coupon", bond.coupon, "BondIssued"),
        Term("face value", "start of the epoch", boundary, "the block's time, less its rest by the epoch's length"),
        Term("face value", "seconds", seconds, "from issuance to the start of the epoch, at most the bond's term"),
        Term("face value", "face value", value, "ray_mul(ray_pow(coupon, seconds), principal)"),
    ]


def _sale(before: Kuma, after: Kuma, call: Call, sale: Sale) -> list[Term]:
    bond_id = call.arguments[0]
    assert isinstance(bond_id, int)
    category = before.category_of(call.contract)
    price, swap = updated_previous(category.kibt, before.now), category.swap
    base = after.category_of(call.contract).swap.base_values[bond_id]
    return [
        *_face(before, call, bond_id, sale.value),
        Term("base value", "cumulative yield of the epoch", price, "the token, before its refresh"),
        Term("base value", "base value", base, "ray_div(wad_to_ray(face value), cumulative yield)"),
        Term("fee", "variable", swap.variable_fee, "FeeSet, basis points"),
        Term("fee", "fixed", swap.fixed_fee, "FeeSet, wei"),
        Term("fee", "fee", sale.fee, "percent_mul(face value, variable) + fixed"),
        Term("minted", "to the seller", sale.minted, "face value - fee"),
    ]


def _purchase(before: Kuma, after: Kuma, call: Call, bought: Purchase) -> list[Term]:
    bond_id = call.arguments[0]
    assert isinstance(bond_id, int)
    category = before.category_of(call.contract)
    token, swap = category.kibt, category.swap
    price = updated_previous(token, before.now)
    terms = [
        *_face(before, call, bond_id, bought.face),
        Term("price", "base value", swap.base_values[bond_id], "the sale"),
        Term("price", "cumulative yield of the epoch", price, "the token, before its refresh"),
        Term("price", "realized", bought.realized, "ray_to_wad(ray_mul(base value, cumulative yield))"),
        Term("price", "balance before", balance_of(token, call.sender, before.now), "the buyer's KIBT"),
        Term("clone", "face value less price", bought.face - bought.realized, "a clone where this is above 0"),
    ]
    if bought.clone_id:
        clone = after.clones[bought.clone_id]
        terms += [
            Term("clone", "number", bought.clone_id, "the next of the clone token"),
            Term("clone", "issuance", clone.issuance, "start of the epoch"),
            Term("clone", "coupon", clone.coupon, "the yield before the refresh"),
            Term("clone", "principal", clone.principal, "the price"),
        ]
    new = after.category_of(call.contract).swap.min_coupon
    return [
        *terms,
        Term("smallest coupon", "before", swap.min_coupon, "the swap"),
        Term("smallest coupon", "after", new, "the coupons that are left"),
    ]


def _refresh(before: Kuma, after: Kuma, call: Call) -> list[Term]:
    """What became of the token."""
    old, new = before.category_of(call.contract), after.category_of(call.contract)
    was, now = old.kibt, new.kibt
    if not was.epoch_length:
        return []
    is_stopped = new.swap.expired_bonds or new.swap.is_deprecated
    why = "zero percent: a bond is expired or the swap deprecated" if is_stopped else "min(rate, smallest coupon)"
    boundary, since = f"{was.previous} -> {now.previous}", f"{was.cumulative} -> {now.cumulative}"
    return [
        Term("refresh", "last refresh", was.last_refresh, "the token"),
        Term("refresh", "seconds since", after.now - was.last_refresh, "the block's time"),
        Term("refresh", "yield before", was.yield_, "the token"),
        Term("refresh", "epoch's cumulative yield", boundary, "ray_mul(ray_pow(yield, to the boundary), C)"),
        Term("refresh", "cumulative yield", since, "ray_mul(ray_pow(yield, seconds), C)"),
        Term("refresh", "yield after", now.yield_, why),
        Term("refresh", "supply after", total_supply(now, after.now), "total base times the epoch's cumulative yield"),
    ]
