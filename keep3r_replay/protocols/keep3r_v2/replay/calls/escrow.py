"""Events of the sidechain's escrow: its balance of wKP3R, which `virtualReserves` answers from."""

from __future__ import annotations

from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, audited
from keep3r_replay.replay.protocol import EventHandler, Row


def _move(context: CallContext, escrow: str, token: str, amount: int) -> None:
    balances = context.keep3r.escrow_balances
    # The initial balance was read after the events up to that block.
    if (escrow, token) in balances and context.block_number > context.initial_state_block:
        balances[escrow, token] += amount


def on_deposited(context: CallContext, row: Row) -> None:
    """wKP3RDeposited."""
    _, escrow, token, amount = row
    _move(context, escrow, token, amount)


def on_paid_out(context: CallContext, row: Row) -> None:
    """wKP3RMinted, or DustSent."""
    _, escrow, token, amount = row
    _move(context, escrow, token, -amount)


PLAIN = {
    "escrow.wKP3RDeposited": EventHandler(("address", "wkp3r", "amount"), on_deposited),
    "escrow.wKP3RMinted": EventHandler(("address", "wkp3r", "amount"), on_paid_out),
    "escrow.DustSent": EventHandler(("address", "token", "amount"), on_paid_out),
}

HANDLERS = audited(PLAIN)
