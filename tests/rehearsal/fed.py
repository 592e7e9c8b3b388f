"""A node that serves a simulation on an oracle that mainnet feeds: every view at every block, by the model of its lake.

What the oracle says of itself (tokens, salt, factory) are facts of the deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audits import keep3r_contracts, replay_contract
from eth_abi import encode

from keep3r_replay.chain.views import View
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.protocols.keep3r_v2.extract.parameters import parameters_of
from keep3r_replay.protocols.keep3r_v2.extract.views import OBSERVATIONS, SLOT0, questions_at
from keep3r_replay.replay.protocol import Block, Options
from tests.deployed.answers import REVERTED, viewed
from tests.scenario.served import ServedSimulation

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.protocols.keep3r_v2.scenario.simulator import Simulation

_FACTS = {
    "sidechain_oracle": {
        "token0": "address",
        "token1": "address",
        "fee": "uint24",
        "poolSalt": "bytes32",
        "factory": "address",
    },
    "uniswap_v3_pool": {"token0": "address", "token1": "address", "fee": "uint24", "tickSpacing": "int24"},
}
_STORED_AS = {"poolSalt": "pool_salt", "tickSpacing": "tick_spacing"}


class ServedArchive(ServedSimulation):
    """The simulation of a lake behind a port of this machine, as an archive. Use as a context.

    Attributes:
        methods: names of all methods that were asked, in order.
    """

    def __init__(self, simulation: Simulation, lake: Lake) -> None:
        super().__init__(simulation)
        self._lake = lake
        self._replays: dict[int, Keep3rV2] = {}
        self.methods: list[str] = []
        self._methods["eth_getStorageAt"] = lambda _address, _place, _block: "0x" + 64 * "0"
        self._views: dict[tuple[str, str], View] = {}
        for each in self._contracts.values():
            views = [View(name, (), returns) for name, returns in parameters_of(each).items()]
            views += [SLOT0, OBSERVATIONS] if each.role in _FACTS else []
            self._views |= {(each.address, view.selector.hex()): view for view in views}
        asked = questions_at(lake, len(self._chain.blocks) - 1)
        self._views |= {(each.contract, each.view.selector.hex()): each.view for each in asked}

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.methods.append(request["method"])
        if request["method"] != "eth_call":
            return super()._answer(request)
        call, tag = request["params"]
        return {"jsonrpc": "2.0", "id": request["id"], **self._called(call, self._number(tag))}

    def _called(self, call: dict[str, str], number: int) -> dict[str, Any]:
        contract, selector = self._contracts.get(call["to"].lower()), call["data"][2:10]
        if contract is None:
            return {"result": "0x"}
        told = self._fact(contract, selector)
        if told is not None:
            return {"result": "0x" + told.hex()}
        view = self._views.get((contract.address, selector))
        return REVERTED if view is None else viewed(self._at(number), contract.address, view, call["data"][10:])

    def _fact(self, contract: Contract, selector: str) -> bytes | None:
        for name, kind in _FACTS.get(contract.role, {}).items():
            if keccak256(f"{name}()".encode())[:4].hex() == selector:
                value = contract.facts[_STORED_AS.get(name, name)]
                return encode([kind], [bytes.fromhex(str(value)[2:]) if kind == "bytes32" else value])
        receiver = next((each for each in self._contracts.values() if each.role == "data_receiver"), None)
        is_asked = selector == keccak256(b"dataReceiver()")[:4].hex() and contract.role == "oracle_factory"
        return encode(["address"], [receiver.address]) if is_asked and receiver else None

    def _at(self, number: int) -> Keep3rV2:
        """The model at the end of a block."""
        if number not in self._replays:
            (root,) = keep3r_contracts(self._lake)
            replay = replay_contract(self._lake, root, number, None, Options(readings=False)).protocol
            block = self._chain.blocks[number]
            replay.begin_block(Block(number, block.timestamp, block.base_fee, 200_000_000))
            self._replays[number] = replay
        return self._replays[number]
