"""Events of the sidechain's escrow: its balance of wKP3R, which `virtualReserves` answers from."""

from __future__ import annotations

from keep3r_replay.keep3r_v2.calls.context import CallContext, EventHandler, Row, guarded


def _move(context: CallContext, escrow: str, amount: int) -> None:
    balances = context.keep3r.escrow_balances
    # The initial balance was read after the events up to that block.
    if escrow in balances and context.block_number > context.initial_state_block:
        balances[escrow] += amount


def on_deposited(context: CallContext, row: Row) -> None:
    """wKP3RDeposited."""
    _move(context, row[1], row[3])


def on_minted(context: CallContext, row: Row) -> None:
    """wKP3RMinted: paid out of the escrow."""
    _move(context, row[1], -row[3])


def on_dust(context: CallContext, row: Row) -> None:
    """DustSent, of wKP3R or of something else."""
    if row[2] == context.keep3r.parameters.keep3r_v1:
        _move(context, row[1], -row[3])


HANDLERS = {
    "escrow.wKP3RDeposited": EventHandler(("address", "wkp3r", "amount"), guarded(on_deposited)),
    "escrow.wKP3RMinted": EventHandler(("address", "wkp3r", "amount"), guarded(on_minted)),
    "escrow.DustSent": EventHandler(("address", "token", "amount"), guarded(on_dust)),
}
