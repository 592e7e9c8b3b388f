"""The whole state of a deployment as plain values for JSON, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.kuma.contract.state import (
    Aggregator,
    Bond,
    Category,
    CloneBond,
    FeeCollector,
    KIBToken,
    KUMASwap,
    Nft,
    StableCoin,
)

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Kuma


def dump(kuma: Kuma) -> dict[str, Any]:
    """The state; numbers that may exceed 53 bits are text. Nothing of a transaction under way is in it."""
    texts = {
        "uris": dict(sorted(kuma.uris.items())),
        "tnc_urls": {str(number): url for number, url in kuma.tnc_urls.items()},
    }
    return {name: each for name, each in texts.items() if each} | {
        "categories": {name: _dump_category(each) for name, each in kuma.categories.items()},
        "aggregators": {name: _slots(each) for name, each in kuma.aggregators.items()},
        "stable_coins": {name: _slots(each) for name, each in kuma.stable_coins.items()},
        "bond_token": _slots(kuma.bond_token),
        "kbc_token": _slots(kuma.kbc_token),
        "bonds": {str(number): _texts(bond) for number, bond in kuma.bonds.items()},
        "clones": {str(number): _texts(clone) for number, clone in kuma.clones.items()},
        "roles": {"|".join(key): sorted(accounts) for key, accounts in sorted(kuma.roles.items()) if accounts},
        "blacklisted": sorted(kuma.blacklisted),
        "bond_token_paused": kuma.bond_token_paused,
        "staleness_threshold": str(kuma.staleness_threshold),
    }


def _dump_category(category: Category) -> dict[str, Any]:
    return {
        "aggregator": category.aggregator,
        "kibt": _slots(category.kibt),
        "swap": _slots(category.swap),
        "collector": _slots(category.collector),
    }


def _slots(storage: Any) -> dict[str, Any]:
    return {name: _plain(getattr(storage, name)) for name in storage.__slots__}


def _plain(value: object) -> Any:
    if isinstance(value, dict):
        return {_key(key): _plain(each) for key, each in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _key(key: object) -> str:
    return "|".join(key) if isinstance(key, tuple) else str(key)


def _texts(values: tuple[object, ...]) -> list[Any]:
    return [_texts(each) if isinstance(each, tuple) else _plain(each) for each in values]


# AND BACK


def load(kuma: Kuma, state: dict[str, Any]) -> None:
    """Put a model, built from the same deployment, where `dump` left another."""
    for name, dumped in state["categories"].items():
        category = kuma.categories[name]
        category.aggregator = dumped["aggregator"]
        category.kibt = _token(dumped["kibt"])
        category.swap = _swap(dumped["swap"])
        shares = {payee: int(share) for payee, share in dumped["collector"]["shares"].items()}
        category.collector = FeeCollector(dumped["collector"]["address"], dumped["collector"]["payees"], shares)
    kuma.aggregators = {name: Aggregator(name, **_numbers(each)) for name, each in state["aggregators"].items()}
    kuma.stable_coins = {
        name: StableCoin(name, _numbers(each["balances"]), _pairs(each["allowances"]), each["is_followed"])
        for name, each in state["stable_coins"].items()
    }
    kuma.bond_token, kuma.kbc_token = _nft(state["bond_token"]), _nft(state["kbc_token"])
    kuma.bonds = {int(number): _bond(values) for number, values in state["bonds"].items()}
    kuma.clones = {int(number): CloneBond(*map(int, values)) for number, values in state["clones"].items()}
    kuma.roles = {_pair(key): frozenset(accounts) for key, accounts in state["roles"].items()}
    kuma.blacklisted = frozenset(state["blacklisted"])
    kuma.bond_token_paused = state["bond_token_paused"]
    kuma.staleness_threshold = int(state["staleness_threshold"])
    kuma.uris = dict(state.get("uris", {}))
    kuma.tnc_urls = {int(number): url for number, url in state.get("tnc_urls", {}).items()}


def _token(state: dict[str, Any]) -> KIBToken:
    plain = {name: int(value) for name, value in state.items() if isinstance(value, str) and name != "address"}
    return KIBToken(
        state["address"],
        **plain,
        base_balances=_numbers(state["base_balances"]),
        allowances=_pairs(state["allowances"]),
    )


def _swap(state: dict[str, Any]) -> KUMASwap:
    texts = {"address", "stable_coin"}
    names = [name for name, value in state.items() if isinstance(value, str) and name not in texts]
    plain: dict[str, Any] = {name: int(state[name]) for name in names}
    listed = ("coupons", "bond_reserve", "expired_bonds")
    lists: dict[str, Any] = {name: [int(each) for each in state[name]] for name in listed}
    maps: dict[str, Any] = {
        name: {int(key): int(each) for key, each in state[name].items()}
        for name in ("coupon_inventory", "clone_bonds", "base_values")
    }
    flags: dict[str, Any] = {name: state[name] for name in ("is_paused", "is_deprecated")}
    return KUMASwap(state["address"], stable_coin=state["stable_coin"], **plain, **lists, **maps, **flags)


def _nft(state: dict[str, Any]) -> Nft:
    return Nft(
        state["address"],
        int(state["counter"]),
        {int(number): owner for number, owner in state["owners"].items()},
        {_pair(key): approved for key, approved in state["operators"].items()},
        {int(number): account for number, account in state["approvals"].items()},
    )


def _bond(values: list[Any]) -> Bond:
    *numbers, category, declared = values
    coupon, principal, issuance, maturity, term = map(int, numbers)
    return Bond(coupon, principal, issuance, maturity, term, category, tuple(map(_declared, declared)))


def _declared(value: str) -> object:
    return value if value.startswith("0x") else int(value)


def _numbers(values: dict[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in values.items() if name != "address"}


def _pairs(values: dict[str, str]) -> dict[tuple[str, str], int]:
    return {_pair(key): int(value) for key, value in values.items()}


def _pair(key: str) -> tuple[str, str]:
    first, _, second = key.partition("|")
    return first, second
