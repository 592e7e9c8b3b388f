"""One payment explained: from the feed and the oracle to the KP3R, line by line, beside what the chain says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v1.audit.classes import WORDS
from keep3r_replay.protocols.keep3r_v1.audit.works import Judged, judge, named_of
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS, Source
from keep3r_replay.protocols.keep3r_v1.replay.build import replay_of_lake
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.places import transaction_at
from keep3r_replay.replay.rooms import Explanation, Term

if TYPE_CHECKING:
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.contract.market import Market
    from keep3r_replay.protocols.keep3r_v1.replay.evaluations import Evaluation
    from keep3r_replay.protocols.keep3r_v1.replay.records import Payment


def explain(lake: Lake, root: Contract, place: tuple[int, int | None, str]) -> list[Explanation]:
    """The payments at a place: block, log index (None: all of the transaction), transaction hash.

    Raises:
        UsageError: the lake holds no such transaction, or no such log.
    """
    block, log_index, _ = place
    where = transaction_at(lake, place)
    replay = replay_of_lake(lake, root, Journal())
    run(lake, replay)
    payments = replay.context.payments
    chosen = [
        each
        for each in judge(payments, named_of(payments, payments))
        if (each.payment.block, each.payment.log_index) == (block, log_index)
        or (log_index is None and (each.payment.block, each.payment.transaction_index) == where)
    ]
    return [_explanation(each, replay.kp3r.market) for each in chosen]


def _explanation(judged: Judged, market: Market) -> Explanation:
    payment, verdict = judged.payment, judged.verdict
    terms = [
        Term("payment", "amount", payment.amount, "KeeperWorked"),
        Term("payment", "token", payment.credit, "KeeperWorked"),
        Term("payment", "kind", payment.kind, "the Transfer before it: from the job a bond, from the contract real"),
        Term(
            "payment", "credits before", payment.credits, f"the job's, {'listed' if payment.listed else 'not listed'}"
        ),
        Term("payment", "keeper", payment.keeper_state, "by earlier activations, disputes and revocations"),
    ]
    if verdict.evaluation is not None:
        terms += _limit_terms(payment, verdict.evaluation, market)
    terms += [
        Term("class", "class", verdict.name, WORDS[verdict.name]),
        Term("class", "reason", verdict.reason, "the rules of classes"),
    ]
    if judged.helper_by_payments:
        terms.append(Term("class", "helper by payments", judged.helper_by_payments, "whose limits the works are"))
    subjects = {"job": payment.job, "keeper": payment.keeper}
    return Explanation("KeeperWorked", payment.block, payment.log_index, subjects, terms)


def _limit_terms(payment: Payment, seen: Evaluation, market: Market) -> list[Term]:
    """From gas to limit, as the helper in force computes it."""
    version = market.helpers[seen.helper]
    rules = HELPERS[version]
    terms = [
        Term("limit", "helper", seen.helper, f"{version}, {rules.source.value}"),
        Term("limit", "feed", payment.feed, "the aggregator's last answer, wei of gas price"),
    ]
    if seen.reverts:
        return [*terms, Term("limit", "getQuoteLimit", f"revert {seen.reverts}", "the oracle")]
    if rules.source is not Source.FEED:
        terms.append(Term("limit", "oracle", seen.price, "KP3R for one WETH, wei"))
    if payment.interval is not None and rules.source is Source.QUOTE:
        terms += [
            Term("limit", "interval", payment.interval.length, "seconds between the two observations it rests on"),
            Term("limit", "interval age", payment.interval.age, "seconds since the younger one"),
            Term("limit", "swaps at its ends", payment.interval.swaps, "in the seconds of both observations"),
        ]
    terms += [
        Term("limit", "gas", seen.gas, "smallest whose limit reaches the payment, by inversion"),
        Term("limit", "image", seen.image, "the payment is the limit of that gas"),
    ]
    if seen.gas is not None:
        wei = (seen.gas + rules.extra_gas) * rules.feed_multiple * payment.feed
        terms.append(Term("limit", "wei", wei, f"(gas + {rules.extra_gas}) * {rules.feed_multiple} * feed"))
    if rules.most is not None:
        counted = min(payment.origin_bond, rules.full_bond)
        terms.append(Term("limit", "bond counted", counted, "bonds and votes of the transaction's origin, at most"))
    terms += [
        Term("bound", "gas used", payment.gas_used, "the transaction's"),
        Term("bound", "bound", payment.bound, "largest plausible gas of a validation in the transaction"),
        Term("bound", "limit at bound", seen.limit_at_bound, "getQuoteLimit of it"),
    ]
    return terms
