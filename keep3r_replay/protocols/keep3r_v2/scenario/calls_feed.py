"""Calls on an oracle that mainnet feeds: deliveries of its batches, in turn or ahead of it, and room for observations.

Follows DataReceiver, OracleFactory and OracleSidechain of the last generation: a batch ahead of its turn is cached,
and a later delivery that is ahead too, or a `sync_observations`, writes what has come into turn by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import duration, whole
from keep3r_replay.sidechain_oracle.events import RECEIVER
from keep3r_replay.sidechain_oracle.oracle import USUAL_CARDINALITY, Item, SidechainOracle
from keep3r_replay.uniswap_v3.tick_math import MAX_TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.protocols.keep3r_v2.scenario.world import World

ADAPTER = "adapter"
_ADD = "addObservations((uint32,int24)[],bytes32,uint24)"
_ARRAY_AT = 0x60
"""Where the batch begins among the arguments: after three words."""
_MOST_NONCE = 1 << 24


def fed(world: World, pool: str) -> SidechainOracle | None:
    """The oracle of this name; None for a pool. Raises `UsageError` for anything else."""
    record = world.pool(pool)
    return record if isinstance(record, SidechainOracle) else None


def deliver(world: World, items: Any, nonce: Any = None, pool: str = "pool") -> None:
    """`addObservations` of a batch, by the adapter.

    The first one founds the oracle, whose tokens are named right after it. A nonce ahead of its turn is cached; without
    one it is the next. Raises `UsageError` where the pool is none that mainnet feeds, `Revert` for a nonce that has
    been written.
    """
    oracle = _oracle(world, pool)
    batch = _batch(world, items)
    number = oracle.pool_nonce if nonce is None else whole(nonce, "deliver.nonce")
    if not 0 <= number < _MOST_NONCE:
        raise UsageError(f"deliver.nonce: {number} is no uint24")
    receiver, facts = _receiver(world), world.contract(pool).facts
    world.send(ADAPTER, receiver.address, _ADD, _arguments(batch, str(facts["pool_salt"]), number))
    is_new = not oracle.cardinality
    world.keep3r.require(is_new or number >= oracle.pool_nonce, "ObservationsNotWritable()")
    if is_new:
        oracle.deploy(USUAL_CARDINALITY, number)
        deployed = {"pool_salt": facts["pool_salt"], "oracle": oracle.address, "initial_nonce": number}
        world.emit("OracleDeployed", deployed, str(facts["factory"]))
    if number == oracle.pool_nonce:
        _write(world, pool, batch)
    else:
        waiting = world.cached_batches
        if not waiting.get((oracle.address, number)):
            waiting[oracle.address, number] = batch
            _tell(world, "ObservationsCached", pool, number)
        _write_waiting(world, pool, number)
    if is_new:
        _name_tokens(world, pool, facts)


def sync_observations(world: World, pool: str = "pool") -> None:
    """`syncObservations`, which anybody may call: what waits and has come into turn is written.

    Raises `Revert` where nothing is.
    """
    oracle = _oracle(world, pool)
    salt = str(world.contract(pool).facts["pool_salt"])
    world.call("anybody", _receiver(world).address, "syncObservations(bytes32,uint256)", salt, 0)
    before = oracle.pool_nonce
    world.keep3r.require(bool(world.cached_batches.get((oracle.address, before))), "ObservationsNotWritable()")
    _write_waiting(world, pool, _MOST_NONCE)


def grow(world: World, count: int, pool: str) -> None:
    """`increaseOracleCardinality` of the factory, by who governs it. Raises `Revert` where it is no more."""
    oracle, facts = _oracle(world, pool), world.contract(pool).facts
    signature = "increaseOracleCardinality(bytes32,uint16)"
    world.call("factory_governor", str(facts["factory"]), signature, str(facts["pool_salt"]), count)
    old = oracle.cardinality_next
    world.keep3r.require(old > 0, "empty")
    world.keep3r.require(count > old, "AI()")
    oracle.grow(count)
    values: dict[str, object] = {"observation_cardinality_next_old": old, "observation_cardinality_next_new": count}
    world.emit("IncreaseObservationCardinalityNext", values, pool)


def _oracle(world: World, pool: str) -> SidechainOracle:
    oracle = fed(world, pool)
    if oracle is None:
        raise UsageError(f"the pool '{pool}' is none that mainnet feeds; scenario.feed makes 'pool' one")
    return oracle


def _receiver(world: World) -> Contract:
    return next(each for each in reversed(world.chain.deployment.contracts) if each.role == RECEIVER)


def _batch(world: World, items: Any) -> tuple[Item, ...]:
    if not isinstance(items, (list, tuple)) or not all(isinstance(each, (list, tuple)) for each in items):
        raise UsageError(f"deliver.items: a list of [how long ago, tick] is wanted, not {items!r:.60}")
    found = []
    for each in items:
        if len(each) != 2:
            raise UsageError(f"deliver.items: {each!r:.60} is no [how long ago, tick]")
        ago, tick = duration(each[0], "deliver.items"), whole(each[1], "deliver.items")
        if abs(tick) > MAX_TICK:
            raise UsageError(f"deliver.items: tick {tick} is beyond {MAX_TICK}")
        found.append(Item(max(0, world.now - ago), tick))
    return tuple(found)


def _arguments(batch: Sequence[Item], salt: str, nonce: int) -> bytes:
    head = encode_arguments(("uint256", "bytes32", "uint24", "uint256"), (_ARRAY_AT, salt, nonce, len(batch)))
    return head + b"".join(encode_arguments(("uint32", "int24"), item) for item in batch)


def _write(world: World, pool: str, batch: Sequence[Item]) -> None:
    oracle = _oracle(world, pool)
    nonce = oracle.pool_nonce
    oracle.write(batch)
    zero = "0x" + 40 * "0"
    values: dict[str, object] = {"sender": zero, "recipient": zero, "amount0": 0, "amount1": 0, "liquidity": 0}
    world.emit("Swap", values | {"sqrt_price_x96": oracle.sqrt_price_x96, "tick": oracle.tick}, pool)
    _tell(world, "ObservationsAdded", pool, nonce)


def _write_waiting(world: World, pool: str, until: int) -> None:
    oracle = _oracle(world, pool)
    while oracle.pool_nonce <= until and (batch := world.cached_batches.get((oracle.address, oracle.pool_nonce))):
        del world.cached_batches[oracle.address, oracle.pool_nonce]
        _write(world, pool, batch)


def _tell(world: World, event: str, pool: str, nonce: int) -> None:
    values: dict[str, object] = {
        "pool_salt": world.contract(pool).facts["pool_salt"],
        "pool_nonce": nonce,
        "receiver_adapter": world.actors[ADAPTER],
    }
    world.emit(event, values, _receiver(world).address)


def _name_tokens(world: World, pool: str, facts: Any) -> None:
    """`initializePoolInfo`, in the transaction after: until then no helper takes the oracle."""
    oracle = _oracle(world, pool)
    signature = "initializePoolInfo(address,address,uint24)"
    world.call("anybody", pool, signature, oracle.token0, oracle.token1, int(facts["fee"]))
    values = {name: facts[name] for name in ("pool_salt", "token0", "token1", "fee")}
    oracle.unlocked = False
    world.emit("PoolInfoInitialized", values, pool)


CALLS: dict[str, Callable[..., None]] = {"deliver": deliver, "sync_observations": sync_observations}
