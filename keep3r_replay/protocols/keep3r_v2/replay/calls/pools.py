"""Events of pools and of the pair managers that hold their liquidity: they move prices and tokens, not credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS
from keep3r_replay.replay.protocol import EventHandler, Row
from keep3r_replay.uniswap_v3.swap_check import swap_contradiction

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


def on_initialize(context: CallContext, row: Row) -> None:
    """Initialize of a pool."""
    _, address, sqrt_price, tick = row
    context.keep3r.pools[address].initialize(context.now, int.from_bytes(sqrt_price, "big"), tick)


def on_swap(context: CallContext, row: Row) -> None:
    """Swap in a pool."""
    log_index, address, amount0, amount1, sqrt_price, liquidity, tick = row
    pool = context.keep3r.pools[address]
    price = int.from_bytes(sqrt_price, "big")
    wrong = swap_contradiction(pool, amount0, amount1, price, liquidity, tick)
    if wrong is not None:
        context.expect(
            log_index,
            address,
            wrong.field,
            wrong.expected,
            wrong.observed,
            "price, liquidity and positions before it do not lead to this swap: it, or an event of the pool before it, "
            "is missing or changed",
        )
    pool.swap(context.now, price, liquidity, tick)


def on_mint(context: CallContext, row: Row) -> None:
    """Mint of a position in a pool."""
    _, address, owner, tick_lower, tick_upper, amount = row
    context.keep3r.pools[address].change_liquidity(context.now, tick_lower, tick_upper, amount)
    if owner in context.keep3r.pair_pools:
        context.pool_mints[owner, amount] = context.pool_mints.get((owner, amount), 0) + 1


def on_burn(context: CallContext, row: Row) -> None:
    """Burn of a position in a pool; of nothing, when only its fees are brought up to date."""
    _, address, owner, tick_lower, tick_upper, amount = row
    context.keep3r.pools[address].change_liquidity(context.now, tick_lower, tick_upper, -amount)
    if owner in context.keep3r.pair_pools:
        context.pool_mints[owner, -amount] = context.pool_mints.get((owner, -amount), 0) + 1


def on_cardinality(context: CallContext, row: Row) -> None:
    """IncreaseObservationCardinalityNext of a pool."""
    _, address, old, new = row
    pool = context.keep3r.pools[address]
    context.expect(
        row[0], address, "observation_cardinality_next_old", pool.cardinality_next, old, "the pool held another one"
    )
    pool.grow(new)


def on_fee_protocol(context: CallContext, row: Row) -> None:
    """SetFeeProtocol of a pool."""
    _, address, fee0, fee1 = row
    context.keep3r.pools[address].fee_protocol = fee0 + (fee1 << 4)


def on_pair_transfer(context: CallContext, row: Row) -> None:
    """Transfer of a pair manager's token. It is minted and burned only after the pool did so for the pair manager."""
    log_index, address, sender, receiver, amount = row
    if ZERO_ADDRESS in (sender, receiver):
        key = (address, amount if sender == ZERO_ADDRESS else -amount)
        count = context.pool_mints.get(key, 0)
        if count:
            context.pool_mints[key] = count - 1
        else:
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
    context.pair_transfers[transfer] = context.pair_transfers.get(transfer, 0) + 1


def end_transaction(context: CallContext) -> None:
    """Forget the movements of a transaction at its end."""
    if context.pool_mints:
        context.pool_mints.clear()
    if context.pair_transfers:
        context.pair_transfers.clear()


HANDLERS = {
    "uniswap_v3_pool.Initialize": EventHandler(("address", "sqrt_price_x96", "tick"), on_initialize),
    "uniswap_v3_pool.Swap": EventHandler(
        ("address", "amount0", "amount1", "sqrt_price_x96", "liquidity", "tick"), on_swap
    ),
    "uniswap_v3_pool.Mint": EventHandler(("address", "owner", "tick_lower", "tick_upper", "amount"), on_mint),
    "uniswap_v3_pool.Burn": EventHandler(("address", "owner", "tick_lower", "tick_upper", "amount"), on_burn),
    "uniswap_v3_pool.IncreaseObservationCardinalityNext": EventHandler(
        ("address", "observation_cardinality_next_old", "observation_cardinality_next_new"), on_cardinality
    ),
    "uniswap_v3_pool.SetFeeProtocol": EventHandler(
        ("address", "fee_protocol0_new", "fee_protocol1_new"), on_fee_protocol
    ),
    "pair_manager.Transfer": EventHandler(("address", "from", "to", "value"), on_pair_transfer),
}
