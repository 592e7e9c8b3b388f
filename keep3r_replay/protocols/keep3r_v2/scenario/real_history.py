"""What a scenario takes from a real history: when its calls were, at which base fees, with which gas, at which prices.

Not what they led to. The i-th call of a kind in the script takes the time of the i-th in the history, so both must have
as many of each kind. Taken with the time:

    create_pool     the first price
    provide         the liquidity of others
    swap            what is paid in, and of which token
    work            the gas at both ends; in 2.0 and 2.1, where events do not tell the gas that is paid for, the payment

A work that reverted tells no gas: it is tried with the most that a work of the same item of the script took, or with
the script's own where all of them reverted. Blocks are those of the history, so that block numbers agree, and views are
read where the history has readings. The actors `job`, `owner`, `keeper`, `provider` and `router` get the addresses that
the history has for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES, Payment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v2.scenario.schedule import Action
    from keep3r_replay.protocols.keep3r_v2.scenario.script import Scenario
    from keep3r_replay.protocols.keep3r_v2.scenario.views import Key

Fact = tuple[int, dict[str, Any]]
"""Time of a call, and the arguments that it takes over."""

_CALL_EVENTS = {
    "approve_liquidity": "keep3r.LiquidityApproval",
    "add_job": "keep3r.JobAddition",
    "bond": "keep3r.Bonding",
    "activate": "keep3r.Activation",
    "add_liquidity": "keep3r.LiquidityAddition",
    "withdraw": "keep3r.Withdrawal",
    "withdraw_liquidity": "keep3r.LiquidityWithdrawal",
    "migrate_job": "keep3r.JobMigrationRequested",
    "accept_migration": "keep3r.JobMigrationSuccessful",
}
"""Calls that take over nothing but their time, by the event that tells it."""


@dataclass(frozen=True)
class Given:
    """Facts of a history: times of all blocks, base fees by time, calls by kind, what was read when, addresses."""

    source: str
    blocks: list[int]
    base_fees: dict[int, int]
    facts: dict[str, list[Fact]]
    keys: dict[int, list[Key]]
    addresses: dict[str, str]

    def retimed(self, script: Sequence[Action]) -> list[Action]:
        """The script's calls at the history's times, with what they take over.

        Raises:
            UsageError: script and history have not the same number of some call, or another order.
        """
        taken = dict.fromkeys(self.facts, 0)
        made: list[tuple[Action, bool]] = []
        for action in script:
            facts = self.facts.get(action.call)
            if facts is None:
                raise UsageError(f"{self.source}: tells nothing of {action.call}, which the scenario calls")
            position = taken[action.call]
            taken[action.call] += 1
            if position < len(facts):
                time, arguments = facts[position]
                kept = {} if action.call in _REPLACED else action.arguments
                made.append((action._replace(time=time, arguments={**kept, **arguments}), bool(arguments)))
        for call, count in taken.items():
            if count != len(self.facts[call]):
                raise UsageError(f"{self.source}: has {len(self.facts[call])} calls of {call}, the scenario {count}")
        actions = _with_gas(made)
        if actions != sorted(actions, key=lambda action: action.time):
            raise UsageError(f"{self.source}: the scenario's calls come in another order there")
        return actions


_REPLACED = frozenset({"create_pool", "provide", "swap"})
"""Calls whose arguments are the history's alone."""


def _with_gas(made: Sequence[tuple[Action, bool]]) -> list[Action]:
    """Give works that took over nothing, because they reverted there, the gas of one of their kind."""
    most: dict[str, dict[str, Any]] = {}
    for action, told in made:
        if action.call == "work" and told:
            gas = {name: action.arguments[name] for name in ("gas", "initial_gas", "gas_left")}
            if action.place not in most or _taken(gas) > _taken(most[action.place]):
                most[action.place] = gas
    return [
        action
        if told or action.call != "work"
        else action._replace(arguments={**action.arguments, **most.get(action.place, {})})
        for action, told in made
    ]


def _taken(gas: dict[str, Any]) -> int:
    taken: int = gas["initial_gas"] - gas["gas_left"]
    return taken


def read_given(scenario: Scenario) -> Given:
    """Read what a scenario takes from the lake that it names.

    Raises:
        LakeError: the lake can not be read.
        UsageError: it has two blocks of one time, or no job.
    """
    lake = Lake.open(Path(scenario.given))
    blocks = lake.scan("blocks").select("number", "timestamp", pl.col("base_fee_per_gas").cast(pl.Int128)).collect()
    times = dict(zip(blocks["number"].to_list(), blocks["timestamp"].to_list(), strict=True))
    if len(set(times.values())) != len(times):
        raise UsageError(f"{scenario.given}: two blocks have one time, so that times tell no block")
    source = _Source(lake, scenario)
    return Given(
        scenario.given,
        list(times.values()),
        dict(zip(times.values(), blocks["base_fee_per_gas"].to_list(), strict=True)),
        source.facts(),
        source.keys(times),
        source.addresses(),
    )


class _Source:
    """The lake, and the contracts in it that the scenario is about."""

    def __init__(self, lake: Lake, scenario: Scenario) -> None:
        self._lake = lake
        self._version = scenario.version
        contracts = lake.deployment.contracts
        pair = next(contract for contract in contracts if contract.role == "pair_manager")
        self._pair, self._pool = pair.address, str(pair.facts["pool"])
        self._contracts = {contract.address for contract in contracts if contract.role.startswith("keep3r")}
        self._contracts |= {"", self._pool}
        token0 = next(contract.facts["token0"] for contract in contracts if contract.address == self._pool)
        self._sells_token0 = "kp3r" if token0 == lake.deployment.tokens["kp3r"] else "weth"
        self._sells_token1 = "weth" if self._sells_token0 == "kp3r" else "kp3r"

    def _rows(self, event: str, *columns: str, emitter: str = "") -> list[tuple[Any, ...]]:
        if not self._lake.has(f"events/{event}"):
            return []
        scan = self._lake.scan(f"events/{event}").sort("block_number", "log_index")
        if emitter:
            scan = scan.filter(pl.col("address") == emitter)
        frame = scan.select("timestamp", *columns).with_columns(pl.col(pl.Decimal).cast(pl.Int128)).collect()
        return frame.rows()

    def facts(self) -> dict[str, list[Fact]]:
        """Calls by kind, in order."""
        found: dict[str, list[Fact]] = {
            call: [(time, {}) for (time,) in self._rows(event)] for call, event in _CALL_EVENTS.items()
        }
        pool = self._pool
        found["create_pool"] = [
            (time, {"sqrt_price_x96": int.from_bytes(price, "big")})
            for time, price in self._rows("uniswap_v3_pool.Initialize", "sqrt_price_x96", emitter=pool)
        ]
        growth = self._rows("uniswap_v3_pool.IncreaseObservationCardinalityNext", emitter=pool)
        found["grow_observations"] = [(time, {}) for (time,) in growth]
        minted = self._rows("uniswap_v3_pool.Mint", "owner", "amount", emitter=pool)
        found["provide"] = [(time, {"liquidity": value}) for time, owner, value in minted if owner != self._pair]
        found["mint_liquidity"] = [(time, {}) for time, owner, _ in minted if owner == self._pair]
        swaps = self._rows("uniswap_v3_pool.Swap", "amount0", "amount1", emitter=pool)
        found["swap"] = [(time, self._paid_in(amount0, amount1)) for time, amount0, amount1 in swaps]
        found["work"] = self._works()
        return found

    def _paid_in(self, amount0: int, amount1: int) -> dict[str, Any]:
        if amount0 > 0:
            return {"amount_in": amount0, "sells": self._sells_token0}
        return {"amount_in": amount1, "sells": self._sells_token1}

    def _works(self) -> list[Fact]:
        """Transactions to the jobs, with the gas that the events of those tell that succeeded."""
        started = dict(self._rows("keep3r.KeeperValidation", "gas_left"))
        ended = {time: rest for time, *rest in self._rows("keep3r.KeeperWork", "gas_left", "payment")}
        gives_payment = RULES[self._version].payment in {Payment.ROOT_PRICE, Payment.CACHED_PRICE}
        jobs = [job for _, job in self._rows("keep3r.JobAddition", "job")]
        blocks = self._lake.scan("blocks").select(pl.col("number").alias("block_number"), "timestamp")
        attempts = self._lake.scan("transactions").filter(pl.col("to").is_in(jobs)).join(blocks, on="block_number")
        frame = attempts.sort("block_number", "transaction_index").select("timestamp", "status").collect()
        facts: list[Fact] = []
        for time, status in frame.iter_rows():
            if status:
                if time not in started or time not in ended:
                    raise UsageError(
                        f"{self._lake.path}: the call of a job at {time} is not one work with its validation, so that "
                        "its gas is not told"
                    )
                gas_left, payment = ended[time]
                told = {"initial_gas": started[time], "gas_left": gas_left, "gas": None}
                facts.append((time, {**told, "payment": payment} if gives_payment else told))
            else:
                facts.append((time, {}))
        return facts

    def keys(self, times: dict[int, int]) -> dict[int, list[Key]]:
        """What was read, by time; of contracts that the scenario has no part in, nothing."""
        if not self._lake.has("readings"):
            return {}
        scan = self._lake.scan("readings").filter(pl.col("contract").is_in(sorted(self._contracts)))
        frame = scan.select("block_number", "contract", "view", "arguments", "source").collect()
        found: dict[int, list[Key]] = {}
        for block, contract, view, arguments, source in frame.iter_rows():
            found.setdefault(times[block], []).append((contract, view, arguments, source))
        return found

    def addresses(self) -> dict[str, str]:
        """Addresses of the first job, its owner, and so on."""
        wanted = {
            "job": ("keep3r.JobAddition", "job"),
            "owner": ("keep3r.JobAddition", "job_owner"),
            "keeper": ("keep3r.Bonding", "keeper"),
            "provider": ("keep3r.LiquidityAddition", "provider"),
        }
        found = {name: address for name, place in wanted.items() for _, address in self._rows(*place)[:1]}
        minted = self._rows("uniswap_v3_pool.Mint", "owner", emitter=self._pool)
        routers = [owner for _, owner in minted if owner != self._pair]
        if routers:
            found["router"] = routers[0]
        return found
