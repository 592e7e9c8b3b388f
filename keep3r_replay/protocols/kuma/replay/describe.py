"""What a person asks of a deployment's state: a category, a bond, an account, or an overview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.kuma.contract.kib_token import balance_of, previous_epoch, total_supply, updated_previous
from keep3r_replay.protocols.kuma.contract.kuma_swap import bond_value, realized_value
from keep3r_replay.protocols.kuma.contract.rate_feed import get_rate
from keep3r_replay.protocols.kuma.naming import find_category
from keep3r_replay.replay.names import AT_BLOCK, known_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma


_ADDRESS = len("0x") + 40


def describe(kuma: Kuma, named: Mapping[str, str]) -> dict[str, Any]:
    """What is asked for; an overview if nothing is named. Raises `UsageError` for an unknown kind or subject."""
    if not named:
        return {
            "categories": {each.name: _category(kuma, each) for each in kuma.categories.values()},
            "bonds": kuma.bond_token.counter,
            "clones": kuma.kbc_token.counter,
        }
    kinds: dict[str, Callable[[Kuma, str], dict[str, Any]]] = {
        "category": lambda model, name: _category(model, find_category(model.categories, name)),
        "bond": _bond,
        "account": _account,
    }
    unknown = [kind for kind in named if kind not in kinds]
    if unknown:
        raise UsageError(f"KUMA has no {unknown[0]!r} to describe; it has {', '.join(kinds)}")
    return {kind: kinds[kind](kuma, subject) for kind, subject in named.items()}


def _category(kuma: Kuma, category: Category) -> dict[str, Any]:
    token, swap = category.kibt, category.swap
    found: dict[str, Any] = {
        "currency": category.currency,
        "country": category.country,
        "term": category.term,
        "token": token.address,
        "swap": swap.address,
        "yield": str(token.yield_),
        "last_refresh": token.last_refresh,
        "epoch_length": token.epoch_length,
        "min_coupon": str(swap.min_coupon),
        "reserve": list(swap.bond_reserve),
        "expired": list(swap.expired_bonds),
        "paused": swap.is_paused,
        "deprecated": swap.is_deprecated,
        "holders": sum(base > 0 for base in token.base_balances.values()),
    }
    if token.epoch_length:
        found |= {
            "cumulative_yield": str(updated_previous(token, kuma.now)),
            "total_supply": str(total_supply(token, kuma.now)),
            "epoch_began": previous_epoch(token, kuma.now),
        }
    try:
        found["rate"] = str(get_rate(kuma, category))
    except Revert as error:
        found["rate"] = error.name
    return found


def _bond(kuma: Kuma, name: str) -> dict[str, Any]:
    bond = kuma.bonds.get(int(name)) if name.isdigit() else None
    if bond is None:
        raise UsageError(f"no bond {name[:40]!r}; bonds are numbered from 1 to {kuma.bond_token.counter}")
    number, category = int(name), kuma.categories.get(bond.risk_category)
    found: dict[str, Any] = {
        "coupon": str(bond.coupon),
        "principal": str(bond.principal),
        "issuance": bond.issuance,
        "maturity": bond.maturity,
        "term": bond.term,
        "owner": kuma.bond_token.owners.get(number, ""),
    }
    if category is not None and number in category.swap.bond_reserve:
        base = category.swap.base_values[number]
        found |= {
            "category": category.name,
            "expired": number in category.swap.expired_bonds,
            "face_value": str(bond_value(category.kibt, bond, kuma.now)),
            "price": str(realized_value(category.kibt, base, kuma.now)),
        }
    return found


def _account(kuma: Kuma, name: str) -> dict[str, Any]:
    """What an account holds of every token, by its address or the beginning of it; a whole one may hold nothing."""
    address = name.lower()
    if len(address) != _ADDRESS:
        holders = {each for category in kuma.categories.values() for each in category.kibt.base_balances}
        address = known_name("account", address, holders, "account", AT_BLOCK)
    return {
        category.name: {
            "balance": str(balance_of(category.kibt, address, kuma.now)),
            "base": str(category.kibt.base_balances.get(address, 0)),
        }
        for category in kuma.categories.values()
        if category.kibt.epoch_length
    }
