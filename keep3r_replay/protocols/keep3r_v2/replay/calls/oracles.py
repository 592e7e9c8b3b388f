"""Events of the oracles that mainnet feeds: what a `Swap` of theirs wrote stands in the feed, not in the event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.journal import NOTICE
from keep3r_replay.replay.protocol import EventHandler, Row
from keep3r_replay.sidechain_oracle.feed import Written
from keep3r_replay.sidechain_oracle.oracle import SidechainOracle

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext

UNTOLD = Written(None, None)
"""Of a `Swap` that no feed knows."""
_FED = "the batches before it, or the one that it writes, are missing or changed"


def _oracle(context: CallContext, address: str) -> SidechainOracle | None:
    oracle = context.keep3r.pools.get(address)
    return oracle if isinstance(oracle, SidechainOracle) else None


def on_deployed(context: CallContext, row: Row) -> None:
    """OracleDeployed of a factory: an oracle begins, with the ring that its factory gives new ones."""
    _, address, nonce = row
    oracle, deployed = _oracle(context, address), context.feed.oracles.get(address)
    if oracle is not None and deployed is not None:
        oracle.deploy(deployed.cardinality, nonce)


def on_swap(context: CallContext, row: Row) -> None:
    """Swap of an oracle: a batch was written; the event tells the tick after it."""
    log_index, address, sqrt_price, tick = row
    oracle = _oracle(context, address)
    assert oracle is not None
    written = context.feed.written.get((context.block_number, log_index), UNTOLD)
    if written.nonce is not None:
        context.expect(log_index, address, "pool_nonce", oracle.pool_nonce, written.nonce, _FED)
        oracle.pool_nonce = written.nonce
    if not oracle.cardinality or written.batch is None:
        _untold(context, log_index, oracle, written.nonce)
        return
    try:
        oracle.write(written.batch)
    except Revert as revert:
        context.impossible(log_index, address, revert.name)
    price = int.from_bytes(sqrt_price, "big")
    context.expect(log_index, address, "tick", oracle.tick, tick, _FED)
    context.expect(log_index, address, "sqrt_price_x96", oracle.sqrt_price_x96, price, _FED)
    oracle.tick, oracle.sqrt_price_x96 = tick, price


def _untold(context: CallContext, log_index: int, oracle: SidechainOracle, nonce: int | None) -> None:
    which = "" if nonce is None else f" by nonce {nonce}"
    if not oracle.is_unknown:
        context.journal.note(
            "unknown_batch",
            log_index,
            oracle.address,
            "batch",
            "its items, in a log or an input",
            "none",
            f"nothing tells what was written{which}: what depends on this oracle is undetermined from here on",
            NOTICE,
        )
    oracle.write(None)


def on_growth(context: CallContext, row: Row) -> None:
    """IncreaseObservationCardinalityNext of an oracle."""
    log_index, address, old, new = row
    oracle = _oracle(context, address)
    assert oracle is not None
    context.expect(log_index, address, "observation_cardinality_next_old", oracle.cardinality_next, old, _FED)
    oracle.grow(new)


def on_pool_info(context: CallContext, row: Row) -> None:
    """PoolInfoInitialized: the oracle names its tokens from here on."""
    _, address, token0, token1 = row
    oracle = _oracle(context, address)
    assert oracle is not None
    oracle.token0, oracle.token1, oracle.unlocked = token0, token1, False


HANDLERS = {
    "oracle_factory.OracleDeployed": EventHandler(("oracle", "initial_nonce"), on_deployed),
    "sidechain_oracle.Swap": EventHandler(("address", "sqrt_price_x96", "tick"), on_swap),
    "sidechain_oracle.IncreaseObservationCardinalityNext": EventHandler(
        ("address", "observation_cardinality_next_old", "observation_cardinality_next_new"), on_growth
    ),
    "sidechain_oracle.PoolInfoInitialized": EventHandler(("address", "token0", "token1"), on_pool_info),
}
