"""Following a deployment of KUMA: the address provider's views at first, then the logs that name categories.

A swap leads to the address provider, that to the NFTs, the rate feed and the access controller; its events, and the
rate feed's, name each category's token, swap, collector and aggregator, whenever it is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.views import NOBODY, View, read_view
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.protocols.kuma.extract.expected import configured_contracts
from keep3r_replay.protocols.kuma.extract.settings import checked_settings
from keep3r_replay.protocols.kuma.extract.views import questions_at
from keep3r_replay.protocols.kuma.recording.meta import VERSIONED, risk_category

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.views import Question
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.contact import Configured
    from keep3r_replay.replay.rooms import Proof

_OF_PROVIDER = {
    "getKUMABondToken": "kuma_bond_token",
    "getKBCToken": "kbc_token",
    "getRateFeed": "rate_feed",
    "accessController": "access_controller",
}
_OF_BOND_TOKEN = {"accessController": "mcag_access_controller", "blacklist": "blacklist"}
_CATEGORIES = {
    "events/address_provider.KIBTokenSet": ("kib_token", "kib_token"),
    "events/address_provider.KUMASwapSet": ("kuma_swap", "kuma_swap"),
    "events/address_provider.KUMAFeeCollectorSet": ("collector", "fee_collector"),
    "events/rate_feed.OracleSet": ("oracle", "mcag_aggregator"),
}
"""Event tables that name a contract of a category: the column, and the role of what it names."""
_SHARED = {
    "events/address_provider.KUMABondTokenSet": ("kuma_bond_token", "kuma_bond_token"),
    "events/address_provider.KBCTokenSet": ("kbc_token", "kbc_token"),
    "events/address_provider.RateFeedSet": ("rate_feed", "rate_feed"),
}


_STABLE_COINS = "events/kuma_swap.DeprecationStableCoinSet", "new_deprecation_stable_coin"
"""The event table that names stablecoins, and its column."""


class KumaExtractor:
    """Asks contracts whom they lead to, and reads categories from logs. See `replay.rooms.Extractor`.

    Raises:
        UsageError: the settings make no sense.
    """

    def __init__(self, client: NodeClient, settings: Mapping[str, Any]) -> None:
        self._client = client
        self._deployment = checked_settings(settings)
        self._facts: dict[str, dict[str, Any]] = {}

    @property
    def roots(self) -> Sequence[tuple[str, str]]:
        """The address provider, where it is configured."""
        provider = self._deployment.address_provider
        return (("address_provider", provider),) if provider else ()

    @property
    def configured(self) -> Sequence[Configured]:
        """What the configuration names; see `extract.expected`."""
        return configured_contracts(self._deployment)

    @property
    def codes(self) -> Mapping[str, str]:
        """No code is on record."""
        return {}

    def start(self, block: int, created_in: Callable[[str], int]) -> list[tuple[str, str]]:
        """The address provider and whom it leads to; what the configuration names beside."""
        del created_in
        deployment = self._deployment
        provider = deployment.address_provider or self._one(block, deployment.swaps[0], "getKUMAAddressProvider")
        named = [(role, address) for role, each in sorted(deployment.companions.items()) for address in each]
        if provider is None:
            return named
        named.insert(0, ("address_provider", provider))
        for view, role in _OF_PROVIDER.items():
            named.append((role, self._one(block, provider, view) or NOBODY))
        bond_token = dict(named).get("kuma_bond_token", NOBODY)
        if bond_token != NOBODY:
            named += [(role, self._one(block, bond_token, view) or NOBODY) for view, role in _OF_BOND_TOKEN.items()]
        return [(role, address) for role, address in named if address != NOBODY]

    def named_in(self, tables: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Role and address of every contract that decoded events name; what they tell of its category is kept."""
        named: dict[tuple[str, str], None] = {}
        for table, (column, role) in _SHARED.items():
            if table in tables:
                named |= {(role, address): None for address in tables[table].column(column).to_pylist()}
        for table, (column, role) in _CATEGORIES.items():
            if table in tables:
                for address, facts in _categories(tables[table], column):
                    self._facts[address] = facts
                    named[role, address] = None
        table, column = _STABLE_COINS
        if self._deployment.follow_stable_coins and table in tables:
            named |= {("stable_coin", address): None for address in tables[table].column(column).to_pylist()}
        return [(role, address) for role, address in named if address != NOBODY]

    def describe(self, role: str, address: str, block: int) -> tuple[Contract | None, list[tuple[str, str]]]:
        """A contract's version and its category's facts; None for one of a category that no event has named yet."""
        version = self._deployment.version if role in VERSIONED else ""
        facts = dict(self._facts.get(address, {}))
        if role in {"kib_token", "kuma_swap", "fee_collector", "mcag_aggregator"} and not facts:
            return None, []
        if role == "mcag_aggregator":
            decimals = self._one(block, address, "decimals", "uint8")
            facts |= {} if decimals is None else {"decimals": decimals}
        return Contract(role, address, version, facts), []

    def initial_state(self, contract: Contract, block: int) -> dict[str, str]:
        """A swap's fees at its beginning, which no event holds."""
        if contract.role != "kuma_swap":
            return {}
        fees = {name: self._one(block, contract.address, name, "uint256") for name in ("getVariableFee", "getFixedFee")}
        return {name: str(value) for name, value in fees.items() if value is not None}

    def began_with(self, contract: Contract, parameters: Mapping[str, str]) -> list[tuple[str, str]]:  # noqa: ARG002 - none at all
        """Nobody: events and present state name all."""
        return []

    def tokens(
        self, contracts: Mapping[str, Contract], initial_state: Mapping[str, Mapping[str, str]]
    ) -> dict[str, str]:
        """The stablecoin, where the configuration names one."""
        del initial_state
        coins = sorted(each.address for each in contracts.values() if each.role == "stable_coin")
        return {"stable_coin": coins[0]} if coins else {}

    def transactions_to(self, contracts: Mapping[str, Contract]) -> Sequence[str]:
        """Every contract, if that is wanted: failed calls and refreshes that change nothing leave no logs."""
        return sorted(contracts) if self._deployment.follow_calls else ()

    def proofs(self, contracts: Mapping[str, Contract], block: int) -> Sequence[Proof]:  # noqa: ARG002 - none at all
        """None: no view tells of a single log for certain."""
        return ()

    def views(self, lake: Lake, block: int) -> Sequence[Question]:
        """Every view of every contract, for every subject that events have named up to the block."""
        return questions_at(lake, block)

    def _one(self, block: int, contract: str, name: str, returns: str = "address") -> Any:
        answer = read_view(self._client, contract, View(name, (), (returns,)), (), block)
        if not answer.values:
            return None
        value = answer.values[0]
        return value.lower() if isinstance(value, str) else value


def _categories(table: Any, column: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Addresses that an event names, each with what the event says of its category."""
    place = "issuer" if "issuer" in table.column_names else "country"
    for address, currency, country, term in zip(
        *(table.column(name).to_pylist() for name in (column, "currency", place, "term")), strict=True
    ):
        words = "0x" + currency.hex(), "0x" + country.hex()
        yield (
            address,
            {
                "risk_category": risk_category(*words, int(term)),
                "currency": _text(currency),
                "country": _text(country),
                "currency_word": words[0],
                "country_word": words[1],
                "term": int(term),
            },
        )


def _text(word: bytes) -> str:
    """A left-aligned text, or the word itself in hexadecimal where it is none."""
    letters = word.rstrip(b"\0")
    return letters.decode("ascii") if letters.isalnum() else "0x" + word.hex()
