"""State of a Keep3r V2 contract: what its storage holds, in integers (wei, seconds, gas) and lower-case addresses."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC
from keep3r_replay.evm.enumerable_set import EnumerableSet
from keep3r_replay.protocols.keep3r_v2.contract.checks import Strict
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT_EXPIRY

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.checks import Checks
    from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import CreditChanges
    from keep3r_replay.protocols.keep3r_v2.contract.expiry import Expiry
    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper
    from keep3r_replay.protocols.keep3r_v2.contract.versions import Rules
    from keep3r_replay.uniswap_v3.oracle import Pool

ZERO_ADDRESS = "0x" + "0" * 40


class TickCache(NamedTuple):
    """Cached twap of a liquidity: tick cumulative at the start of `period`, and its gain over the period before."""

    current: int
    difference: int
    period: int


NO_TICK = TickCache(0, 0, 0)


@dataclass(slots=True)
class Job:
    """What the contract holds of one job. It outlives the job's membership: a migrated job keeps some of it."""

    credits: int = 0
    period_credits: int = 0
    rewarded_at: int = 0
    worked_at: int = 0
    owner: str = ZERO_ADDRESS
    pending_owner: str = ZERO_ADDRESS
    pending_migration: str = ZERO_ADDRESS
    migration_requested_at: int = 0
    liquidities: EnumerableSet = field(default_factory=EnumerableSet)
    liquidity_amounts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    tokens: EnumerableSet = field(default_factory=EnumerableSet)
    token_credits: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    token_credits_added_at: dict[str, int] = field(default_factory=dict)


JOB_VALUES = (
    "credits",
    "period_credits",
    "rewarded_at",
    "worked_at",
    "owner",
    "pending_owner",
    "pending_migration",
    "migration_requested_at",
)
JOB_SETS, JOB_AMOUNTS = ("liquidities", "tokens"), ("liquidity_amounts", "token_credits", "token_credits_added_at")
"""All slots of a `Job` by their kind: single values, sets of addresses, numbers by address."""


@dataclass(slots=True)
class Keeper:
    """What the contract holds of one keeper; amounts by bonded token."""

    bonds: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    pending_bonds: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    can_activate_after: dict[str, int] = field(default_factory=dict)
    work_completed: int = 0
    first_seen: int = 0
    has_bonded: bool = False


KEEPER_VALUES, KEEPER_AMOUNTS = (
    ("work_completed", "first_seen", "has_bonded"),
    ("bonds", "pending_bonds", "can_activate_after"),
)
"""All slots of a `Keeper`, likewise."""


@dataclass(slots=True)
class Unbond:
    """An amount on its way out: one record for a keeper's bond and a job's liquidity alike, as in the contract."""

    pending: int = 0
    can_withdraw_after: int = 0


@dataclass(slots=True)
class Approval:
    """What the contract remembers of a liquidity: its pool, the pool's token order, the cached twap."""

    pool: str = ZERO_ADDRESS
    is_kp3r_token0: bool = False
    tick: TickCache = NO_TICK


@dataclass(slots=True)
class Parameters:
    """Values that governance sets: times in seconds, `liquidity_minimum` in wei of KP3R, `fee` in parts of 10,000."""

    bond_time: int
    unbond_time: int
    liquidity_minimum: int
    reward_period_time: int
    inflation_period: int
    fee: int
    governance: str
    pending_governance: str
    keep3r_v1: str
    keep3r_v1_proxy: str
    keep3r_helper: str
    kp3r_weth_pool: str = ZERO_ADDRESS


class Keep3r:
    """One Keep3r contract, with the pools and helpers that it asks.

    The contract's functions are free functions over this object, each under the contract's own name. A check that the
    contract makes goes through `require`, and `checks` says what becomes of one that fails. `expiry` is the rule by
    which unused credits expire, `ledger` whoever writes changes of credits down.
    """

    __slots__ = (
        "address",
        "approvals",
        "approved_liquidities",
        "checks",
        "disputers",
        "disputes",
        "escrow_balances",
        "escrows",
        "expiry",
        "gas_meter",
        "helpers",
        "job_list",
        "jobs",
        "keeper_list",
        "keepers",
        "kp3r_in_pools",
        "ledger",
        "pair_pools",
        "parameters",
        "pools",
        "roles_are_partial",
        "rules",
        "slashers",
        "total_bonds",
        "unbonds",
        "version",
    )

    def __init__(self, address: str, version: str, rules: Rules, parameters: Parameters, kp3r_in_pools: str) -> None:
        self.address = address
        self.version = version
        self.rules = rules
        self.parameters = parameters
        self.kp3r_in_pools = kp3r_in_pools
        self.pools: dict[str, Pool] = {}
        self.pair_pools: dict[str, str] = {}
        self.helpers: dict[str, Helper] = {}
        self.jobs: defaultdict[str, Job] = defaultdict(Job)
        self.job_list = EnumerableSet()
        self.keepers: defaultdict[str, Keeper] = defaultdict(Keeper)
        self.keeper_list = EnumerableSet()
        self.unbonds: defaultdict[tuple[str, str], Unbond] = defaultdict(Unbond)
        self.approvals: defaultdict[str, Approval] = defaultdict(Approval)
        self.approved_liquidities = EnumerableSet()
        self.disputes: dict[str, None] = {}
        self.slashers: dict[str, None] = {}
        self.disputers: dict[str, None] = {}
        self.gas_meter = 0
        self.total_bonds = 0
        self.escrows: frozenset[str] = frozenset()
        self.escrow_balances: dict[tuple[str, str], int] = {}
        self.checks: Checks = Strict()
        self.expiry: Expiry = CONTRACT_EXPIRY
        self.roles_are_partial = False
        self.ledger: CreditChanges | None = None

    def credits_changed(
        self,
        kind: str,
        job: Job,
        amount: int,
        rewarded_before: int,
        counterpart: str = "",
        numerator: int = 0,
        denominator: int = 0,
    ) -> None:
        """A job's credits have changed by `amount` wei: `ledger` writes it down, a rule that goes by age must know.

        Other arguments as those of `CreditChange`. Nothing that the contract does depends on `ledger`.
        """
        if self.ledger is not None:
            self.ledger.note(kind, job, amount, rewarded_before, counterpart, numerator, denominator)
        if self.expiry.by_age:
            self.expiry.changed(kind, job, amount)

    def require(self, condition: object, error: str) -> None:
        """A check of the contract. Raises `Revert` with the name `error` unless `checks` only notes it."""
        if not condition:
            self.checks.fail(error)

    def require_role(self, holders: dict[str, None], address: str, error: str) -> None:
        """A check that `address` holds a role. After a start from readings the holders are known in part only."""
        if address not in holders and not self.roles_are_partial:
            self.checks.fail(error)

    def subtract(self, minuend: int, subtrahend: int) -> int:
        """Checked uint256 subtraction; zero where the failing check is only noted."""
        if subtrahend > minuend:
            self.checks.fail(ARITHMETIC_PANIC)
            return 0
        return minuend - subtrahend
