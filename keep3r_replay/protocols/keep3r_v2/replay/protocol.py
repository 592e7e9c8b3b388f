"""Keep3r V2 as the replay engine sees it: built from a deployment, fed with events, asked for views and state."""

from __future__ import annotations

import json
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER, Helper, HelperParameters
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import set_kp3r_weth_pool
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump, dump_contract, load_contract
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS, Keep3r, Parameters
from keep3r_replay.protocols.keep3r_v2.contract.versions import HELPER_RULES, KP3R_WETH_POOL, RULES, Payment
from keep3r_replay.protocols.keep3r_v2.contract.views import HELPER_VIEWS, KEEP3R_VIEWS, POOL_VIEWS, STORAGE, Value
from keep3r_replay.protocols.keep3r_v2.replay.callers import rightful_caller
from keep3r_replay.protocols.keep3r_v2.replay.calls import escrow, governance, jobs, keepers, pools, work
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
from keep3r_replay.protocols.keep3r_v2.replay.describe import describe
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import SELECTOR, VALIDATIONS
from keep3r_replay.protocols.keep3r_v2.replay.from_readings import Readings, load_readings
from keep3r_replay.protocols.keep3r_v2.replay.slot_gas import METER_LATENESS
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.timeline import Span
from keep3r_replay.uniswap_v3.oracle import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Block, EventHandler, Place, Transaction

HANDLERS: dict[str, EventHandler] = {
    **work.HANDLERS,
    **jobs.HANDLERS,
    **keepers.HANDLERS,
    **governance.HANDLERS,
    **escrow.HANDLERS,
    **pools.HANDLERS,
}
"""What each event's table needs read, and what it sets off."""

OBSERVATIONS = pl.Schema(
    {
        "pool": pl.String,
        "position": pl.Int64,
        "timestamp": pl.Int64,
        "tick_cumulative": pl.Int64,
        "seconds_per_liquidity": pl.String,
    }
)
"""Table `observations`: the pools' rings. A cumulative per liquidity has 160 bits, and stands as hexadecimal text."""

_WITHOUT_VIEW = ("uniswap_v3_pool.", "keep3r_helper.OracleSet")
"""Events whose effect no reading tells in full: they are replayed from the beginning."""

_KEEPER_BOND_VIEWS = frozenset({"bonds", "pendingUnbonds", "getRewardAmountFor"})

_CREDIT_VIEWS = frozenset(
    {
        "jobLiquidityCredits",
        "totalJobCredits",
        "_jobLiquidityCredits",
        "_jobPeriodCredits",
        "rewardedAt",
    }
)


class Unauthorised(NamedTuple):
    """A direct call that succeeded: the transaction, whom it called, its sender, and who alone may call so."""

    place: Place
    digest: str
    target: str
    sender: str
    rightful: str


class Observer(Protocol):
    """Who watches a replay; see `audit.credit_observer`."""

    def before_block(self, timestamp: int) -> None:
        """The next block is of that time, in seconds."""

    def handlers(self, plain: Mapping[str, EventHandler]) -> dict[str, EventHandler]:
        """The handlers with what is watched put around them."""


class Keep3rV2:
    """One Keep3r contract under replay: `replay.protocol.Replay`.

    Args:
        deployment: what the lake is of.
        contract: the Keep3r of it that is replayed.
        source: the file that it stands in, for errors.
        journal: where findings go.
        direct_inputs: input of the transactions that call Keep3r itself.
        silent_transactions: transactions in which a validation may have failed without an event, in order; None if
        the lake
            does not hold all transactions, so that there may be some anywhere.

    Raises:
        InputError: the deployment lacks a contract or a parameter, or is of a version without a model.
    """

    def __init__(
        self,
        deployment: Deployment,
        contract: Contract,
        source: str,
        journal: Journal,
        direct_inputs: Mapping[Place, bytes],
        silent_transactions: Sequence[Place] | None,
    ) -> None:
        try:
            self.keep3r = _build(deployment, contract, source)
        except KeyError as error:
            raise InputError(
                source, f"the deployment does not tell {error}", remedy="import or extract it again"
            ) from None
        self.context = CallContext(self.keep3r, journal, direct_inputs, deployment.initial_state_block)
        self.keep3r.checks = self.context.checks
        self.observer: Observer | None = None
        """Who watches, if somebody does."""
        self.unauthorised: list[Unauthorised] = []
        """Direct calls that somebody else made than may."""
        self._journal = journal
        self._silent = silent_transactions
        self._source = source

    # EVENTS

    @property
    def handlers(self) -> Mapping[str, EventHandler]:
        """Handlers by table, with the observer's around them if there is one."""
        return HANDLERS if self.observer is None else self.observer.handlers(HANDLERS)

    @property
    def transactions(self) -> pl.Expr | None:
        """Those that call Keep3r or a helper themselves, and succeed."""
        targets = sorted({self.keep3r.address, *self.keep3r.helpers})
        return pl.col("to").is_in(targets) & (pl.col("status") == 1)

    def begin_block(self, block: Block) -> None:
        """Enter a block. Raises `InputError` for one without base fee or gas limit, which payments depend on."""
        number, timestamp, base_fee, gas_limit = block
        if base_fee is None or gas_limit is None:
            raise InputError(self._source, "a block without base fee or gas limit", place=f"block {number}")
        if self.observer is not None:
            self.observer.before_block(timestamp)
        context = self.context
        context.block_number = self._journal.block_number = number
        context.now = timestamp
        context.base_fee = base_fee
        context.gas_limit = gas_limit

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction of the present block; who calls Keep3r or a helper himself must be allowed to."""
        self.context.transaction = place
        if transaction is not None and transaction.to is not None:
            rightful = rightful_caller(self.keep3r, transaction.to, transaction.input)
            if rightful is not None and rightful != transaction.origin:
                self.unauthorised.append(
                    Unauthorised(place, transaction.hash, transaction.to, transaction.origin, rightful)
                )

    def end_transaction(self) -> None:
        """Leave the transaction: whatever waits for a later event of it waits in vain."""
        context = self.context
        if context.pending_rewards:
            work.end_transaction(context)
        if context.pool_mints or context.pair_transfers:
            pools.end_transaction(context)

    # ANSWERS

    def view(self, contract: str, name: str, arguments: Sequence[str], source: str) -> Callable[[], Value] | None:
        """The model's counterpart of a view or storage value, which may raise `Revert`; None where there is none."""
        keep3r, context = self.keep3r, self.context
        if contract == keep3r.address:
            view = (STORAGE if source == "storage" else KEEP3R_VIEWS).get(name)
            return None if view is None else lambda: view(keep3r, context.now, *arguments)
        if contract in keep3r.helpers:
            helper, helper_view = keep3r.helpers[contract], HELPER_VIEWS.get(name)
            return (
                None
                if helper_view is None
                else (lambda: helper_view(keep3r, helper, context.now, context.base_fee, *arguments))
            )
        if contract in keep3r.pools:
            pool, pool_view = keep3r.pools[contract], POOL_VIEWS.get(name)
            return None if pool_view is None else lambda: pool_view(pool, context.now, *arguments)
        if not contract:
            block: dict[str, Callable[[], Value]] = {
                "block.timestamp": lambda: context.now,
                "block.baseFee": lambda: context.base_fee,
            }
            return block.get(name)
        return None

    def undetermined(self, name: str, arguments: Sequence[str], observed: str) -> str:
        """Why a differing answer of the view may be due to what logs can not tell; empty if nothing excuses it."""
        context = self.context
        late_log = self.keep3r.rules.payment is Payment.ROOT_PRICE
        if name == "_initialGas" and late_log and int(observed) - self.keep3r.gas_meter in METER_LATENESS:
            return "2.0 logs the gas that is left a little after it has set the meter, by one of the known gas costs"
        escrow = self.keep3r.parameters.keep3r_v1_proxy, self.keep3r.parameters.keep3r_v1
        if name == "virtualReserves" and escrow not in self.keep3r.escrow_balances:
            return "no event tells the token balance of this escrow"
        if name == "_initialGas" and self._may_be_silent(context.metered_in, context.block_number):
            return "a validation that fails sets the gas meter and leaves no event"
        if name == "_jobTokens.length" and arguments[0] in context.uncertain_tokens:
            return "which token without credits the job lists is unknown since the start in mid-history"
        if name in _CREDIT_VIEWS and arguments and arguments[0] in context.uncertain_jobs:
            return "the stored credits are unknown since the start from views, until the chain rewards the job"
        if name in _KEEPER_BOND_VIEWS and arguments and arguments[0] in context.undetermined_keepers:
            return "the keeper was slashed through another contract"
        return ""

    def _may_be_silent(self, since: Place, block: int) -> bool:
        if self._silent is None:
            return True
        position = bisect_left(self._silent, since)
        return position < len(self._silent) and self._silent[position] < (block + 1, 0)

    def state(self) -> dict[str, Any]:
        """The model's state as plain values."""
        return dump(self.keep3r)

    def describe(self, named: Mapping[str, str]) -> dict[str, Any]:
        """One job, one keeper, or an overview; see `describe.describe`."""
        return describe(self.keep3r, named)

    def snapshot(self) -> dict[str, Any]:
        """State at the end of a block, with what the inference remembers; `restore` takes it back.

        Of the pools' observations only their count stands in it: they never change, and are kept apart.
        """
        context = self.context
        return {
            "contract": dump_contract(self.keep3r),
            "pools": {
                address: {
                    **pool.dump_price(),
                    "stored": pool.stored,
                    "observed": pool.forgotten + len(pool.times),
                    "positions": pool.dump_positions(),
                }
                for address, pool in self.keep3r.pools.items()
            },
            "inference": {
                "metered_in": context.metered_in,
                "metered_at": context.metered_at,
                "meter_is_read": context.meter_is_read,
                "slots": context.slots.dump(),
                "regular_arrivals": {token: list(seen) for token, seen in context.regular_arrivals.items()},
                "usd_prices": {job: list(prices) for job, prices in context.usd_prices.items()},
                "undetermined_keepers": list(context.undetermined_keepers),
                "uncertain_jobs": list(context.uncertain_jobs),
                "uncertain_tokens": list(context.uncertain_tokens),
                "uncertain_price_period": context.uncertain_price_period,
                "roles_are_partial": self.keep3r.roles_are_partial,
            },
        }

    def kept(self) -> Mapping[str, pl.DataFrame]:
        """The pools' observations, which snapshots count on."""
        rows: dict[str, list[Any]] = {name: [] for name in OBSERVATIONS}
        for address, pool in sorted(self.keep3r.pools.items()):
            rows["pool"] += [address] * len(pool.times)
            rows["position"] += range(pool.forgotten, pool.forgotten + len(pool.times))
            rows["timestamp"] += pool.times
            rows["tick_cumulative"] += pool.tick_cumulatives
            rows["seconds_per_liquidity"] += map(hex, pool.per_liquidity)
        return {"observations": pl.DataFrame(rows, schema=OBSERVATIONS)}

    def start_from(self, lake: Lake, block: int, readings: Mapping[tuple[str, str, str], str]) -> None:
        """Stand where readings after `block` say: pools by replaying their events, all else from the readings."""
        run(lake, _Pools(self), span=Span(None, block))
        load_readings(self.keep3r, self.context, Readings(readings))

    def restore(self, snapshot: Mapping[str, Any], kept: Callable[[str], pl.LazyFrame]) -> None:
        """Take over a `snapshot`; the table `observations` holds what was in each pool's ring then."""
        load_contract(self.keep3r, snapshot["contract"])
        rings = _rings(snapshot["pools"], kept("observations"))
        for address, state in snapshot["pools"].items():
            ring = rings[address]
            self.keep3r.pools[address].load(state, ring, state["observed"] - len(ring))
        inference, context = snapshot["inference"], self.context
        context.metered_in = tuple(inference["metered_in"])
        context.metered_at = tuple(inference["metered_at"])
        context.meter_is_read = inference["meter_is_read"]
        context.slots.load(inference["slots"])
        context.regular_arrivals = {
            token: (count, fee) for token, (count, fee) in inference["regular_arrivals"].items()
        }
        context.usd_prices = {job: dict.fromkeys(prices) for job, prices in inference["usd_prices"].items()}
        context.undetermined_keepers = dict.fromkeys(inference["undetermined_keepers"])
        context.uncertain_jobs = dict.fromkeys(inference["uncertain_jobs"])
        context.uncertain_price_period = inference["uncertain_price_period"]
        context.uncertain_tokens = dict.fromkeys(inference["uncertain_tokens"])
        self.keep3r.roles_are_partial = inference["roles_are_partial"]


class _Pools:
    """A replay of what no reading tells: pools, and which of them a sidechain's helper asks."""

    transactions = None

    def __init__(self, replay: Keep3rV2) -> None:
        self.context = replay.context
        self.handlers = {name: handler for name, handler in HANDLERS.items() if name.startswith(_WITHOUT_VIEW)}
        self.begin_block = replay.begin_block
        self.begin_transaction = replay.begin_transaction
        self.end_transaction = replay.end_transaction


def _rings(pools: Mapping[str, Mapping[str, int]], table: pl.LazyFrame) -> dict[str, list[list[int]]]:
    """Observations in each pool's ring at a snapshot: time, tick cumulative, seconds per liquidity."""
    wanted = [
        table.filter(
            (pl.col("pool") == address)
            & pl.col("position").is_between(pool["observed"] - pool["stored"], pool["observed"], closed="left")
        ).sort("position")
        for address, pool in pools.items()
    ]
    return {
        address: [
            [time, cumulative, int(per_liquidity, 16)]
            for time, cumulative, per_liquidity in frame.select(
                "timestamp", "tick_cumulative", "seconds_per_liquidity"
            ).iter_rows()
        ]
        for address, frame in zip(pools, pl.collect_all(wanted), strict=True)
    }


def replay_of(lake: Lake, contract: Contract, journal: Journal, until_block: int | None) -> Keep3rV2:
    """The model of one contract before its first event, with what the lake's transactions tell.

    Raises:
        InputError: the deployment lacks what the model needs, or is of a version without one.
    """
    transactions = lake.scan("transactions", until_block=until_block).filter(pl.col("status") == 1)
    direct = transactions.filter(pl.col("to") == contract.address)
    silent = transactions.filter(
        ~pl.col("to").is_in(sorted(known_contracts(lake.deployment)))
        | pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex").is_in(VALIDATIONS)
    )
    direct_frame, silent_frame = pl.collect_all(
        [
            direct.select("block_number", "transaction_index", "input"),
            silent.select("block_number", "transaction_index").sort("block_number", "transaction_index"),
        ]
    )
    return Keep3rV2(
        lake.deployment,
        contract,
        str(lake.path / "deployment.json"),
        journal,
        {(block, index): data for block, index, data in direct_frame.iter_rows()},
        silent_frame.rows() if lake.deployment.transactions == "all" else None,
    )


def known_contracts(deployment: Deployment) -> frozenset[str]:
    """Addresses that never validate a keeper: the deployment's contracts and tokens."""
    return frozenset(contract.address for contract in deployment.contracts) | frozenset(deployment.tokens.values())


def _build(deployment: Deployment, contract: Contract, source: str) -> Keep3r:
    if contract.version not in RULES:
        raise InputError(
            source, f"no model of Keep3r {contract.version}", remedy=f"this version replays {' and '.join(RULES)}"
        )
    state = deployment.initial_state
    keep3r = Keep3r(
        contract.address,
        contract.version,
        RULES[contract.version],
        _parameters(state[contract.address]),
        deployment.tokens["kp3r_in_pools"],
    )
    for other in deployment.contracts:
        if other.role == "uniswap_v3_pool":
            keep3r.pools[other.address] = Pool(
                other.address,
                other.facts["token0"],
                other.facts["token1"],
                int(other.facts["tick_spacing"]),
                int(other.facts["fee"]) if "fee" in other.facts else None,
            )
        elif other.role == "pair_manager":
            keep3r.pair_pools[other.address] = other.facts["pool"]
        elif other.role == "keep3r_helper":
            keep3r.helpers[other.address] = _helper(
                other, state[other.address], keep3r.pools, keep3r.kp3r_in_pools, source
            )
    keep3r.escrows = frozenset(other.address for other in deployment.contracts if other.role == "escrow")
    reserves = state[contract.address].get("virtualReserves")
    if reserves is not None and keep3r.parameters.keep3r_v1_proxy in keep3r.escrows:
        keep3r.escrow_balances[keep3r.parameters.keep3r_v1_proxy, keep3r.parameters.keep3r_v1] = int(reserves)
    pool = keep3r.parameters.kp3r_weth_pool
    if pool != ZERO_ADDRESS:
        set_kp3r_weth_pool(keep3r, pool)
    return keep3r


def _parameters(state: Mapping[str, str]) -> Parameters:
    return Parameters(
        bond_time=int(state["bondTime"]),
        unbond_time=int(state["unbondTime"]),
        liquidity_minimum=int(state["liquidityMinimum"]),
        reward_period_time=int(state["rewardPeriodTime"]),
        inflation_period=int(state["inflationPeriod"]),
        fee=int(state["fee"]),
        governance=state["governance"],
        pending_governance=state.get("pendingGovernance", ZERO_ADDRESS),
        keep3r_v1=state["keep3rV1"],
        keep3r_v1_proxy=state["keep3rV1Proxy"],
        keep3r_helper=state["keep3rHelper"],
        kp3r_weth_pool=state.get("kp3rWethPool", ZERO_ADDRESS),
    )


def _helper(contract: Contract, state: Mapping[str, str], pools: dict[str, Pool], kp3r: str, source: str) -> Helper:
    if contract.version not in HELPER_RULES:
        raise InputError(source, f"no model of the Keep3rHelper of version {contract.version}")
    rules = HELPER_RULES[contract.version]
    if rules.is_constant:
        order = pools[KP3R_WETH_POOL].token0 == kp3r if KP3R_WETH_POOL in pools else True
        parameters = HelperParameters(11_000, 12_000, 200 * ONE_ETHER, 0, 0, KP3R_WETH_POOL, order, state["keep3rV2"])
    else:
        pool, is_kp3r_token0 = json.loads(state["kp3rWethPool"])
        usd_pool, is_weth_token0 = json.loads(state.get("wethUSDPool", '["", false]'))
        parameters = HelperParameters(
            min_boost=int(state["minBoost"]),
            max_boost=int(state["maxBoost"]),
            target_bond=int(state["targetBond"]),
            work_extra_gas=int(state["workExtraGas"]),
            quote_twap_time=int(state["quoteTwapTime"]),
            kp3r_weth_pool=pool,
            is_kp3r_token0=is_kp3r_token0 in (True, "true"),
            keep3r_v2=state["keep3rV2"],
            governance=state["governance"],
            pending_governance=state.get("pendingGovernance", ZERO_ADDRESS),
            min_base_fee=int(state.get("minBaseFee", "0")),
            min_priority_fee=int(state.get("minPriorityFee", "0")),
            weth_usd_pool=usd_pool,
            is_weth_token0=is_weth_token0 in (True, "true"),
        )
    return Helper(contract.address, rules, parameters, pools)
