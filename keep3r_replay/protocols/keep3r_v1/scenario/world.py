"""The deployment that a script plays on, and transactions on it: a model and the chain that it writes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.journal import Journal
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.protocols.keep3r_v1.contract.functions import BY_NAME, selector
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.protocols.keep3r_v1.contract.savepoint import undone
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.contract.token import transfer_tokens
from keep3r_replay.protocols.keep3r_v1.events import EVENTS, KEEP3R_V1_EVENTS, ROOT
from keep3r_replay.protocols.keep3r_v1.replay.build import replay_of
from keep3r_replay.protocols.keep3r_v1.replay.steps import add_pair, deploy_oracle, observe
from keep3r_replay.protocols.keep3r_v1.scenario.script import address_of
from keep3r_replay.scenario.chain import Chain
from keep3r_replay.scenario.writer import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v1.scenario.script import Script

CHAIN_ID = 31_337
GAS_USED, GAS_PRICE = 150_000, 10**9
"""What a transaction takes that measures nothing: the model knows no gas."""
OVERHEAD = 60_000
"""Gas that a work's transaction uses beside what it measures."""
KP3R, WETH, PAIR, GOVERNANCE = (address_of(name) for name in ("kp3r", "weth", "pair", "governance"))
FASTGAS, ROUTER = address_of("fastgas"), address_of("router")
ORACLES = {"uniswap": address_of("uniswap_v2_oracle"), "v1": address_of("v1_oracle"), "v2": address_of("v2_factory")}
V2_ORACLE = address_of("v2_oracle")
_COLUMNS = {event.name: [parameter.column for parameter in event.parameters] for event in KEEP3R_V1_EVENTS}


def deployment_of(script: Script) -> Deployment:
    """The contracts of a script."""
    contracts = [
        Contract(ROOT, KP3R, "1", {"from_block": 0}),
        Contract("weth", WETH),
        Contract("uniswap_v2_pair", PAIR, facts={"token0": KP3R, "token1": WETH}),
        Contract("fastgas", FASTGAS),
        *(Contract("chainlink_aggregator", aggregator_of(number)) for number in range(2)),
        Contract("uniswap_v2_oracle", ORACLES["uniswap"]),
        Contract("keep3r_v1_oracle", ORACLES["v1"]),
        Contract("keep3r_v2_oracle_factory", ORACLES["v2"]),
        Contract("keep3r_v2_oracle", V2_ORACLE, facts={"pair": PAIR}),
        *(Contract("keep3r_v1_helper", address_of(version), version) for version in HELPERS),
    ]
    ordered = tuple(sorted(contracts, key=lambda contract: (contract.role, contract.address)))
    state = {KP3R: {"governance": GOVERNANCE, "KPRH": address_of(script.helper)}}
    tokens = {"kp3r": KP3R, "weth": WETH, "kp3r_weth": PAIR}
    return Deployment(script.name, CHAIN_ID, ORIGIN, tokens, "all", ordered, state, 0, "keep3r_v1")


def aggregator_of(number: int) -> str:
    """Address of the first or the second aggregator behind the feed."""
    return address_of(f"aggregator {number}")


class World:
    """A model, and the chain that its transactions write."""

    def __init__(self, script: Script) -> None:
        deployment = deployment_of(script)
        root = next(each for each in deployment.contracts if each.role == ROOT)
        self.kp3r = replay_of(deployment, root, script.name, Journal()).kp3r
        self.chain = Chain(deployment, EVENTS)

    @property
    def pair(self) -> Any:
        """The pair of KP3R and WETH."""
        return self.kp3r.market.pairs[PAIR]

    def begin_block(self, timestamp: int) -> None:
        """Open a block."""
        block = self.chain.begin_block(timestamp, GAS_PRICE)
        self.kp3r.now, self.kp3r.block_number = timestamp, block.number
        self.kp3r.market.begin_block()

    def transaction(self, sender: str, to: str, data: bytes = b"", gas_used: int = GAS_USED) -> None:
        """Begin a transaction."""
        made = self.chain.begin_transaction(sender, to, data, 2 * gas_used)
        made.gas_used = gas_used

    def call(self, name: str, sender: str, *arguments: Any) -> str:
        """A transaction that calls the contract itself; gives the reason of its refusal, empty if it goes through."""
        function = BY_NAME[name]
        data = bytes.fromhex(selector(function.signature)) + encode_arguments(function.types, arguments)
        self.transaction(sender, KP3R, data)
        return self.run(partial(function.run, self.kp3r, sender, *arguments))

    def run(self, call: Callable[[], None]) -> str:
        """A call within the present transaction; one that is refused fails the transaction as a whole."""
        kp3r = self.kp3r
        kp3r.emitted = []
        arguments: tuple[Any, ...] = getattr(call, "args", ())[1:]
        touched = tuple(dict.fromkeys([*(each for each in arguments if isinstance(each, str)), ZERO_ADDRESS]))
        try:
            with undone(kp3r, touched) as savepoint:
                call()
                savepoint.keep()
                emitted = kp3r.emitted
        except Revert as error:
            self.chain.transactions[-1].status = 0
            return error.name
        for each in emitted:
            self.chain.emit(KP3R, each.event, dict(zip(_COLUMNS[each.event], each.values, strict=True)))
        kp3r.emitted = []
        return ""

    def answer(self, number: int, value: int) -> None:
        """A new answer of an aggregator."""
        aggregator = aggregator_of(number)
        self.transaction(address_of("feeder"), aggregator)
        self.kp3r.market.feed.update(aggregator, value)
        values: dict[str, object] = {"current": value, "round_id": len(self.chain.logs), "updated_at": self.kp3r.now}
        self.chain.emit(aggregator, "AnswerUpdated", values)

    def confirm(self, number: int) -> None:
        """Another aggregator in force."""
        data = bytes.fromhex("a928c096") + encode_arguments(["address"], [aggregator_of(number)])
        self.transaction(address_of("feeder"), FASTGAS, data)
        self.kp3r.market.feed.confirm(aggregator_of(number))

    def tell_oracles(self) -> None:
        """The pair is added to the oracles."""
        tokens = encode_arguments(["address", "address"], [WETH, KP3R])
        for name in ("uniswap", "v1"):
            self.transaction(GOVERNANCE, ORACLES[name], bytes.fromhex("52c28fab") + tokens)
            add_pair(self.kp3r, ORACLES[name], PAIR)
        data = bytes.fromhex("4c96a389") + encode_arguments(["address"], [PAIR])
        self.transaction(GOVERNANCE, ORACLES["v2"], data)
        deploy_oracle(self.kp3r, PAIR)

    def update(self, name: str) -> None:
        """A call that lets an oracle observe the pair, as far as it is time to."""
        signature = "update(address)" if name == "v2" else "updatePair(address)"
        data = bytes.fromhex(selector(signature)) + encode_arguments(["address"], [PAIR])
        self.transaction(address_of("updater"), ORACLES[name], data)
        observe(self.kp3r, V2_ORACLE if name == "v2" else ORACLES[name], PAIR)

    def provide(self, provider: str, kp3r: int, weth: int) -> None:
        """The pair's first liquidity."""
        self.transaction(provider, ROUTER)
        self.run(partial(transfer_tokens, self.kp3r, provider, PAIR, kp3r))
        supply = kp3r
        self._liquidity(ZERO_ADDRESS, provider, supply)
        self._sync(kp3r, weth)

    def stake(self, provider: str, job: str, amount: int) -> str:
        """`addLiquidityToJob`, with the Transfer of the LP tokens."""
        function = BY_NAME["addLiquidityToJob"]
        arguments = (PAIR, job, amount)
        data = bytes.fromhex(selector(function.signature)) + encode_arguments(function.types, arguments)
        self.transaction(provider, KP3R, data)
        if amount <= self.pair.balances[provider] and self.kp3r.liquidity_accepted.get(PAIR):
            logs = len(self.chain.logs)
            reason = self.run(partial(function.run, self.kp3r, provider, *arguments))
            if not reason:
                last = self.chain.logs.pop()
                self._liquidity(provider, KP3R, amount)
                moved = self.chain.logs.pop()
                self.chain.logs += [moved._replace(place=last.place), last._replace(place=last.place + 1)]
                assert len(self.chain.logs) == logs + 2
            return reason
        return self.run(partial(function.run, self.kp3r, provider, *arguments))

    def swap(self, trader: str, kp3r_in: int, weth_in: int) -> None:
        """A swap in the pair, for a fee of 0.3 %."""
        latest = self.pair.latest
        given, reserve_in, reserve_out = (
            (kp3r_in, latest.reserve0, latest.reserve1) if kp3r_in else (weth_in, latest.reserve1, latest.reserve0)
        )
        out = given * 997 * reserve_out // (reserve_in * 1_000 + given * 997)
        self.transaction(trader, ROUTER)
        if kp3r_in:
            self.run(partial(transfer_tokens, self.kp3r, trader, PAIR, kp3r_in))
            self._sync(latest.reserve0 + given, latest.reserve1 - out)
        else:
            self.run(partial(transfer_tokens, self.kp3r, PAIR, trader, out))
            self._sync(latest.reserve0 - out, latest.reserve1 + given)
        amounts = (given, 0, 0, out) if kp3r_in else (0, given, out, 0)
        names = ("amount0_in", "amount1_in", "amount0_out", "amount1_out")
        self.chain.emit(PAIR, "Swap", {"sender": ROUTER, **dict(zip(names, amounts, strict=True)), "to": trader})

    def _sync(self, reserve0: int, reserve1: int) -> None:
        self.pair.sync(reserve0, reserve1, self.kp3r.now)
        self.chain.emit(PAIR, "Sync", {"reserve0": reserve0, "reserve1": reserve1})

    def _liquidity(self, sender: str, recipient: str, amount: int) -> None:
        self.pair.transfer(sender, recipient, amount)
        self.chain.emit(PAIR, "Transfer", {"from": sender, "to": recipient, "value": amount})
