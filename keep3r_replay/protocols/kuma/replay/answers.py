"""The model's counterparts of readings, by contract and view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from keep3r_replay.protocols.kuma.contract import views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.kuma.contract.state import Kuma


class Model(Protocol):
    """What holds the model as it stands: a reverted transaction leaves another object."""

    kuma: Kuma


def answer(model: Model, contract: str, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    """The model's counterpart of a view or storage word, which may raise `Revert`; None where there is none."""
    kuma = model.kuma
    if not contract:
        return (lambda: model.kuma.now) if name == "block.timestamp" else None
    if contract in kuma.by_contract:
        return _of_category(model, contract, name, arguments)
    if contract in kuma.stable_coins and name == "balanceOf":
        return lambda: views.stable_balance(model.kuma, contract, arguments[0])
    shared = {
        kuma.bond_token.address: views.BOND_TOKEN_VIEWS,
        kuma.kbc_token.address: views.KBC_TOKEN_VIEWS,
        kuma.rate_feed: views.RATE_FEED_VIEWS,
    }
    view = shared.get(contract, {}).get(name)
    given = _given(arguments)
    return None if view is None else lambda: view(model.kuma, given)


def _given(arguments: Sequence[str]) -> Sequence[int | str]:
    """Arguments as views take them."""
    return [int(each) if each.isdecimal() else each for each in arguments]


def _of_category(model: Model, contract: str, name: str, arguments: Sequence[str]) -> Callable[[], object] | None:
    kuma = model.kuma
    risk_category = kuma.by_contract[contract]
    category = kuma.categories[risk_category]
    names = views.KIB_TOKEN_VIEWS if contract == category.kibt.address else views.SWAP_VIEWS
    view = names.get(name)
    if view is None or contract == category.collector.address:
        return None

    given = _given(arguments)

    def reading() -> object:
        now = model.kuma
        return view(now, now.categories[risk_category], given)

    return reading
