"""A call of a contract function as a value, and the functions by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.kuma.contract import (
    access,
    deprecation,
    fee_collector,
    kib_token,
    kuma_swap,
    nfts,
    rate_feed,
    stable_coin,
    terms,
)
from keep3r_replay.protocols.kuma.contract.state import Kuma, Nft


class Call(NamedTuple):
    """A function of a contract, with its caller (empty where logs do not tell it) and its arguments.

    `is_malformed` says that a word of its input is none of its argument's type: the contract refuses it unread.
    """

    function: str
    contract: str
    sender: str
    arguments: tuple[object, ...] = ()
    is_malformed: bool = False


class Inferred(NamedTuple):
    """Events `start` to `end` (half open) of a transaction and their call; None where nothing explains them.

    `told` says that the event is an input of the replay, and nothing is predicted of it.
    """

    call: Call | None
    start: int
    end: int
    told: bool = False


_Function = Callable[..., object]
_Run = Callable[[Kuma, Call], object]


def _of_category(function: _Function) -> _Run:
    """A function of a category's contract that does not ask who calls."""
    return lambda kuma, call: function(kuma, kuma.category_of(call.contract), *call.arguments)


def _of_category_by(function: _Function) -> _Run:
    """A function of a category's contract with its caller."""
    return lambda kuma, call: function(kuma, kuma.category_of(call.contract), call.sender, *call.arguments)


def _of_nft(function: _Function) -> _Run:
    return lambda kuma, call: function(kuma, _nft(kuma, call.contract), call.sender, *call.arguments)


def _nft(kuma: Kuma, contract: str) -> Nft:
    return kuma.bond_token if contract == kuma.bond_token.address else kuma.kbc_token


def _of_contract(function: _Function) -> _Run:
    """A function of a contract that is named by its address, with its caller."""
    return lambda kuma, call: function(kuma, call.contract, call.sender, *call.arguments)


def _shared(function: _Function) -> _Run:
    """A function of a contract of which there is one, with its caller."""
    return lambda kuma, call: function(kuma, call.sender, *call.arguments)


def _approval_for_all(kuma: Kuma, call: Call) -> None:
    operator, approved = call.arguments
    nfts.set_approval_for_all(kuma, _nft(kuma, call.contract), call.sender, str(operator), approved=bool(approved))


def _refresh_category_of(kuma: Kuma, call: Call) -> None:
    """`refreshYield` of every token whose rate an aggregator tells, where nothing reverts it."""
    for category in kuma.categories.values():
        if category.aggregator == call.contract and category.kibt.epoch_length:
            kib_token.refresh_yield(kuma, category)


def _role_told(kuma: Kuma, call: Call) -> None:
    """A role that an event tells of, whoever granted it."""
    role, account = map(str, call.arguments)
    key = (call.contract, role)
    kuma.roles[key] = kuma.roles.get(key, frozenset()) | {account}


def _coin(function: _Function) -> _Run:
    return lambda kuma, call: function(kuma, call.contract, *call.arguments)


FUNCTIONS: dict[str, _Run] = {
    "initialize": _of_category(kib_token.initialize),
    "refresh_yield": _of_category(kib_token.refresh_yield),
    "set_epoch_length": _of_category_by(kib_token.set_epoch_length),
    "set_min_epoch_length": _of_category_by(kib_token.set_min_epoch_length),
    "transfer": _of_category_by(kib_token.transfer),
    "transfer_from": _of_category_by(kib_token.transfer_from),
    "approve": _of_category_by(kib_token.approve),
    "increase_allowance": _of_category_by(kib_token.increase_allowance),
    "decrease_allowance": _of_category_by(kib_token.decrease_allowance),
    "sell_bond": _of_category_by(kuma_swap.sell_bond),
    "buy_bond": _of_category_by(kuma_swap.buy_bond),
    "expire_bond": _of_category(kuma_swap.expire_bond),
    "claim_bond": _of_category_by(kuma_swap.claim_bond),
    "set_fees": _of_category_by(kuma_swap.set_fees),
    "pause": _of_category_by(kuma_swap.pause),
    "unpause": _of_category_by(kuma_swap.unpause),
    "initialize_deprecation_mode": _of_category_by(deprecation.initialize_deprecation_mode),
    "uninitialize_deprecation_mode": _of_category_by(deprecation.uninitialize_deprecation_mode),
    "enable_deprecation_mode": _of_category_by(deprecation.enable_deprecation_mode),
    "buy_bond_for_stable_coin": _of_category_by(deprecation.buy_bond_for_stable_coin),
    "redeem_kibt": _of_category_by(deprecation.redeem_kibt),
    "set_deprecation_stable_coin": _of_category_by(deprecation.set_deprecation_stable_coin),
    "release": _of_category(fee_collector.release),
    "add_payee": _of_category_by(fee_collector.add_payee),
    "remove_payee": _of_category_by(fee_collector.remove_payee),
    "update_payee_share": _of_category_by(fee_collector.update_payee_share),
    "change_payees": _of_category_by(fee_collector.change_payees),
    "transmit": _of_contract(rate_feed.transmit),
    "set_max_answer": _of_contract(rate_feed.set_max_answer),
    "set_oracle": _shared(rate_feed.set_oracle),
    "set_staleness_threshold": _shared(rate_feed.set_staleness_threshold),
    "issue_bond": _shared(nfts.issue_bond),
    "redeem": _shared(nfts.redeem),
    "pause_bond_token": _shared(nfts.pause_bond_token),
    "unpause_bond_token": _shared(nfts.unpause_bond_token),
    "blacklist": _shared(nfts.blacklist),
    "un_blacklist": _shared(nfts.un_blacklist),
    "set_uri": _of_nft(terms.set_uri),
    "add_tnc": _shared(terms.add_tnc),
    "update_tnc_url": _shared(terms.update_tnc_url),
    "update_tnc_for_token": _shared(terms.update_tnc_for_token),
    "nft_transfer_from": _of_nft(nfts.transfer_from),
    "nft_approve": _of_nft(nfts.approve),
    "set_approval_for_all": _approval_for_all,
    "grant_role": _of_contract(access.grant_role),
    "revoke_role": _of_contract(access.revoke_role),
    "renounce_role": _of_contract(access.renounce_role),
    "refresh_category_of": _refresh_category_of,
    "role_told": _role_told,
    "coin_mint": _coin(stable_coin.mint),
    "coin_approve": _coin(stable_coin.approve),
    "coin_transfer": _coin(stable_coin.transfer),
    "coin_transfer_from": _coin(stable_coin.transfer_from),
}
"""What runs a call, by the function's name."""


def run_call(kuma: Kuma, call: Call) -> object:
    """Run a call on the model; its logs go to `kuma.emitted`. Raises `Revert` as the contract would."""
    if call.is_malformed:
        raise Revert("empty")
    return FUNCTIONS[call.function](kuma, call)
