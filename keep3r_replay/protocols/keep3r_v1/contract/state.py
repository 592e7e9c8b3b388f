"""State of the Keep3r V1 contract: what its storage holds, in integers (wei, seconds) and lower-case addresses."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.evm.arithmetic import UINT256_MAX, Revert
from keep3r_replay.protocols.keep3r_v1.events import PLACES, ROOT

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.market import Market

ZERO_ADDRESS = "0x" + "0" * 40
ETH = "0x" + "e".rjust(40, "0")
"""The address under which the contract books ETH among its credits."""

Value = str | int
Amounts = defaultdict[str, int]


class Emitted(NamedTuple):
    """A log of the KP3R contract, the model's or the chain's: the event and its values in declared order."""

    event: str
    values: tuple[Value, ...]

    def value(self, column: str) -> Any:
        """The value of a column of the event: int, or lower-case text."""
        return self.values[PLACES[ROOT, self.event][column]]


def _amounts() -> Amounts:
    return defaultdict(int)


@dataclass(slots=True)
class Job:
    """What the contract holds of a job: it outlives the job's removal. Credits by token, in wei."""

    listed: bool = False
    proposal_delay: int = 0
    credits: Amounts = field(default_factory=_amounts)


@dataclass(slots=True)
class Account:
    """What the contract holds of an account: as keeper, as voter, as owner of KP3R. Amounts in wei, by token."""

    is_keeper: bool = False
    blacklisted: bool = False
    disputed: bool = False
    first_seen: int = 0
    last_job: int = 0
    work_completed: int = 0
    bonds: Amounts = field(default_factory=_amounts)
    pending_bonds: Amounts = field(default_factory=_amounts)
    bondings: Amounts = field(default_factory=_amounts)
    unbondings: Amounts = field(default_factory=_amounts)
    partial_unbonding: Amounts = field(default_factory=_amounts)
    votes: int = 0
    delegate: str = ZERO_ADDRESS
    current_votes: int = 0
    balance: int = 0
    allowances: Amounts = field(default_factory=_amounts)


@dataclass(slots=True)
class Provision:
    """What the contract holds of one provider's liquidity for one job: LP amounts in wei, times in seconds."""

    provided: int = 0
    applied: int = 0
    amount: int = 0
    unbonding: int = 0
    amounts_unbonding: int = 0


@dataclass(slots=True)
class Parameters:
    """Constants of the contract (times in seconds, `fee` in parts of `base`), and what governance sets."""

    governance: str
    helper: str
    pending_governance: str = ZERO_ADDRESS
    bond_time: int = 259_200
    unbond_time: int = 1_209_600
    liquidity_bond_time: int = 259_200
    fee: int = 30
    base: int = 10_000


class Keep3rV1:
    """One Keep3r V1 contract, with the market (pairs, oracles, feed, helpers) that it asks.

    Contract functions are free functions over this object; what they log they append to `emitted`. A check that the
    contract makes goes through `require`: by default a failing one raises `Revert`; a replay that must follow the
    chain collects the reasons in `collected` instead.
    """

    __slots__ = (
        "accounts",
        "address",
        "block_number",
        "collected",
        "emitted",
        "holdings",
        "job_list",
        "jobs",
        "keeper_list",
        "liquidity_accepted",
        "liquidity_pairs",
        "market",
        "now",
        "parameters",
        "provisions",
        "total_bonded",
        "total_supply",
    )

    def __init__(self, address: str, parameters: Parameters, market: Market) -> None:
        self.address = address
        self.parameters = parameters
        self.market = market
        self.block_number = 0
        self.now = 0
        self.jobs: defaultdict[str, Job] = defaultdict(Job)
        self.job_list: list[str] = []
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self.keeper_list: list[str] = []
        self.provisions: defaultdict[tuple[str, str, str], Provision] = defaultdict(Provision)
        """By provider, pair and job."""
        self.liquidity_accepted: dict[str, bool] = {}
        self.liquidity_pairs: list[str] = []
        self.total_supply = 0
        self.total_bonded = 0
        self.holdings: Amounts = _amounts()
        """What the contract owns of each other token (ETH included), by what arrived and what it paid."""
        self.emitted: list[Emitted] = []
        self.collected: list[str] | None = None

    def emit(self, event: str, *values: Value) -> None:
        """Log an event."""
        self.emitted.append(Emitted(event, values))

    def require(self, condition: object, error: str) -> None:
        """A check of the contract. Raises `Revert` with the reason `error`, or notes it where reasons are collected."""
        if not condition:
            if self.collected is None:
                raise Revert(error)
            self.collected.append(error)

    def require_governance(self, sender: str, function: str) -> None:
        """A check that `sender` is governance; the reason names the function that asks."""
        self.require(sender == self.parameters.governance, f"{function}: !gov")

    def subtract(self, minuend: int, subtrahend: int, error: str = "sub: -") -> int:
        """SafeMath's subtraction; zero where reasons are collected."""
        if subtrahend > minuend:
            self.require(False, error)
            return 0
        return minuend - subtrahend

    def add(self, augend: int, addend: int, error: str = "add: +") -> int:
        """SafeMath's addition of uint256."""
        total = augend + addend
        if total > UINT256_MAX:
            self.require(False, error)
        return total

    def credits_of(self, job: str, token: str) -> int:
        """Credits of a job in a token, in wei."""
        return self.jobs[job].credits.get(token, 0)

    def worth_of_bonds(self, account: str) -> int:
        """Bonded KP3R and votes of an account, in wei: what the helpers' bonus is measured by."""
        entry = self.accounts.get(account)
        return entry.bonds.get(self.address, 0) + entry.votes if entry else 0
