"""Calls inferred from logs alone: a characteristic event closes a call, and logs right before it belong to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract import jobs, keepers, liquidity, token
from keep3r_replay.protocols.keep3r_v1.contract.functions import BY_NAME
from keep3r_replay.protocols.keep3r_v1.contract.state import ETH, ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.replay import steps, unnamed
from keep3r_replay.protocols.keep3r_v1.replay.execution import execute
from keep3r_replay.protocols.keep3r_v1.replay.inputs import Call
from keep3r_replay.protocols.keep3r_v1.replay.oracles import follow_oracle_payment
from keep3r_replay.protocols.keep3r_v1.replay.payments import WORK, is_false_transfer
from keep3r_replay.protocols.keep3r_v1.replay.plain import follow_plain
from keep3r_replay.protocols.keep3r_v1.replay.records import Swapped
from keep3r_replay.protocols.keep3r_v1.replay.told_twice import payment_of
from keep3r_replay.protocols.keep3r_v1.replay.uses import note_use, told_worth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log

Inferred = tuple[str, "partial[None]", str]
"""A call: its name, the model's function ready to run, and the token that an unnamed one was taken to be."""

_PLAIN = frozenset({"Transfer", "Approval", "DelegateVotesChanged"})
"""Events that stand alone, or before the event that closes a call."""


def follow_logs(context: Context, logs: Sequence[Log], unexplained: Sequence[Log]) -> None:
    """Take the model through a transaction's logs; of the contract's own only those that are `unexplained`."""
    kp3r = context.kp3r
    open_logs = {log.log_index for log in unexplained}
    waiting: list[Log] = []
    following = list(logs)
    while following:
        log = following.pop(0)
        if log.address != kp3r.address:
            follow_plain(context, waiting)
            waiting = []
            _follow_other(context, log)
        elif log.log_index not in open_logs:
            continue
        elif log.event in _PLAIN:
            waiting.append(log)
        else:
            lead = _LEADS[log.event](context, log, waiting)
            follow_plain(context, waiting[: len(waiting) - lead])
            own = [*waiting[len(waiting) - lead :], log]
            waiting = []
            tail = _votes_after(log, following)
            del following[: len(tail)]
            _close(context, log, own, tail)
    follow_plain(context, waiting)


def _follow_other(context: Context, log: Log) -> None:
    """A log of a pair or of an aggregator; tokens' transfers are only looked up."""
    market = context.kp3r.market
    if log.role == "chainlink_aggregator":
        context.around("answer", steps.answer, log.address, log.value("current"))
        return
    if log.address not in market.pairs:
        if log.event == "Transfer":
            _follow_token(context, log)
        return
    if log.event == "Sync":
        context.around("sync", steps.sync, log.address, log.value("reserve0"), log.value("reserve1"))
    elif log.event == "Transfer":
        sender, recipient, amount = log.value("from"), log.value("to"), log.moved
        context.around("liquidity", steps.move_liquidity, log.address, sender, recipient, amount)
    else:
        context.swaps.append(Swapped(context.kp3r.block_number, log.log_index, log.address, context.origin))
        seconds = context.swap_seconds.setdefault(log.address, {})
        seconds[context.kp3r.now] = seconds.get(context.kp3r.now, 0) + 1


def _follow_token(context: Context, log: Log) -> None:
    """What the contract owns of a token that is not KP3R."""
    contract = context.kp3r.address
    change = (log.value("to") == contract) - (log.value("from") == contract)
    if change:
        owned = context.token_balances
        owned[log.address] = owned.get(log.address, 0) + change * log.moved


def _votes_after(log: Log, following: Sequence[Log]) -> list[Log]:
    """DelegateVotesChanged that a delegation, or a gift of votes, logs after its own event."""
    if log.event == "DelegateChanged":
        most = 2
    elif log.event == "KeeperBonded":
        most = 1
    else:
        return []
    votes: list[Log] = []
    for each in following[:most]:
        if each.event != "DelegateVotesChanged":
            break
        votes.append(each)
    if log.event == "KeeperBonded" and len(following) > 1 and following[1].event in {"Transfer", "KeeperBonded"}:
        # It rather belongs to the payment, or the activation, that comes next.
        return []
    return votes


def _ending(waiting: Sequence[Log], *events: str) -> int:
    """How many logs at the end of `waiting` are of these events, in this order; each may be missing."""
    count = 0
    for event in reversed(events):
        if count < len(waiting) and waiting[-1 - count].event == event:
            count += 1
    return count


def _payment_lead(context: Context, log: Log, waiting: Sequence[Log]) -> int:
    if log.value("credit") != context.kp3r.address or not waiting or waiting[-1].event != "Transfer":
        return 0
    if not is_false_transfer(waiting[-1].value("from"), context.kp3r.address):
        return 1
    return _ending(waiting, "DelegateVotesChanged", "Transfer")


def _credit_lead(context: Context, log: Log, waiting: Sequence[Log]) -> int:
    if log.value("credit") != context.kp3r.address or not waiting or waiting[-1].event != "Transfer":
        return 0
    if waiting[-1].value("from") == ZERO_ADDRESS:
        return 1
    return _ending(waiting, "Approval", "Transfer", "Transfer")


def _lead(*events: str) -> Callable[[Context, Log, Sequence[Log]], int]:
    return lambda _context, _log, waiting: _ending(waiting, *events)


def _transfer(keeper: str, contract: str) -> Callable[[Context, Log, Sequence[Log]], int]:
    """A Transfer between keeper and contract, by the columns they stand in, where the unnamed token is KP3R."""

    def lead(context: Context, log: Log, waiting: Sequence[Log]) -> int:
        if not waiting or waiting[-1].event != "Transfer":
            return 0
        moved = waiting[-1]
        between = {moved.value(keeper), moved.value(contract)} == {log.value("keeper"), context.kp3r.address}
        return int(between and moved.value("amount") == log.value("bond"))

    return lead


_LEADS: dict[str, Callable[[Context, Log, Sequence[Log]], int]] = {
    "KeeperWorked": _payment_lead,
    "AddCredit": _credit_lead,
    "ApplyCredit": _lead("Transfer"),
    "UnbondJob": _lead("Transfer"),
    "KeeperBonding": _transfer("from", "to"),
    "KeeperBonded": _lead("DelegateVotesChanged"),
    "KeeperUnbonding": _lead("DelegateVotesChanged"),
    "KeeperUnbound": _transfer("to", "from"),
    "KeeperSlashed": _lead("Transfer", "DelegateVotesChanged"),
    **dict.fromkeys(
        ("SubmitJob", "RemoveJob", "KeeperDispute", "KeeperResolved", "JobAdded", "JobRemoved", "DelegateChanged"),
        _lead(),
    ),
}
"""How many of the logs that wait belong to the call that an event closes."""


def _close(context: Context, log: Log, own: list[Log], tail: list[Log]) -> None:
    """Run the call that `log` closes; logs that it turns out not to have made are plain ones."""
    if log.event == "KeeperWorked":
        _pay(context, log, own)
        return
    name, run, about = _inferred(context, log, own, tail)
    rest = execute(context, name, run, [*own, *tail], about)
    follow_plain(context, rest)


def _pay(context: Context, log: Log, own: list[Log]) -> None:
    kp3r = context.kp3r
    follow_oracle_payment(context, log.value("job"))
    payment = payment_of(context, own)
    number = len(context.payments)
    context.payments.append(payment)
    job, credit, keeper, amount = payment.job, payment.credit, payment.keeper, payment.amount
    if payment.kind == WORK:
        execute(context, "workReceipt", partial(jobs.work_receipt, kp3r, job, keeper, amount), own, payment=number)
    else:
        execute(context, "receipt", partial(jobs.receipt, kp3r, job, credit, keeper, amount), own, payment=number)


def _inferred(context: Context, log: Log, own: list[Log], tail: list[Log]) -> Inferred:
    kp3r, value, event = context.kp3r, log.value, log.event
    if event == "AddCredit":
        credit, job, creditor, amount = value("credit"), value("job"), value("creditor"), value("amount")
        if len(own) == 2 and own[0].value("from") == ZERO_ADDRESS:
            return "addKPRCredit", partial(jobs.add_kpr_credit, kp3r, creditor, job, amount), ""
        if credit == ETH:
            return "addCreditETH", partial(jobs.add_credit_eth, kp3r, creditor, job, amount), ""
        return "addCredit", partial(jobs.add_credit, kp3r, creditor, credit, job, amount), ""
    if event in {"SubmitJob", "ApplyCredit", "UnbondJob", "RemoveJob"}:
        return _liquidity_call(context, log, own)
    if event == "JobAdded":
        return "addJob", partial(jobs.add_job, kp3r, value("governance"), value("job")), ""
    if event == "JobRemoved":
        return "removeJob", partial(jobs.remove_job, kp3r, value("governance"), value("job")), ""
    if event == "KeeperDispute":
        return "dispute", partial(keepers.dispute, kp3r, kp3r.parameters.governance, value("keeper")), ""
    if event == "KeeperResolved":
        return "resolve", partial(keepers.resolve, kp3r, kp3r.parameters.governance, value("keeper")), ""
    if event == "DelegateChanged":
        return "delegate", partial(token.delegate, kp3r, value("delegator"), value("to_delegate")), ""
    return unnamed.inferred(context, log, own, tail)


def take_as_accepted(context: Context, pair: str) -> None:
    """A pair that the chain lets be used is accepted: governance accepts one without a log."""
    kp3r = context.kp3r
    if not context.silent_calls and not kp3r.liquidity_accepted.get(pair):
        kp3r.liquidity_accepted[pair] = True
        if pair not in kp3r.liquidity_pairs:
            kp3r.liquidity_pairs.append(pair)


def _liquidity_call(context: Context, log: Log, own: Sequence[Log]) -> Inferred:
    kp3r = context.kp3r
    job, pair, provider, amount = (log.value(column) for column in ("job", "liquidity", "provider", "credit"))
    if log.event in {"SubmitJob", "ApplyCredit"}:
        take_as_accepted(context, pair)
    if log.event == "SubmitJob":
        return "addLiquidityToJob", partial(liquidity.add_liquidity_to_job, kp3r, provider, pair, job, amount), ""
    if log.event == "ApplyCredit":
        call = Call(BY_NAME["applyCreditToJob"], context.origin, (provider, pair, job))
        told = told_worth(context, call, own)
        note_use(context, call, log.log_index, told)
        return "applyCreditToJob", partial(liquidity.apply_credit_to_job, kp3r, provider, pair, job, *told), ""
    if log.event == "UnbondJob":
        call = Call(BY_NAME["unbondLiquidityFromJob"], provider, (pair, job, amount))
        told = told_worth(context, call, own)
        note_use(context, call, log.log_index, told)
        run = partial(liquidity.unbond_liquidity_from_job, kp3r, provider, pair, job, amount, *told)
        return "unbondLiquidityFromJob", run, ""
    return "removeLiquidityFromJob", partial(liquidity.remove_liquidity_from_job, kp3r, provider, pair, job), ""
