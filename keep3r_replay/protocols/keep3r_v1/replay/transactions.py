"""One transaction at its end: what its input says, then what its logs say, in the order of the chain."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract.functions import BY_NAME
from keep3r_replay.protocols.keep3r_v1.contract.savepoint import refusal
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.replay import steps
from keep3r_replay.protocols.keep3r_v1.replay.execution import execute, unexpected
from keep3r_replay.protocols.keep3r_v1.replay.from_logs import follow_logs, take_as_accepted
from keep3r_replay.protocols.keep3r_v1.replay.inputs import Call, confirmed_aggregator, direct_call, governing_calls
from keep3r_replay.protocols.keep3r_v1.replay.logs import as_log
from keep3r_replay.protocols.keep3r_v1.replay.oracles import follow_oracle_input
from keep3r_replay.protocols.keep3r_v1.replay.plain_works import is_plain_work, pay
from keep3r_replay.protocols.keep3r_v1.replay.records import EarlyActivation, FailedCall, FeedSwitch, HelperSwitch
from keep3r_replay.protocols.keep3r_v1.replay.silent import infer_governance, learn_votes
from keep3r_replay.protocols.keep3r_v1.replay.uses import note_use, told_worth

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.inner import Made
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log
    from keep3r_replay.replay.protocol import Transaction

_UNNAMED = frozenset({"activate", "bond", "unbond", "withdraw"})
"""Functions whose token no event names: inside of a transaction only a trace tells it."""
_REMEMBERS_USE = frozenset({"applyCreditToJob", "unbondLiquidityFromJob"})


def follow_transaction(context: Context) -> None:
    """Take the model through the present transaction, and forget its logs."""
    rows, transaction = context.rows, context.transaction
    if transaction is not None and transaction.status == 0:
        _follow_failure(context, transaction)
    elif transaction is not None and is_plain_work(context, rows, transaction):
        pay(context, rows)
    else:
        logs = context.logs = [as_log(each) for each in rows]
        mine = [log for log in logs if log.address == context.kp3r.address]
        infer_governance(context, mine)
        learn_votes(context, mine)
        unexplained = mine
        if transaction is not None and context.inputs:
            for made in context.calls_of(transaction):
                _follow_feed(context, transaction, made)
                follow_oracle_input(context, made)
            for call in _calls(context, transaction, mine):
                unexplained = _follow_call(context, call, unexplained)
            if unexplained and transaction.to == context.kp3r.address and len(unexplained) < len(mine):
                unexpected(context, unexplained, "the call that the transaction made does not log this")
        follow_logs(context, logs, unexplained)
    context.rows, context.logs = [], []


def _follow_feed(context: Context, transaction: Transaction, made: Made) -> None:
    feed = context.kp3r.market.feed
    aggregator = confirmed_aggregator(made.input, made.to or "", feed.address)
    if aggregator is not None:
        before = feed.latest_answer
        context.around("confirm", steps.confirm, aggregator)
        context.feed_switches.append(
            FeedSwitch(*transaction.place, context.kp3r.now, aggregator, before, feed.latest_answer)
        )


def _calls(context: Context, transaction: Transaction, logs: list[Log]) -> list[Call]:
    """Calls of the contract that the input tells of: a direct one, or those of a contract that governs."""
    kp3r = context.kp3r
    if transaction.to == kp3r.address:
        call = direct_call(transaction.input, transaction.origin)
        return [call] if call else []
    if context.inner is not None:
        made = [each for each in context.calls_of(transaction) if each.to == kp3r.address]
        told = (direct_call(each.input, each.sender) for each in made)
        return [call for call in told if call and (call.function.by_governance or call.function.name in _UNNAMED)]
    logged = {log.event for log in logs}
    calls = []
    for function, arguments in governing_calls(transaction.input, kp3r.address):
        if function.event and function.event not in logged:
            continue
        accepts = function.name == "acceptGovernance"
        calls.append(
            Call(
                function,
                kp3r.parameters.pending_governance if accepts else kp3r.parameters.governance,
                arguments,
            )
        )
    return calls


def _follow_call(context: Context, call: Call, logs: list[Log]) -> list[Log]:
    """Run a call that the input tells of; logs that it does not explain come back."""
    function = call.function
    arguments: list[str | int] = list(call.arguments)
    name = function.name
    if name in _REMEMBERS_USE:
        told = told_worth(context, call, logs)
        note_use(context, call, next((log.log_index for log in logs if log.event == function.event), 0), told)
        arguments += told
    if name == "addCreditETH":
        arguments.append(_logged_amount(function.event, logs))
    elif function.arrival is not None and arguments[0] != context.kp3r.address:
        arguments[function.arrival] = _arrived(context, str(arguments[0]), function.event, logs)
    if not context.silent_calls:
        _infer_silent(context, call)
    run = partial(function.run, context.kp3r, call.sender, *arguments)
    _remember(context, call)
    token = str(arguments[0]) if name == "activate" else context.kp3r.address if name == "addVotes" else ""
    return execute(context, function.signature, run, logs, token)


def _infer_silent(context: Context, call: Call) -> None:
    """What a call that went through tells of earlier ones that left no log: which pairs are accepted, who may bond."""
    name, arguments = call.function.name, [str(each) for each in call.arguments]
    if name == "addLiquidityToJob":
        take_as_accepted(context, arguments[0])
    elif name == "applyCreditToJob":
        take_as_accepted(context, arguments[1])
    elif name in {"bond", "activate"}:
        context.kp3r.accounts[call.sender].blacklisted = False


def _remember(context: Context, call: Call) -> None:
    """Write down what no table of logs tells of a call that is about to run."""
    kp3r, arguments, transaction = context.kp3r, call.arguments, context.transaction
    assert transaction is not None
    if call.function.name == "setKeep3rHelper":
        context.helper_switches.append(
            HelperSwitch(*transaction.place, kp3r.now, str(arguments[0]), transaction.origin)
        )
    elif call.function.name in {"transfer", "transferFrom"} and arguments[-2] == kp3r.address:
        context.donated += int(arguments[-1])
    elif call.function.name == "addVotes":
        account = kp3r.accounts[str(arguments[0])]
        pending, due = account.pending_bonds[kp3r.address], account.bondings[kp3r.address]
        if pending and due >= kp3r.now:
            context.early_activations.append(EarlyActivation(kp3r.block_number, str(arguments[0]), pending, due))


def _logged_amount(event: str, logs: list[Log]) -> int:
    """The amount that the call's own log tells; 0 where it is missing."""
    column = "bond" if event == "KeeperBonding" else "amount"
    return next((int(log.value(column)) for log in logs if log.event == event), 0)


def _arrived(context: Context, token: str, event: str, logs: list[Log]) -> int:
    """What arrived of a token: by its own transfers to the contract where they are in the lake, else by the log."""
    transfers = [
        log.moved
        for log in context.logs
        if log.address == token and log.event == "Transfer" and log.value("to") == context.kp3r.address
    ]
    return sum(transfers) if transfers else _logged_amount(event, logs)


def _follow_failure(context: Context, transaction: Transaction) -> None:
    """Say why a direct call failed; a call through other contracts may have failed there."""
    kp3r = context.kp3r
    if transaction.to != kp3r.address or not context.inputs:
        return
    call = direct_call(transaction.input, transaction.origin)
    if call is None:
        return
    arguments = list(call.arguments)
    options = {}
    if call.function.name == "addCreditETH":
        arguments.append(0)
    elif call.function.name == "addLiquidityToJob":
        # Whether governance takes proposals is known by nothing but success.
        options = {"proposal_accepted": False}
    touched = (call.sender, *(each for each in arguments if isinstance(each, str)), ZERO_ADDRESS)
    reason = refusal(kp3r, partial(BY_NAME[call.function.name].run, kp3r, call.sender, *arguments, **options), touched)
    context.failed_calls.append(
        FailedCall(transaction.place[0], transaction.place[1], call.function.name, call.sender, reason or "")
    )
    if reason is None and transaction.gas_used < transaction.gas:
        context.journal.note(
            "unexplained_failure",
            None,
            kp3r.address,
            call.function.name,
            "success",
            "failure",
            "the transaction called the contract and failed, and the model lets that call pass",
        )
