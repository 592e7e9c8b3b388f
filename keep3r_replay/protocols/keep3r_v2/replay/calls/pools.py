"""Events of pools and of the pair managers that hold their liquidity: they move prices and tokens, not credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS
from keep3r_replay.replay.protocol import EventHandler, Row
from keep3r_replay.sidechain_oracle.oracle import SidechainOracle
from keep3r_replay.uniswap_v3.position_check import Position, burn_contradiction, mint_contradiction, tick_of_mint
from keep3r_replay.uniswap_v3.swap_check import swap_contradiction
from keep3r_replay.uniswap_v3.tick_math import HIGHEST_PRICE, LOWEST_PRICE, tick_at

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.uniswap_v3.oracle import Pool
    from keep3r_replay.uniswap_v3.swap_check import Contradiction


_FOUNDED = "a pool logs Initialize first, and once"
_FOLLOWS = (
    "price, liquidity and positions before it do not lead to this event: it, or an event of the pool before it, is "
    "missing or changed"
)


def on_initialize(context: CallContext, row: Row) -> None:
    """Initialize of a pool: its first event, with the tick of its price."""
    log_index, address, sqrt_price, tick = row
    pool, price = context.keep3r.pools[address], int.from_bytes(sqrt_price, "big")
    if pool.times:
        context.expect(log_index, address, "event", "none", "Initialize", _FOUNDED)
        return
    within = min(max(price, LOWEST_PRICE - 1), HIGHEST_PRICE)
    context.expect(log_index, address, "sqrt_price_x96", within, price, "no pool can be founded at this price")
    context.expect(log_index, address, "tick", tick_at(price), tick, "the tick is not that of the price")
    pool.initialize(context.now, price, tick)


def on_swap(context: CallContext, row: Row) -> None:
    """Swap in a pool."""
    log_index, address, amount0, amount1, sqrt_price, liquidity, tick = row
    pool = context.keep3r.pools[address]
    price = int.from_bytes(sqrt_price, "big")
    if not pool.times:
        _begins_late(context, log_index, pool)
    elif not pool.partial:
        wrong = swap_contradiction(pool, amount0, amount1, price, liquidity, tick)
        if wrong is not None:
            _contradicts(context, log_index, address, wrong)
    pool.swap(context.now, price, liquidity, tick)


def on_mint(context: CallContext, row: Row) -> None:
    """Mint of a position in a pool."""
    log_index, address, owner, tick_lower, tick_upper, amount, amount0, amount1 = row
    pool, position = context.keep3r.pools[address], Position(owner, tick_lower, tick_upper)
    if not pool.times:
        _begins_late(context, log_index, pool)
    if not pool.sqrt_price_x96:
        pool.tick = tick_of_mint(position, amount, amount1)
    if not pool.partial:
        _contradicts(context, log_index, address, mint_contradiction(pool, position, amount, amount0, amount1))
    pool.change_liquidity(context.now, tick_lower, tick_upper, amount)
    pool.change_position(*position, amount)
    if owner in context.keep3r.pair_pools:
        context.pool_mints.setdefault((owner, amount), []).append(log_index)


def on_burn(context: CallContext, row: Row) -> None:
    """Burn of a position in a pool; of nothing, when only its fees are brought up to date."""
    log_index, address, owner, tick_lower, tick_upper, amount, amount0, amount1 = row
    pool, position = context.keep3r.pools[address], Position(owner, tick_lower, tick_upper)
    if not pool.partial:
        _contradicts(context, log_index, address, burn_contradiction(pool, position, amount, amount0, amount1))
    # No more than there is: a burn that the pool would have refused takes nothing from other positions.
    taken = amount if pool.partial else min(amount, pool.positions.get(position, 0))
    pool.change_liquidity(context.now, tick_lower, tick_upper, -taken)
    pool.change_position(*position, -taken)
    if amount and owner in context.keep3r.pair_pools:
        context.pool_mints.setdefault((owner, -amount), []).append(log_index)


def _contradicts(context: CallContext, log_index: int, address: str, wrong: Contradiction | None) -> None:
    if wrong is not None:
        context.expect(log_index, address, wrong.field, wrong.expected, wrong.observed, _FOLLOWS)


_GROWS = "the pool logs it only as it grows"


def _begins_late(context: CallContext, log_index: int, pool: Pool) -> None:
    """An event of a pool without an Initialize before it: the pool begins here, at a price that the next swap shows."""
    context.expect(log_index, pool.address, "event", "Initialize before it", "none", _FOUNDED)
    pool.initialize(context.now, 0, 0)


def on_cardinality(context: CallContext, row: Row) -> None:
    """IncreaseObservationCardinalityNext of a pool."""
    log_index, address, old, new = row
    pool = context.keep3r.pools[address]
    if not pool.times:
        _begins_late(context, log_index, pool)
    context.expect(
        log_index, address, "observation_cardinality_next_old", pool.cardinality_next, old, "the pool held another one"
    )
    context.expect(log_index, address, "observation_cardinality_next_new", max(new, old + 1), new, _GROWS)
    if context.growth is not None and context.growth.pool == address:
        asked, context.growth = context.growth.asked, None
        context.expect(
            log_index,
            address,
            "observation_cardinality_next_new",
            asked,
            new,
            "the transaction asked for another number",
        )
    pool.grow(new)


def end_of_growth(context: CallContext) -> None:
    """At the end of a transaction: room was asked for that the pool did not have, and no event tells that it grew."""
    assert context.growth is not None
    (address, asked), context.growth = context.growth, None
    pool = context.keep3r.pools[address]
    if pool.times and asked > pool.cardinality_next:
        context.journal.note(
            "missing_event",
            None,
            address,
            "event",
            "IncreaseObservationCardinalityNext",
            "none",
            f"the transaction asked the pool for room for {asked} observations and succeeded, which this event tells",
        )
        pool.grow(asked)


def on_fee_protocol(context: CallContext, row: Row) -> None:
    """SetFeeProtocol of a pool."""
    log_index, address, old0, old1, fee0, fee1 = row
    pool = context.keep3r.pools[address]
    for name, held, old in (("0", pool.fee_protocol & 15, old0), ("1", pool.fee_protocol >> 4, old1)):
        context.expect(log_index, address, f"fee_protocol{name}_old", held, old, "the pool held another one")
    pool.fee_protocol = fee0 + (fee1 << 4)


def on_pair_transfer(context: CallContext, row: Row) -> None:
    """Transfer of a pair manager's token. It is minted and burned only after the pool did so for the pair manager.

    A sidechain's liquidity, which an oracle quotes, has its pool on mainnet: a bridge mints and burns it.
    """
    log_index, address, sender, receiver, amount = row
    if ZERO_ADDRESS in (sender, receiver):
        key = (address, amount if sender == ZERO_ADDRESS else -amount)
        waiting = context.pool_mints.get(key)
        if waiting:
            waiting.pop()
        elif not _is_bridged(context.keep3r, address):
            context.expect(
                log_index,
                address,
                "amount",
                0,
                amount,
                "the pool did not mint or burn this liquidity for the pair manager earlier in the transaction",
            )
        return
    transfer = (address, sender, receiver, amount)
    context.pair_transfers.setdefault(transfer, []).append(log_index)


def _is_bridged(keep3r: Keep3r, liquidity: str) -> bool:
    pool = keep3r.pair_pools.get(liquidity)
    if pool is None:
        return keep3r.rules.pool_from_helper
    return isinstance(keep3r.pools.get(pool), SidechainOracle)


def end_transaction(context: CallContext) -> None:
    """Forget the movements of a transaction at its end; a pool minted and burned for nobody else than its logs say."""
    for (manager, amount), places in context.pool_mints.items():
        for place in places:
            context.expect(
                place,
                manager,
                "amount",
                0,
                amount,
                "the pair manager's token was not minted or burned in the transaction as the pool's liquidity was",
            )
    context.pool_mints.clear()
    if context.pair_transfers:
        context.pair_transfers.clear()


_POSITION_COLUMNS = ("address", "owner", "tick_lower", "tick_upper", "amount", "amount0", "amount1")

HANDLERS = {
    "uniswap_v3_pool.Initialize": EventHandler(("address", "sqrt_price_x96", "tick"), on_initialize),
    "uniswap_v3_pool.Swap": EventHandler(
        ("address", "amount0", "amount1", "sqrt_price_x96", "liquidity", "tick"), on_swap
    ),
    "uniswap_v3_pool.Mint": EventHandler(_POSITION_COLUMNS, on_mint),
    "uniswap_v3_pool.Burn": EventHandler(_POSITION_COLUMNS, on_burn),
    "uniswap_v3_pool.IncreaseObservationCardinalityNext": EventHandler(
        ("address", "observation_cardinality_next_old", "observation_cardinality_next_new"), on_cardinality
    ),
    "uniswap_v3_pool.SetFeeProtocol": EventHandler(
        ("address", "fee_protocol0_old", "fee_protocol1_old", "fee_protocol0_new", "fee_protocol1_new"), on_fee_protocol
    ),
    "pair_manager.Transfer": EventHandler(("address", "from", "to", "value"), on_pair_transfer),
}
