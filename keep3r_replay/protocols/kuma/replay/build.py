"""The model of a deployment before its first event, from what the lake says of its contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import InputError
from keep3r_replay.protocols.kuma.contract.state import (
    ZERO_ADDRESS,
    Aggregator,
    Category,
    FeeCollector,
    KIBToken,
    Kuma,
    KUMASwap,
    Nft,
    StableCoin,
)
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.protocols.kuma.naming import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.lake.deployment import Contract, Deployment

_OF_CATEGORY = ("kib_token", "kuma_swap", "fee_collector")


def build(deployment: Deployment, root: Contract, source: str) -> Kuma:
    """The model, its contracts named and nothing in them.

    Raises:
        InputError: the version has no model, or the deployment lacks a contract of a category or a fact of it.
    """
    if root.version not in RULES:
        raise InputError(
            source, f"no model of KUMA {root.version}", remedy=f"this version replays {' and '.join(RULES)}"
        )
    one = {contract.role: contract.address for contract in deployment.contracts}
    kuma = Kuma(
        RULES[root.version],
        one.get("address_provider", ZERO_ADDRESS),
        one.get("access_controller", ZERO_ADDRESS),
        one.get("mcag_access_controller", ZERO_ADDRESS),
        one.get("blacklist", ZERO_ADDRESS),
        one.get("rate_feed", ZERO_ADDRESS),
        Nft(root.address),
        Nft(one.get("kbc_token", ZERO_ADDRESS)),
    )
    for contract in deployment.contracts:
        if contract.role == "mcag_aggregator":
            kuma.aggregators[contract.address] = Aggregator(contract.address, int(contract.facts.get("decimals", 27)))
        elif contract.role == "stable_coin":
            kuma.stable_coins[contract.address] = StableCoin(contract.address)
    try:
        for category in _categories(deployment):
            kuma.categories[category.risk_category] = category
            for contract_of in (category.kibt, category.swap, category.collector):
                kuma.by_contract[contract_of.address] = category.risk_category
        known = list(kuma.categories.values())
        for category, name in zip(
            known, names_of([(each.currency, each.country, each.term) for each in known]), strict=True
        ):
            category.name = name
    except KeyError as error:
        raise InputError(source, f"the deployment does not tell {error}", remedy="import or extract it again") from None
    return kuma


def _categories(deployment: Deployment) -> Iterator[Category]:
    """Categories in the order of their tokens' addresses. Raises KeyError for a fact that is missing."""
    of_category: dict[str, dict[str, Contract]] = {}
    for contract in deployment.contracts:
        if contract.role in _OF_CATEGORY:
            of_category.setdefault(contract.facts["risk_category"], {})[contract.role] = contract
    for risk_category, contracts in of_category.items():
        token = contracts["kib_token"]
        # A category's token is deployed before its swap: a lake may end in between.
        swap, collector = (
            contracts[role].address if role in contracts else ZERO_ADDRESS for role in ("kuma_swap", "fee_collector")
        )
        initial = deployment.initial_state.get(swap, {})
        yield Category(
            risk_category,
            token.facts["currency"],
            token.facts["country"],
            (token.facts["currency_word"], token.facts["country_word"]),
            int(token.facts["term"]),
            KIBToken(token.address),
            KUMASwap(
                swap,
                variable_fee=int(initial.get("getVariableFee", "0")),
                fixed_fee=int(initial.get("getFixedFee", "0")),
            ),
            FeeCollector(collector),
        )
