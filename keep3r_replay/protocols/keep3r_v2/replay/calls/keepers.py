"""Events of keepers: bonds, activation, unbonding (shared with jobs' liquidity), withdrawal, slashing."""

from __future__ import annotations

from typing import NamedTuple

from keep3r_replay.journal import WARNING
from keep3r_replay.protocols.keep3r_v2.contract import disputes, keepers
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import unbond_liquidity_from_job
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, audited
from keep3r_replay.protocols.keep3r_v2.replay.calls.tokens import expect_arrival
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_arguments
from keep3r_replay.replay.protocol import EventHandler, Row


def on_bonding(context: CallContext, row: Row) -> None:
    """Bonding: tells what was received."""
    log_index, address, token, amount = row
    expect_arrival(context, log_index, address, token, amount, "bond(address,uint256)", 1)
    keepers.bond(context.keep3r, address, token, amount, context.now)


def on_activation(context: CallContext, row: Row) -> None:
    """Activation: always of all that is pending."""
    log_index, address, token, amount = row
    pending = keepers.activate(context.keep3r, address, token, context.now)
    context.expect(log_index, address, "amount", pending, amount, "an activation takes the whole pending bond")


def on_unbonding(context: CallContext, row: Row) -> None:
    """Unbonding: of a job's liquidity if the address is a job now, else of a keeper's bond."""
    _, address, token, amount = row
    if address in context.keep3r.job_list:
        unbond_liquidity_from_job(context.keep3r, address, token, amount, context.now)
    else:
        keepers.unbond(context.keep3r, address, token, amount, context.now)


def on_withdrawal(context: CallContext, row: Row) -> None:
    """Withdrawal: always of all that is pending."""
    log_index, address, token, amount = row
    pending = keepers.withdraw(context.keep3r, address, token, context.now)
    context.expect(log_index, address, "amount", pending, amount, "a withdrawal takes the whole pending amount")


def on_slash(context: CallContext, row: Row) -> None:
    """KeeperSlash: token and split stand in the input of a direct call, and nowhere else."""
    log_index, address, slasher, amount = row
    slashed = _slashed(context)
    if slashed is None or slashed.keeper != address:
        context.undetermined_keepers[address] = None
        context.journal.note(
            "undetermined_slash",
            log_index,
            address,
            "token",
            "",
            "",
            "neither the event nor the transaction's input tells which token was slashed, and how the amount splits; "
            "the keeper's bonds are unknown from here on",
            WARNING,
        )
        return
    _, token, bond_amount, unbond_amount = slashed
    disputes.slash(context.keep3r, address, token, slasher, bond_amount, unbond_amount)
    context.expect(
        log_index, address, "amount", bond_amount + unbond_amount, amount, "the transaction asked for another sum"
    )


class _Slashed(NamedTuple):
    """Arguments of `slash`: amounts of the token, from the bonds and from what is unbonding."""

    keeper: str
    token: str
    bonded: int
    unbonding: int


def _slashed(context: CallContext) -> _Slashed | None:
    """What a direct call to `slash` asked for; None if there is none."""
    inputs, transaction = context.direct_inputs, context.transaction
    if context.keep3r.rules.slashes_unbonding:
        arguments = direct_arguments(inputs, transaction, "slash(address,address,uint256,uint256)")
    else:
        arguments = direct_arguments(inputs, transaction, "slash(address,address,uint256)")
    if arguments is None:
        return None
    keeper, token, bond_amount, *unbond_amount = arguments
    return _Slashed(str(keeper), str(token), int(bond_amount), sum(int(amount) for amount in unbond_amount))


def on_revoke(context: CallContext, row: Row) -> None:
    """KeeperRevoke."""
    _, keeper, slasher = row
    disputes.revoke(context.keep3r, keeper, slasher)


PLAIN = {
    "keep3r.Bonding": EventHandler(("keeper", "bonding", "amount"), on_bonding),
    "keep3r.Activation": EventHandler(("keeper", "bond", "amount"), on_activation),
    "keep3r.Unbonding": EventHandler(("keeper_or_job", "unbonding", "amount"), on_unbonding),
    "keep3r.Withdrawal": EventHandler(("keeper", "bond", "amount"), on_withdrawal),
    "keep3r.KeeperSlash": EventHandler(("keeper", "slasher", "amount"), on_slash),
    "keep3r.KeeperRevoke": EventHandler(("keeper", "slasher"), on_revoke),
}
"""Handlers that revert where the contract does."""

HANDLERS = audited(PLAIN)
