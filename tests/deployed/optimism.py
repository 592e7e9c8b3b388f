"""Keep3r 2.3 of Optimism, simulated on oracles that were recorded: its history goes on where the recording ends.

Oracles, their factory, receivers and helper are the recording's, first generation; what feeds them has been told by
then, so that prices stay as they are. Keep3r's own history follows, in the same addresses, in blocks after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from keep3r_replay.protocols.keep3r_v2.extract.parameters import parameters_of
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import schedule
from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import CALLS
from keep3r_replay.protocols.keep3r_v2.scenario.world import World
from keep3r_replay.scenario.chain import GAS_LIMIT, Chain
from tests.deployed.answers import viewed
from tests.scenario.served import _ORACLE, _encoded
from tests.sidechain_oracle.test_extracted_oracles import KEEP3R, Served, selector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keep3r_replay.chain.views import Question, View
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2

PAIR, ESCROW = "0xf232d1afbed9df3880143d4fad095f3698c4d1c6", "0xdbc6501645407cf4d3af383fbd5bf7586b135d81"
LIQUIDITY = 400 * 10**18
REWARD_PERIOD = 432_000
LAST = 330
"""The last block that is taken of the recording: later the dollar's oracle is fed times out of order and to come."""
_SCRIPT: list[dict[str, Any]] = [
    {"wait": "12d"},
    {"do": "deposit", "amount": "1000e18"},
    {"do": "set_oracle"},
    {"do": "approve_liquidity"},
    {"do": "add_job", "job": "job"},
    {"do": "bond", "amount": "50e18"},
    {"wait": "73h"},
    {"do": "activate"},
    {"do": "add_liquidity", "job": "job", "amount": "400e18"},
    {"until": "period"},
    {
        "repeat": {
            "every": "30h",
            "for": "10d",
            "do": [{"do": "work", "gas": 600_000, "usd_per_gas_unit": "2e13"}],
        }
    },
    {"do": "unbond", "amount": "20e18"},
]


def deployment_with(oracles: Lake, left: Keep3rV2, price: str) -> Deployment:
    """The contracts of a lake of oracles, with a liquidity that `price` (an oracle) quotes, and an escrow.

    The helper is as the recorded history `left` it.
    """
    told = oracles.deployment
    more = (Contract("pair_manager", PAIR, facts={"pool": price}), Contract("escrow", ESCROW))
    known = tuple(each for each in told.contracts if each.address not in {PAIR, ESCROW})
    initial = {address: dict(state) for address, state in told.initial_state.items()}
    initial[KEEP3R]["keep3rV1Proxy"] = ESCROW
    for helper in left.keep3r.helpers:
        for name, text in initial[helper].items():
            now = left.view(helper, name, [], "view")
            if text.isdecimal() and now is not None:
                initial[helper][name] = str(now())
    return Deployment(
        *("Optimism", told.chain_id, told.origin, told.tokens, "all", (*known, *more), initial, 0, "keep3r_v2")
    )


def played(oracles: Lake, left: Keep3rV2, price: str, blocks: list[dict[str, Any]]) -> World:
    """Keep3r's history after the recorded `blocks`, on oracles as a replay of these `left` them."""
    deployment = deployment_with(oracles, left, price)
    start = int(blocks[-1]["timestamp"], 16)
    scenario = scenario_from({"name": "Optimism", "version": "2.3s", "start": start, "setup": _SCRIPT, "script": []})
    world = World(deployment, {})
    world.keep3r.pools |= left.keep3r.pools
    world.chain = Chain(deployment, EVENTS)
    for action in schedule(scenario, REWARD_PERIOD).actions:
        for oracle in left.keep3r.pools.values():
            oracle.now = action.time
        if action.call == "add_liquidity":
            world.begin_block(action.time - 1, 10**6)
            world.call("bridge", "pair", "mint(address,uint256)", world.actors["owner"], LIQUIDITY)
            world.transfer(PAIR, ZERO_ADDRESS, world.actors["provider"], LIQUIDITY)
            world.chain.end_block()
        world.begin_block(action.time, 10**6)
        CALLS[action.call](world, **action.arguments)
        world.chain.end_block()
    return world


class ServedOptimism(Served):
    """The recording of oracles up to block `LAST` and, after it, Keep3r's history."""

    def __init__(self, folder: Path, meta: dict[str, Any]) -> None:
        super().__init__(folder, meta, "gen1")
        del self.blocks[LAST + 1 :]
        self._logs = [each for each in self._logs if int(each["blockNumber"], 16) <= LAST]
        self._recorded = len(self.blocks)
        self._world: World | None = None
        self._asked: dict[tuple[str, str], View] = {}
        self._views[KEEP3R, selector("keep3rV1Proxy()")] = encode_arguments(["address"], [ESCROW])
        self._there |= {PAIR, ESCROW}

    def append(self, world: World) -> None:
        """Let what was played follow the recording's blocks."""
        self._world, chain = world, world.chain
        sent = {(each.block, each.index): each for each in chain.transactions}
        for block in chain.blocks:
            self.blocks.append(
                {
                    "number": hex(self._recorded + block.number),
                    "hash": "0x" + block.hash.hex(),
                    "parentHash": self.blocks[-1]["hash"],
                    "timestamp": hex(block.timestamp),
                    "gasUsed": hex(block.gas_used),
                    "gasLimit": hex(GAS_LIMIT),
                    "baseFeePerGas": hex(block.base_fee),
                }
            )
        for (block, index), each in sent.items():
            self._sent["0x" + each.hash.hex()] = {
                "hash": "0x" + each.hash.hex(),
                "blockNumber": hex(self._recorded + block),
                "transactionIndex": hex(index),
                "from": each.sender,
                "to": each.to,
                "gas": hex(each.gas),
                "gasUsed": hex(each.gas_used),
                "effectiveGasPrice": hex(each.price),
                "status": hex(each.status),
                "input": "0x" + each.data.hex(),
            }
        for log in chain.logs:
            self._logs.append(
                {
                    "address": "0x" + log.address.hex(),
                    "topics": ["0x" + topic.hex() for topic in log.topics],
                    "data": "0x" + log.data.hex(),
                    "blockNumber": hex(self._recorded + log.block),
                    "blockHash": "0x" + chain.blocks[log.block].hash.hex(),
                    "transactionHash": "0x" + sent[log.block, log.transaction].hash.hex(),
                    "transactionIndex": hex(log.transaction),
                    "logIndex": hex(log.place),
                    "removed": False,
                }
            )

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] == "eth_call" and self._world and self._number(call["params"][1]) == len(self.blocks) - 1:
            now = self._now(call["params"][0]["to"].lower(), call["params"][0]["data"][2:], self._world)
            if now is not None:
                return now
        return super()._answer(call)

    def answer_views(self, lake: Lake, questions: Sequence[Question]) -> None:
        """Answer these views of a lake's contracts after the last block, whichever contract of the role is asked."""
        roles = lake.deployment.by_address()
        self._asked = {(roles[each.contract].role, each.view.selector.hex()): each.view for each in questions}

    def _now(self, address: str, data: str, world: World) -> dict[str, Any] | None:
        """What a contract answers after the last block; None for what never changes."""
        contract = world.chain.deployment.by_address().get(address)
        if contract is None:
            return None
        if contract.role == "keep3r_helper" and data[:8] == _ORACLE:
            oracles = world.keep3r.helpers[address].oracles
            told = encode_arguments(["address"], [oracles.get("0x" + data[-40:].lower(), ZERO_ADDRESS)])
            return {"result": "0x" + told.hex()}
        for name, kinds in parameters_of(contract).items():
            if keccak256(f"{name}()".encode())[:4].hex() == data[:8]:
                view = world.protocol.view(address, name, [], "view")
                return None if view is None else {"result": "0x" + _encoded(kinds, view()).hex()}
        asked = self._asked.get((contract.role, data[:8]))
        return None if asked is None else viewed(world.protocol, address, asked, data[8:])
