"""Logs that no characteristic event closes: KP3R changing hands, allowances, votes that governance takes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import UINT256_MAX
from keep3r_replay.protocols.keep3r_v1.contract import jobs, keepers, token
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.replay.execution import execute, unexpected
from keep3r_replay.protocols.keep3r_v1.replay.oracles import follow_oracle_payment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log


def follow_plain(context: Context, logs: Sequence[Log]) -> None:
    """Take the model through such logs, in order."""
    waiting = list(logs)
    while waiting:
        log = waiting.pop(0)
        if log.event == "Approval":
            if waiting and _spends(context, log, waiting[0]):
                _spend(context, log, waiting.pop(0))
            else:
                owner, spender, amount = log.value("owner"), log.value("spender"), log.value("amount")
                execute(context, "approve", partial(token.approve, context.kp3r, owner, spender, amount), [log])
        elif log.event == "Transfer":
            _move(context, log)
        elif log.event == "DelegateVotesChanged":
            if waiting and waiting[0].event == "Transfer" and _is_work(context, waiting[0]):
                _work(context, [log, waiting.pop(0)])
            else:
                _votes(context, log)
        else:
            unexpected(context, [log], "no call that the model knows logs this here")


def _spends(context: Context, approval: Log, following: Log) -> bool:
    """Whether an Approval is the rest of an allowance that the Transfer after it spends."""
    owner, spender, rest = approval.value("owner"), approval.value("spender"), approval.value("amount")
    account = context.kp3r.accounts.get(owner)
    return (
        following.event == "Transfer"
        and following.value("from") == owner
        and account is not None
        and account.allowances[spender] - following.value("amount") == rest
        and account.allowances[spender] != UINT256_MAX
    )


def _spend(context: Context, approval: Log, transfer: Log) -> None:
    source, recipient, amount = transfer.value("from"), transfer.value("to"), transfer.value("amount")
    context.donated += amount if recipient == context.kp3r.address else 0
    run = partial(token.transfer_from, context.kp3r, approval.value("spender"), source, recipient, amount)
    execute(context, "transferFrom", run, [approval, transfer])


def _move(context: Context, log: Log) -> None:
    source, recipient, amount = log.value("from"), log.value("to"), log.value("amount")
    payer = _payer(context, log)
    if _is_work(context, log):
        _work(context, [log])
    elif payer:
        run = partial(jobs.receipt, context.kp3r, payer, context.kp3r.address, recipient, amount)
        execute(context, "receipt", run, [log])
    elif source == ZERO_ADDRESS:
        execute(context, "mint", partial(token.mint_tokens, context.kp3r, recipient, amount), [log])
    elif recipient == ZERO_ADDRESS:
        execute(context, "burn", partial(token.burn_tokens, context.kp3r, source, amount), [log])
    else:
        context.donated += amount if recipient == context.kp3r.address else 0
        run = partial(token.transfer_tokens, context.kp3r, source, recipient, amount)
        execute(context, "transfer", run, [log])


def _is_work(context: Context, log: Log) -> bool:
    """Whether a Transfer is one that a payment by work logs, without its KeeperWorked: the job does not own so much."""
    source, amount = log.value("from"), log.value("amount")
    accounts = context.kp3r.accounts
    owned = accounts[source].balance if source in accounts else 0
    return bool(_owes(context, source, amount) and owned < amount)


def _work(context: Context, logs: Sequence[Log]) -> None:
    """A payment by work whose KeeperWorked is missing."""
    job, keeper, amount = (logs[-1].value(name) for name in ("from", "to", "amount"))
    follow_oracle_payment(context, job)
    execute(context, "workReceipt", partial(jobs.work_receipt, context.kp3r, job, keeper, amount), logs)


def _payer(context: Context, log: Log) -> str:
    """The job that paid a receipt whose KeeperWorked is missing: the one that was called; empty if there is none."""
    source, amount = log.value("from"), log.value("amount")
    called = context.transaction.to if context.transaction is not None else None
    return called if called and source == context.kp3r.address and _owes(context, called, amount) else ""


def _owes(context: Context, job: str, amount: int) -> bool:
    """Whether an address is a listed job with so many credits in KP3R."""
    owing = context.kp3r.jobs.get(job)
    return owing is not None and owing.listed and owing.credits[context.kp3r.address] >= amount


def _votes(context: Context, log: Log) -> None:
    """Votes that changed alone: governance took them from the one account whose delegate this is, or gave them."""
    kp3r = context.kp3r
    delegate, previous, present = (log.value(each) for each in ("delegate", "previous_balance", "new_balance"))
    lost = previous - present
    voters = [name for name, each in kp3r.accounts.items() if each.delegate == delegate and each.votes >= lost > 0]
    if len(voters) == 1:
        run = partial(keepers.remove_votes, kp3r, kp3r.parameters.governance, voters[0], lost)
        execute(context, "removeVotes", run, [log])
        return
    if kp3r.accounts[delegate].current_votes != previous:
        context.journal.disagree(
            "event_mismatch",
            log.log_index,
            delegate,
            "DelegateVotesChanged.previous_balance",
            kp3r.accounts[delegate].current_votes,
            previous,
            "the delegate's votes were others before",
        )
    kp3r.accounts[delegate].current_votes = present
