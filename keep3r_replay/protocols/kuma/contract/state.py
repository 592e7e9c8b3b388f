"""Storage of a KUMA deployment: for each risk category a token, a swap and a collector; the NFTs are shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.kuma.contract.copying import alias, copied
from keep3r_replay.protocols.kuma.contract.ray import RAY

if TYPE_CHECKING:
    from collections.abc import Collection

    from keep3r_replay.protocols.kuma.contract.versions import Rules

ZERO_ADDRESS = "0x" + "00" * 20


class Bond(NamedTuple):
    """A real bond as `BondIssued` tells it: seconds, rays per second, wei; `risk_category` as hexadecimal text.

    `declared` are all values of the struct, in its own order: the event repeats them.
    """

    coupon: int
    principal: int
    issuance: int
    maturity: int
    term: int
    risk_category: str
    declared: tuple[object, ...] = ()


class CloneBond(NamedTuple):
    """A clone: what a buyer holds where the bond is worth more than the price."""

    parent_id: int
    issuance: int
    coupon: int
    principal: int


class Emitted(NamedTuple):
    """A log the model predicts: its contract, the name of the event, its values in declared order."""

    contract: str
    event: str
    values: tuple[object, ...]


class BaseChange(NamedTuple):
    """An account's base in KIBT changed (rays); the log that tells of it is the next of the transaction's.

    `logs_before` counts the call's predicted logs before that one; `is_self` marks the account of a self-transfer,
    whose base is written twice.
    """

    token: str
    account: str
    logs_before: int
    before: int
    after: int
    total_after: int
    is_self: bool


@dataclass(slots=True)
class KIBToken:
    """A rebasing token. `yield_` is a ray per second; `previous` and `cumulative` are the stored cumulative yields."""

    address: str
    yield_: int = RAY
    previous: int = RAY
    cumulative: int = RAY
    last_refresh: int = 0
    epoch_length: int = 0
    min_epoch_length: int = 0
    total_base_supply: int = 0
    base_balances: dict[str, int] = field(default_factory=dict)
    allowances: dict[tuple[str, str], int] = field(default_factory=dict)

    def copy(self) -> KIBToken:
        """A copy that shares nothing that changes."""
        return copied(self)


@dataclass(slots=True)
class KUMASwap:
    """A swap. Its sets keep the contract's order: an added element goes last, a removal moves the last into the gap."""

    address: str
    min_coupon: int = RAY
    variable_fee: int = 0
    fixed_fee: int = 0
    is_paused: bool = False
    is_deprecated: bool = False
    deprecation_initialized_at: int = 0
    stable_coin: str = ZERO_ADDRESS
    coupons: list[int] = field(default_factory=list)
    bond_reserve: list[int] = field(default_factory=list)
    expired_bonds: list[int] = field(default_factory=list)
    coupon_inventory: dict[int, int] = field(default_factory=dict)
    clone_bonds: dict[int, int] = field(default_factory=dict)
    base_values: dict[int, int] = field(default_factory=dict)

    def copy(self) -> KUMASwap:
        """A copy that shares nothing that changes."""
        return copied(self)


@dataclass(slots=True)
class FeeCollector:
    """Fees in KIBT, shared out among payees in order."""

    address: str
    payees: list[str] = field(default_factory=list)
    shares: dict[str, int] = field(default_factory=dict)

    def copy(self) -> FeeCollector:
        """A copy that shares nothing that changes."""
        return copied(self)


@dataclass(slots=True)
class Aggregator:
    """A rate oracle (MCAGAggregator): the last answer, and when it came."""

    address: str
    decimals: int = 27
    answer: int = 0
    round_id: int = 0
    updated_at: int = 0
    max_answer: int = 0

    def copy(self) -> Aggregator:
        """A copy that shares nothing that changes."""
        return copied(self)


@dataclass(slots=True)
class Category:
    """One risk category and its contracts.

    `currency` and `country` (the issuer in v1.1) are text; `declared` are both as the contracts hold them, in
    hexadecimal text; `term` is seconds. `name` is that of `naming.names_of`.
    """

    risk_category: str
    currency: str
    country: str
    declared: tuple[str, str]
    term: int
    kibt: KIBToken
    swap: KUMASwap
    collector: FeeCollector
    aggregator: str = ""
    name: str = ""

    def copy(self) -> Category:
        """A copy that shares nothing that changes."""
        copy = copied(self)
        copy.kibt, copy.swap, copy.collector = self.kibt.copy(), self.swap.copy(), self.collector.copy()
        return copy

    def with_own_token(self) -> Category:
        """A copy that shares all but the token."""
        copy = copied(self)
        copy.kibt = self.kibt.copy()
        return copy


@dataclass(slots=True)
class Nft:
    """An ERC-721: owners by id, operators of all of an owner's tokens, and accounts approved for one token."""

    address: str
    counter: int = 0
    owners: dict[int, str] = field(default_factory=dict)
    operators: dict[tuple[str, str], bool] = field(default_factory=dict)
    approvals: dict[int, str] = field(default_factory=dict)

    def copy(self) -> Nft:
        """A copy that shares nothing that changes."""
        return copied(self)


@dataclass(slots=True)
class StableCoin:
    """The ERC-20 that a deprecated swap is wound up in.

    Where the history does not hold the coin's events (`is_followed` is false), only what swaps hold of it is known.
    """

    address: str
    balances: dict[str, int] = field(default_factory=dict)
    allowances: dict[tuple[str, str], int] = field(default_factory=dict)
    is_followed: bool = True

    def copy(self) -> StableCoin:
        """A copy that shares nothing that changes."""
        return copied(self)


@dataclass(slots=True)
class Kuma:
    """A whole deployment at a moment.

    `categories` are keyed by risk category, `by_contract` tells the category of each of its contracts. `now` is the
    block's time, `uris` the NFTs' by contract, `tnc_urls` the terms and conditions by number, `emitted` the logs of the
    transaction under way. Where `lenient` holds, a check that would revert is noted in `refusals` and the call goes on:
    the chain has shown that it did.
    """

    rules: Rules
    address_provider: str
    access_controller: str
    mcag_access_controller: str
    blacklist: str
    rate_feed: str
    bond_token: Nft
    kbc_token: Nft
    staleness_threshold: int = 0
    now: int = 0
    lenient: bool = False
    categories: dict[str, Category] = field(default_factory=dict)
    by_contract: dict[str, str] = field(default_factory=dict)
    aggregators: dict[str, Aggregator] = field(default_factory=dict)
    stable_coins: dict[str, StableCoin] = field(default_factory=dict)
    bonds: dict[int, Bond] = field(default_factory=dict)
    clones: dict[int, CloneBond] = field(default_factory=dict)
    roles: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    blacklisted: frozenset[str] = frozenset()
    uris: dict[str, str] = field(default_factory=dict)
    tnc_urls: dict[int, str] = field(default_factory=dict)
    bond_token_paused: bool = False
    emitted: list[Emitted] = field(default_factory=list)
    moves: list[BaseChange] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def copy(self) -> Kuma:
        """A copy that shares nothing that changes; bonds, clones and sets of accounts are values."""
        copy = self._with_shared_categories()
        copy.categories = {name: category.copy() for name, category in self.categories.items()}
        return copy

    def _with_shared_categories(self) -> Kuma:
        copy = copied(self)
        copy.bond_token, copy.kbc_token = self.bond_token.copy(), self.kbc_token.copy()
        copy.aggregators = {name: each.copy() for name, each in self.aggregators.items()}
        copy.stable_coins = {name: coin.copy() for name, coin in self.stable_coins.items()}
        return copy

    def savepoint(self, contracts: Collection[str]) -> Kuma:
        """A copy that is as independent as calls of these contracts need it; all else is shared.

        A token's and a collector's calls change their category alone; a swap's also move bonds, clones and stablecoins.
        Other contracts' leave the categories alone, but the rate feed may give one another oracle, and a refresh that
        follows an aggregator's answer changes tokens.
        """
        outside = [each for each in contracts if each not in self.by_contract]
        if outside:
            is_rate = any(each == self.rate_feed or each in self.aggregators for each in outside)
            return self.copy() if is_rate or len(outside) < len(contracts) else self._with_shared_categories()
        copy = alias(self)
        copy.categories = self.categories.copy()
        for contract in contracts:
            name = self.by_contract[contract]
            category = self.categories[name]
            if contract != category.kibt.address:
                copy.categories[name] = category.copy()
            elif copy.categories[name] is category:
                copy.categories[name] = category.with_own_token()
            if contract == category.swap.address:
                copy.clones = self.clones.copy()
                copy.bond_token, copy.kbc_token = self.bond_token.copy(), self.kbc_token.copy()
                copy.stable_coins = {coin: each.copy() for coin, each in self.stable_coins.items()}
        return copy

    def category_of(self, contract: str) -> Category:
        """The category that a token, swap or collector belongs to."""
        return self.categories[self.by_contract[contract]]

    def emit(self, contract: str, event: str, *values: object) -> None:
        """Log an event."""
        self.emitted.append(Emitted(contract, event, values))

    def require(self, condition: bool, reason: str) -> None:
        """Raise `Revert` with the contract's reason unless the condition holds; where `lenient`, note it and go on."""
        if not condition:
            if not self.lenient:
                raise Revert(reason)
            self.refusals.append(reason)
