"""Explains one transaction: a replay up to it, and every term of each work and reward in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.audit.classes import classify, needs_evidence
from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import JOB_COLUMNS, CreditObserver, jobs_in
from keep3r_replay.protocols.keep3r_v2.audit.explain_quote import Term
from keep3r_replay.protocols.keep3r_v2.audit.explain_terms import (
    accountance_terms,
    job_before,
    liquidity_terms,
    payment_terms,
    price_after_terms,
    price_terms,
)
from keep3r_replay.protocols.keep3r_v2.audit.works import works_table
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import REPRICED, CreditChange
from keep3r_replay.protocols.keep3r_v2.replay.calls.work import WorkEvent
from keep3r_replay.protocols.keep3r_v2.replay.of_lake import replay_of
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.protocol import EventHandler
from keep3r_replay.replay.timeline import WHOLE, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, RewardRow
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import Handler as Handle
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.replay.protocol import Row


@dataclass
class Explanation:
    """One event of the transaction: its name and place, whom it concerns, its terms in order."""

    event: str
    block_number: int
    log_index: int
    job: str
    keeper: str = ""
    terms: list[Term] = field(default_factory=list)

    def value(self, name: str, section: str = "") -> int | str:
        """The value of the last term of a name. Raises KeyError if there is none."""
        for term in reversed(self.terms):
            if term.name == name and section in {"", term.section}:
                return term.value
        raise KeyError(name)


class Place(NamedTuple):
    """A transaction: its block, and its index there."""

    block_number: int
    transaction_index: int


def find_transaction(lake: Lake, digest: str) -> Place:
    """Where a transaction stands.

    Raises:
        UsageError: `digest` is no hash, or the lake holds no log of that transaction.
    """
    bare = digest.lower().removeprefix("0x")
    if len(bare) != 64 or any(letter not in "0123456789abcdef" for letter in bare):
        raise UsageError(f"tx={digest[:80]!r} is no transaction hash: 0x and 64 hexadecimal digits")
    found = lake.scan("logs").filter(pl.col("transaction_hash") == bytes.fromhex(bare))
    return _place(found, f"log of transaction 0x{bare}")


def find_log(lake: Lake, block_number: int, log_index: int) -> Place:
    """The transaction of a log. Raises `UsageError` if the lake does not hold the log."""
    found = lake.scan("logs").filter((pl.col("block_number") == block_number) & (pl.col("log_index") == log_index))
    return _place(found, f"log {log_index} of block {block_number}")


def _place(logs: pl.LazyFrame, what: str) -> Place:
    rows = logs.select("block_number", "transaction_index").head(1).collect().rows()
    if not rows:
        raise UsageError(f"the lake holds no {what}")
    return Place(*rows[0])


def explain(lake: Lake, place: Place, keep3r: Contract | None = None) -> list[Explanation]:
    """Explanations of the works and rewards of a transaction, in order, of one Keep3r or all; none if it has neither.

    Raises:
        InputError: the lake lacks what the replay needs.
    """
    keep3rs = [contract for contract in lake.deployment.contracts if contract.role == "keep3r"]
    explained: list[Explanation] = []
    for contract in keep3rs if keep3r is None else [keep3r]:
        explained += _explain(lake, contract, place, {"keep3r": [contract.address]} if len(keep3rs) > 1 else {})
    return sorted(explained, key=lambda one: one.log_index)


def _explain(lake: Lake, contract: Contract, place: Place, emitters: Mapping[str, list[str]]) -> list[Explanation]:
    replay = replay_of(lake, contract, Journal(), place.block_number)
    explainer = _Explainer(replay, place)
    replay.observer = explainer
    span = Span(None, place.block_number)
    run(lake, replay, span=span, emitters=emitters)
    works = works_table(lake, replay.context.works, span, contract.address)
    mine = works.filter(
        (pl.col("block_number") == place.block_number)
        & pl.col("log_index").is_in([one.log_index for one in explainer.explained])
    )
    if mine.height:
        _add_classes(explainer.explained, mine, _evidence(lake, contract, mine, emitters))
    return explainer.explained


def _evidence(lake: Lake, contract: Contract, works: pl.DataFrame, emitters: Mapping[str, list[str]]) -> pl.DataFrame:
    """The works of the whole history, where the classes of `works` depend on them."""
    if not needs_evidence(works.lazy()):
        return works
    replay = replay_of(lake, contract, Journal(), None)
    run(lake, replay, span=WHOLE, emitters=emitters)
    return works_table(lake, replay.context.works, WHOLE, contract.address)


def _add_classes(explained: list[Explanation], works: pl.DataFrame, evidence: pl.DataFrame) -> None:
    """Say of each work what the table of works says: its class, and why where that is no plain one."""
    classed = classify(works, evidence).select("log_index", "class", "reason")
    classes = {log_index: (kind, reason) for log_index, kind, reason in classed.iter_rows()}
    for one in explained:
        if one.log_index in classes:
            kind, reason = classes[one.log_index]
            one.terms.append(Term("payment", "class", kind, reason or "as in the table of works"))


class _Explainer(CreditObserver):
    """An observer that takes the events of one transaction apart."""

    def __init__(self, protocol: Keep3rV2, place: Place) -> None:
        super().__init__(protocol)
        self.explained: list[Explanation] = []
        self._place = tuple(place)

    def handlers(self, plain: Mapping[str, EventHandler]) -> dict[str, EventHandler]:
        """The observer's handlers, those of events that touch credits wrapped once more."""
        return {
            name: EventHandler(handler.columns, self._explained(name, handler))
            if name in JOB_COLUMNS and name != "keep3r.JobAddition"
            else handler
            for name, handler in super().handlers(plain).items()
        }

    def _explained(self, name: str, handler: EventHandler) -> Handle:
        handle = handler.handle

        def run_explained(context: CallContext, row: Row) -> None:
            if context.transaction != self._place:
                handle(context, row)
                return
            log_index, *_ = row
            for job in jobs_in(name, handler.columns, row):
                if job in self.keep3r.jobs:
                    self.explained.append(Explanation(name.removeprefix("keep3r."), 0, log_index, job))
            mine = [one for one in self.explained if one.log_index == log_index]
            for one in mine:
                one.block_number = context.block_number
                one.terms += accountance_terms(self.keep3r, job_before(self.keep3r.jobs[one.job]), context.now)
            noted = len(self.recorder.changes)
            works = len(context.works.singles)
            rewards = len(context.rewards)
            is_work = name == "keep3r.KeeperWork"
            prices = list(price_terms(context, WorkEvent._make(row).keeper)) if is_work else []
            handle(context, row)
            changes = self.recorder.changes[noted:]
            for one in mine:
                one.terms += self._terms_after(one.job, changes)
                one.terms += _reward_terms(context.rewards[rewards:], one.job)
            if is_work and len(context.works.singles) > works:
                work, event = mine[0], WorkEvent._make(row)
                work.keeper = event.keeper
                work.terms += [*prices, *price_after_terms(context)]
                work.terms += payment_terms(context, context.works.singles[-1].explained, event.gas_left, event.payment)

        return run_explained

    def _terms_after(self, address: str, changes: list[CreditChange]) -> Iterator[Term]:
        job = self.keep3r.jobs[address]
        for change in changes:
            if change.job != id(job):
                continue
            how = _HOW.get(change.kind, "")
            if change.kind == REPRICED:
                how = f"credits * {change.numerator} // {change.denominator}, the new period credits over the former"
            elif change.kind.startswith("minted") and change.kind != "minted_reset":
                seconds = change.rewarded_at - change.rewarded_before
                how = f"{seconds} s since the last reward, of {change.period_credits} a period"
            yield Term("credits", change.kind, change.amount, how)
        yield Term("credits", "rewarded_at_after", job.rewarded_at, "the job's clock after, s")
        yield Term("credits", "period_credits_after", job.period_credits, "stored, wei")
        yield Term("credits", "credits_after", job.credits, "stored, wei: credits_before and the changes above")
        yield from liquidity_terms(self.keep3r, job)


_HOW = {
    "minted_reset": "one period's credits at the present quotes",
    "expired": "what was left at the reset",
    "spent": "the payment, oldest credits first",
    "capped": "above one period's credits",
    "removed": "the share of the liquidity that leaves",
    "migrated_out": "to the other job",
    "migrated_in": "from the other job",
    "forced": "by governance",
    "adopted": "taken over from the chain, which disagrees with the model",
}


def _reward_terms(rewards: list[RewardRow], job: str) -> Iterator[Term]:
    for reward in rewards:
        if reward.job == job:
            told = f"{reward.rewarded_at}, {reward.current_credits}, {reward.period_credits}"
            expected = reward.expected_rewarded_at, reward.expected_current_credits, reward.expected_period_credits
            source = f"log {reward.log_index}: rewardedAt, currentCredits, periodCredits; the model predicts "
            source += "none" if reward.expected_rewarded_at is None else "the same" if reward.matched else str(expected)
            yield Term("credits", "LiquidityCreditsReward", told, source)
