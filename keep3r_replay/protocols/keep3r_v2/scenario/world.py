"""Where calls are played: the model, the chain they leave their logs on, and who is who."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.contract.checks import Strict
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v2.events import EVENTS
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import HELPER_CALLS, KEEP3R_CALLS, SELECTOR
from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
from keep3r_replay.protocols.keep3r_v2.scenario.actors import Actors
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import PARTS, amount
from keep3r_replay.replay.protocol import Block
from keep3r_replay.scenario.chain import GAS_LIMIT, Chain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward
    from keep3r_replay.sidechain_oracle.oracle import Item
    from keep3r_replay.uniswap_v3.oracle import Pool

CALL_GAS = 300_000
"""Gas used by a call whose gas pays nobody."""
_SELECTORS = {call.signature: selector for selector, call in (KEEP3R_CALLS | HELPER_CALLS).items()}


@cache
def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:SELECTOR]


class World:
    """One simulation under way; calls (`calls`) change `keep3r` and write to `chain`."""

    def __init__(
        self, deployment: Deployment, addresses: Mapping[str, str], token_fees: Mapping[str, int] | None = None
    ) -> None:
        self.actors = Actors(deployment, addresses)
        self._token_fees = {self.actors[token]: fee for token, fee in (token_fees or {}).items()}
        contract = deployment.by_address()[self.actors["keep3r"]]
        self.protocol = Keep3rV2(deployment, contract, "scenario", Journal(), {}, None)
        self.keep3r = self.protocol.keep3r
        self.keep3r.checks = Strict()
        self.chain = Chain(deployment, EVENTS)
        self.balances: defaultdict[tuple[str, str], int] = defaultdict(int)
        """Pair managers' tokens that people hold, wei, by token and holder."""
        self.cached_batches: dict[tuple[str, int], tuple[Item, ...]] = {}
        """Batches that came ahead of their turn, by oracle and nonce."""

    @property
    def now(self) -> int:
        """Time of the present block, seconds."""
        return self.protocol.context.now

    @property
    def base_fee(self) -> int:
        """Base fee of the present block, wei."""
        return self.protocol.context.base_fee

    @property
    def governance(self) -> str:
        """Who governs Keep3r now."""
        return self.keep3r.parameters.governance

    @property
    def kp3r(self) -> str:
        """The token that bonds and payments are in now."""
        return self.keep3r.parameters.keep3r_v1

    def pool(self, name: str = "pool") -> Pool:
        """A pool by name or address. Raises `UsageError` for anything else."""
        pool = self.keep3r.pools.get(self.actors[name])
        if pool is None:
            raise UsageError(f"there is no pool '{name}'; scenario.pools adds some beside 'pool'")
        return pool

    def contract(self, name: str) -> Contract:
        """One of the deployment's contracts, by name or address."""
        return self.chain.deployment.by_address()[self.actors[name]]

    def pool_fee(self, name: str = "pool") -> int:
        """A pool's fee in millionths."""
        return int(self.contract(name).facts["fee"])

    def pair(self, name: str) -> str:
        """The address of a pair manager, which is a liquidity's token. Raises `UsageError` for anything else."""
        address = self.actors[name]
        if address not in self.keep3r.pair_pools:
            raise UsageError(f"there is no pair manager '{name}'; a pool of scenario.pools names its own as 'pair'")
        return address

    def received(self, token: str, value: int) -> int:
        """What arrives of `value` wei of a token, by its address: some keep a part of every transfer."""
        return value - value * self._token_fees.get(token, 0) // PARTS

    def begin_block(self, timestamp: int, base_fee: int) -> None:
        """Open the next block: seconds, wei."""
        block = self.chain.begin_block(timestamp, base_fee)
        self.protocol.begin_block(Block(block.number, timestamp, base_fee, GAS_LIMIT))

    def direct(self, sender: str, signature: str, *arguments: str | int, to: str = "keep3r") -> None:
        """Begin a transaction in which `sender` calls a function of Keep3r, or of a helper, itself."""
        types = signature[signature.index("(") + 1 : -1]
        data = bytes.fromhex(_SELECTORS[signature]) + encode_arguments(types.split(",") if types else [], arguments)
        self._begin(sender, to, data)

    def call(self, sender: str, to: str, signature: str, *arguments: str | int, gas_used: int = CALL_GAS) -> None:
        """Begin a transaction in which `sender` calls a function of any other contract."""
        types = signature[signature.index("(") + 1 : -1]
        self._begin(
            sender, to, _selector(signature) + encode_arguments(types.split(",") if types else [], arguments), gas_used
        )

    def send(self, sender: str, to: str, signature: str, arguments: bytes) -> None:
        """Begin a transaction as `call` does, with encoded arguments."""
        self._begin(sender, to, keccak256(signature.encode())[:SELECTOR] + arguments)

    def _begin(self, sender: str, to: str, data: bytes, gas_used: int = CALL_GAS) -> None:
        made = self.chain.begin_transaction(self.actors[sender], self.actors[to], data, max(gas_used, CALL_GAS))
        made.gas_used = gas_used
        self.protocol.context.transaction = made.block, made.index

    def emit(self, event: str, values: dict[str, object], emitter: str = "keep3r") -> None:
        """Write an event of Keep3r, or of another contract; `values` by column."""
        self.chain.emit(self.actors[emitter], event, values)

    def emit_rewards(self, job: str, rewards: Sequence[Reward]) -> None:
        """Write LiquidityCreditsReward events."""
        for reward in rewards:
            self.emit("LiquidityCreditsReward", {"job": job, **reward._asdict()})

    def check_balance(self, pair: str, holder: str, value: int) -> None:
        """Raises `Revert` where somebody holds less of a pair manager's token, in wei."""
        self.keep3r.require(self.balances[pair, holder] >= value, ARITHMETIC_PANIC)

    def transfer(self, pair: str, sender: str, receiver: str, value: int) -> None:
        """Move a pair manager's token between two addresses, in wei, and write its Transfer.

        Raises `Revert` where the sender holds less.
        """
        if sender != ZERO_ADDRESS:
            self.check_balance(pair, sender, value)
            self.balances[pair, sender] -= value
        if receiver != ZERO_ADDRESS:
            self.balances[pair, receiver] += value
        self.emit("Transfer", {"from": sender, "to": receiver, "value": value}, pair)

    def amount(self, value: Any, name: str) -> int:
        """An argument in wei. Raises `UsageError` for anything else."""
        return amount(value, name)
