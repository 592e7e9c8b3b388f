"""A payment as it stands before it is made: inverted under every helper of the deployment, with all its class needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS, Source
from keep3r_replay.protocols.keep3r_v1.contract.state import ETH, ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.replay import steps
from keep3r_replay.protocols.keep3r_v1.replay.evaluations import NONE, Evaluations, evaluate, fits, seen_by
from keep3r_replay.protocols.keep3r_v1.replay.records import FeedSwitch, Interval, Payment
from keep3r_replay.replay.entries import entry_of

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.replay.protocol import Block

WORK, RECEIPT, TOKEN, IN_ETH = "work", "receipt", "token", "eth"
"""Kinds of payments."""


def plausible_gas(gas: int, gas_used: int, block: Block) -> int:
    """The most gas that a validation can have measured in a transaction with so much gas, which used so much.

    Refunds are not yet subtracted while gas is metered: half of it before London at most, a fifth since.
    """
    return min(gas, gas_used * 2 if block.base_fee is None else gas_used * 5 // 4)


class Sent(NamedTuple):
    """What a payment's transaction tells of it; see `Payment`."""

    hash: str | None
    origin: str
    gas_used: int | None
    bound: int | None
    entry_point: str
    relay: str


_UNSENT = Sent(None, ZERO_ADDRESS, None, None, "", "")
"""What is known where the lake lacks the transaction."""


def measured(context: Context, log_index: int, kind: str, job: str, credit: str, keeper: str, amount: int) -> Payment:
    """The payment that a `KeeperWorked` at `log_index` tells of, before the model makes it."""
    transaction, block = context.transaction, context.block
    assert block is not None
    sent = _UNSENT
    if transaction is not None:
        bound = plausible_gas(transaction.gas, transaction.gas_used, block)
        to, selector, relay = entry_of(transaction, job)
        sent = Sent(transaction.hash, transaction.origin, transaction.gas_used, bound, f"{to}:{selector}", relay)
    return measured_as(context, sent, log_index, kind, job, credit, keeper, amount)


def measured_as(
    context: Context, sent: Sent, log_index: int, kind: str, job: str, credit: str, keeper: str, amount: int
) -> Payment:
    """`measured`, of a payment whose transaction has been looked at."""
    kp3r, block = context.kp3r, context.block
    assert block is not None
    digest, origin, gas_used, bound, entry_point, relay = sent
    bond = kp3r.worth_of_bonds(origin)
    in_kp3r = kind in {WORK, RECEIPT}
    evaluations = NONE
    if in_kp3r:
        gas = block.gas_limit if bound is None else bound
        evaluations = _evaluated(context, amount, bond, gas, decisive=kind == WORK)
    market, owing = kp3r.market, kp3r.jobs[job]
    return Payment(
        block.number,
        log_index,
        context.place[1] if context.place else 0,
        digest,
        kp3r.now,
        kind,
        job,
        keeper,
        credit,
        amount,
        origin,
        bond,
        evaluations.feed if evaluations.waiting else market.feed.latest_answer,
        kp3r.parameters.helper if context.silent_calls else "",
        gas_used,
        bound,
        entry_point,
        relay,
        owing.listed,
        owing.credits[ETH if kind == IN_ETH else credit],
        keeper_state(kp3r, keeper),
        market.spot if in_kp3r else None,
        interval(context) if _rests_on_interval(context, evaluations) else None,
        evaluations,
    )


def _evaluated(context: Context, amount: int, bond: int, gas: int | None, *, decisive: bool) -> Evaluations:
    """The payment under every helper; a work that only another aggregator's answer explains puts that one into force.

    No image is met by chance, so one work tells that a change of aggregator was not seen.
    """
    kp3r, feed = context.kp3r, context.kp3r.market.feed
    told = _by_helper_in_force(context, amount, bond, gas)
    if told is not None:
        return told
    evaluations = _by_all(kp3r, amount, bond, gas)
    if not decisive or gas is None or len(feed.answers) < 2 or _plausible(evaluations, gas):
        return evaluations
    present = feed.aggregator
    for other in feed.answers:
        if other == present:
            continue
        before = feed.latest_answer
        feed.confirm(other)
        seen = _by_all(kp3r, amount, bond, gas)
        if _plausible(seen, gas):
            context.around("confirm", steps.confirm, other)
            place = context.place or (kp3r.block_number, 0)
            context.feed_switches.append(FeedSwitch(*place, kp3r.now, other, before, feed.latest_answer))
            return seen
        feed.confirm(present)
    return evaluations


def _by_all(kp3r: Keep3rV1, amount: int, bond: int, gas: int | None) -> Evaluations:
    return Evaluations({helper: evaluate(kp3r, helper, amount, bond, gas) for helper in kp3r.market.helpers}, {})


def _by_helper_in_force(context: Context, amount: int, bond: int, gas: int | None) -> Evaluations | None:
    """The payment under the helper that inputs put into force, if it is an image of it; None if it is not.

    Only helpers without an oracle can have images in common, and they are looked at when somebody asks.
    """
    kp3r = context.kp3r
    market, present = kp3r.market, kp3r.parameters.helper
    if not context.silent_calls or gas is None or present not in market.helpers:
        return None
    try:
        pricing = market.pricing(present, bond, kp3r.now)
        own = seen_by(pricing, present, amount, gas)
    except Revert:
        return None
    if not own.image or not own.gas or own.gas > gas:
        return None
    return Evaluations({present: own}, market.without_oracle, amount, pricing.feed, bond, gas)


def _plausible(evaluations: Evaluations, gas: int) -> bool:
    return any(fits(each, gas) for each in evaluations.told.values())


def _rests_on_interval(context: Context, evaluations: Evaluations) -> bool:
    """Whether a helper that quotes Keep3rV2Oracle may be the one that the payment is held against."""
    return not context.kp3r.market.quoting.isdisjoint(evaluations.told)


def keeper_state(kp3r: Keep3rV1, keeper: str) -> str:
    """Whether the account is a keeper in good standing: `keeper`, or what speaks against it, in words."""
    account = kp3r.accounts.get(keeper)
    if account is None:
        return "unknown"
    if account.is_keeper and not account.disputed and not account.blacklisted:
        return "keeper"
    against = []
    if account.disputed:
        against.append("disputed")
    if account.blacklisted:
        against.append("revoked")
    elif not account.is_keeper:
        against.append("unknown")
    return ",".join(against) or "keeper"


def interval(context: Context) -> Interval | None:
    """The interval that a quote of Keep3rV2Oracle rests on just now; None while it has none."""
    market = context.kp3r.market
    oracle = market.v2_oracle
    if oracle is None or len(oracle.observations) < 2:
        return None
    start, end = oracle.observations[-2:]
    swaps = context.swap_seconds.get(oracle.pair, {})
    return Interval(
        end.time - start.time, context.kp3r.now - end.time, swaps.get(start.time, 0) + swaps.get(end.time, 0)
    )


def uses_interval(version: str) -> bool:
    """Whether a helper of this version quotes Keep3rV2Oracle."""
    return HELPERS[version].source is Source.QUOTE


def is_false_transfer(source: str, kp3r: str) -> bool:
    """Whether the Transfer before a `KeeperWorked` in KP3R moves nothing: it comes from the job, not the contract."""
    return source not in {kp3r, ZERO_ADDRESS}
