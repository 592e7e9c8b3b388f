"""Calls about a token that their event does not name: which one it was, by transfers, by bonds, by votes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract import keepers
from keep3r_replay.protocols.keep3r_v1.replay.open_unbondings import remember, settle, withdrawn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log

UNKNOWN = ""
"""The token of a bond that nothing tells the token of."""


def inferred(context: Context, log: Log, own: list[Log], tail: list[Log]) -> tuple[str, partial[None], str]:
    """The call that an event about an unnamed token closes: name, the model's function ready to run, the token."""
    kp3r, governance = context.kp3r, context.kp3r.parameters.governance
    keeper = str(log.value("keeper"))
    if log.event == "KeeperBonding":
        token = _transferred(context, log, keeper, kp3r.address)
        _allow_again(context, keeper)
        return "bond", partial(keepers.bond, kp3r, keeper, token, log.value("bond")), token
    if log.event == "KeeperBonded":
        token, by_votes = _activated(context, log)
        if by_votes or tail:
            votes = tail[0].value("new_balance") - tail[0].value("previous_balance") if tail else 0
            return "addVotes", partial(keepers.add_votes, kp3r, governance, keeper, votes), kp3r.address
        _allow_again(context, keeper)
        return "activate", partial(keepers.activate, kp3r, keeper, token), token
    if log.event == "KeeperUnbonding":
        token = _unbonded(context, log, own)
        return "unbond", partial(keepers.unbond, kp3r, keeper, token, log.value("bond")), token
    if log.event == "KeeperUnbound":
        token = _withdrawn(context, log, keeper)
        return "withdraw", partial(keepers.withdraw, kp3r, keeper, token), token
    token = _transferred(context, log, kp3r.address, governance)
    slasher, amount = log.value("slasher"), log.value("slash")
    bonds = kp3r.accounts[keeper].bonds
    settle(context, keeper, list(_tokens(context, keeper)), lambda: bonds[token] >= amount)
    if token == kp3r.address and amount == bonds[token]:
        # A slash of all bonds looks the same; a keeper that bonds again was not revoked.
        return "revoke", partial(keepers.revoke, kp3r, slasher, keeper), token
    return "slash", partial(keepers.slash, kp3r, slasher, token, keeper, amount), token


def _allow_again(context: Context, keeper: str) -> None:
    """A keeper that bonds or activates is not on the blacklist, whatever was inferred before."""
    if not context.silent_calls:
        context.kp3r.accounts[keeper].blacklisted = False


def _transferred(context: Context, log: Log, sender: str, recipient: str) -> str:
    """The token of the last Transfer from `sender` to `recipient` before `log` in the transaction."""
    found = UNKNOWN
    for each in context.logs:
        if each.log_index >= log.log_index:
            break
        if each.event == "Transfer" and each.value("from") == sender and each.value("to") == recipient:
            found = each.address
    return found


def _tokens(context: Context, keeper: str) -> Iterable[str]:
    account = context.kp3r.accounts[keeper]
    return dict.fromkeys([context.kp3r.address, *account.pending_bonds, *account.bonds])


def _activated(context: Context, log: Log) -> tuple[str, bool]:
    """The token of an activation by the total that it logs, and whether only a gift of votes explains it."""
    kp3r, keeper, now, total = context.kp3r, log.value("keeper"), log.value("activated"), log.value("bond")
    account = kp3r.accounts[keeper]

    def fitting() -> list[str]:
        return [each for each in _tokens(context, keeper) if account.pending_bonds[each] + account.bonds[each] == total]

    settle(context, keeper, list(_tokens(context, keeper)), lambda: bool(fitting()))
    found = fitting()
    due = [token for token in found if 0 != account.bondings[token] < now]
    waiting = [token for token in due if account.pending_bonds[token]]
    for choice in (waiting, due):
        if choice:
            return choice[0], False
    return kp3r.address, True


def _unbonded(context: Context, log: Log, own: list[Log]) -> str:
    """The token of an unbonding: KP3R where votes move with it, else the only one with bonds enough, else a guess."""
    kp3r, keeper, amount = context.kp3r, log.value("keeper"), log.value("bond")
    if len(own) > 1:
        return kp3r.address
    account = kp3r.accounts[keeper]
    votes_would_move = amount and int(account.delegate, 16)

    def enough() -> list[str]:
        return [
            token
            for token in _tokens(context, keeper)
            if account.bonds[token] >= amount and not (token == kp3r.address and votes_would_move)
        ]

    settle(context, keeper, list(_tokens(context, keeper)), lambda: bool(enough()))
    found = enough()
    if len(found) != 1:
        remember(context, keeper, found[0] if found else UNKNOWN, amount)
    return found[0] if found else UNKNOWN


def _withdrawn(context: Context, log: Log, keeper: str) -> str:
    """The token of a withdrawal; it also tells what unbondings that stayed open were about."""
    kp3r, amount = context.kp3r, log.value("bond")
    account = kp3r.accounts[keeper]
    token = _transferred(context, log, kp3r.address, keeper)
    if token == UNKNOWN:
        fitting = [each for each in _tokens(context, keeper) if account.partial_unbonding[each] == amount]
        due = [each for each in fitting if 0 != account.unbondings[each] < kp3r.now]
        return (due or fitting or [kp3r.address])[0]
    settle(context, keeper, list(_tokens(context, keeper)), lambda: account.partial_unbonding[token] == amount)
    if not context.inputs and not 0 != account.unbondings[token] < kp3r.now:
        # An unbonding of another token was taken to be of this one, and to restart its wait.
        account.unbondings[token] = kp3r.now - 1
    withdrawn(context, keeper, token)
    return token
