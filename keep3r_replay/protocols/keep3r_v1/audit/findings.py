"""Findings about what the contract let pass: payments, liquidity, oracles, and state that can not be right.

Kinds of findings:

    work_stale             a work paid for the gas of an older validation
    work_excess            a work paid more than any fresh gas allows
    impossible_payment     a payment that the contract would have refused
    beside_limit           a payment a few wei from the limit of some gas: chosen so, or a log was changed (notice)
    work_deep              a work paid for more gas than its transaction used (notice)
    receipt_above_limit    a receipt above what the helper would have allowed
    paid_without_standing  a payment in KP3R to a disputed, revoked or unknown keeper
    spot_reserves_moved    a credit or an unbonding by reserves that a swap in its block had moved (notice), or that one
                           side moved and moved back
    reserves_off_average   a credit or an unbonding far from the average price of half an hour (notice)
    burn_capped            an unbonding that burned less than it was worth, the credits being spent (notice)
    zero_repeat            a repetition that gave nothing (notice)
    stuck_credits          credits of a job that is not listed (notice)
    token_shortfall        the contract owes more of a token than it owns (warning)
    early_activation       votes that bonded pending KP3R before its time
    feed_switched          another aggregator in force (notice)
    helper_without_input   a helper in force that no input set
    oracle_gap             seconds in which the oracle of the helper in force could price no work (notice)
    broken_invariant       sums of the contract that do not add up
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.journal import ERROR, NOTICE, WARNING, Finding, as_text
from keep3r_replay.protocols.keep3r_v1.audit.liquidity import LARGE
from keep3r_replay.protocols.keep3r_v1.events import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.audit import liquidity
    from keep3r_replay.protocols.keep3r_v1.audit.oracle_gaps import Gap
    from keep3r_replay.protocols.keep3r_v1.audit.works import Judged
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.replay.history import Span

_OF_CLASS = {
    "work_stale": ("work_stale", WARNING),
    "work_excess": ("work_excess", WARNING),
    "impossible": ("impossible_payment", ERROR),
    "work_deep": ("work_deep", NOTICE),
}


def _finding(
    kind: str,
    severity: str,
    place: tuple[int, int | None],
    subject: str,
    field: str,
    expected: object,
    observed: object,
    reason: str,
) -> Finding:
    difference = observed - expected if isinstance(expected, int) and isinstance(observed, int) else None
    return Finding(kind, severity, *place, subject, field, as_text(expected), as_text(observed), difference, reason)


def payment_findings(judged: Sequence[Judged]) -> Iterator[Finding]:
    """What the classes of payments say, and who was paid."""
    for each in judged:
        payment, verdict = each.payment, each.verdict
        place = (payment.block, payment.log_index)
        seen = verdict.evaluation
        limit = None if seen is None else seen.limit_at_bound
        if verdict.name in _OF_CLASS:
            kind, severity = _OF_CLASS[verdict.name]
            expected = limit if limit is not None else "refused"
            yield _finding(kind, severity, place, payment.job, "payment", expected, payment.amount, verdict.reason)
        if verdict.name == "receipt_own" and limit is not None and payment.amount > limit:
            reason = "a receipt of more than the helper allows for the largest plausible gas"
            yield _finding("receipt_above_limit", WARNING, place, payment.job, "payment", limit, payment.amount, reason)
        if seen is not None and seen.beside is not None:
            reason = f"no limit of any gas, but {abs(seen.beside)} wei from that of some: chosen so, or changed"
            expected = payment.amount - seen.beside
            yield _finding("beside_limit", NOTICE, place, payment.job, "payment", expected, payment.amount, reason)
        if payment.kind in {"work", "receipt"} and payment.keeper_state != "keeper" and payment.keeper != payment.job:
            yield _finding(
                "paid_without_standing",
                WARNING,
                place,
                payment.keeper,
                "keeper",
                "keeper",
                payment.keeper_state,
                f"the job {payment.job} paid {payment.amount} wei; the contract checks nobody at payment",
            )


def liquidity_findings(judged: Sequence[liquidity.Judged]) -> Iterator[Finding]:
    """What stands out about credits and burns of liquidity."""
    for each in judged:
        use = each.use
        place = (use.block, use.log_index)
        field = f"{use.event}.worth"
        if each.name == "sandwiched":
            yield _finding(
                "spot_reserves_moved", WARNING, place, use.job, field, use.worth_before, use.worth, each.reason
            )
        elif each.name == "moved":
            yield _finding(
                "spot_reserves_moved", NOTICE, place, use.job, field, use.worth_before, use.worth, each.reason
            )
        elif each.from_weighted is not None and abs(each.from_weighted) > LARGE and use.worth:
            yield _finding(
                "reserves_off_average", NOTICE, place, use.job, field, use.worth_weighted, use.worth, each.reason
            )
        if each.name == "nothing":
            yield _finding("zero_repeat", NOTICE, place, use.job, field, 0, use.worth, each.reason)
        if use.burned is not None and use.worth is not None and use.burned < use.worth:
            yield _finding(
                "burn_capped",
                NOTICE,
                place,
                use.job,
                "UnbondJob.burned",
                use.worth,
                use.burned,
                "the job had already spent credits that its liquidity gave it",
            )


def memory_findings(context: Context, gaps: Sequence[Gap]) -> Iterator[Finding]:
    """What the replay has written down beside payments and liquidity."""
    for early in context.early_activations:
        yield _finding(
            "early_activation",
            WARNING,
            (early.block, None),
            early.keeper,
            "bondings",
            early.due,
            context.kp3r.now,
            f"addVotes bonded {early.amount} wei of KP3R that was still to wait",
        )
    for feed in context.feed_switches:
        if feed.before:
            reason = f"the feed's aggregator is {feed.aggregator} from transaction {feed.transaction_index} on"
            yield _finding(
                "feed_switched",
                NOTICE,
                (feed.block, None),
                context.kp3r.market.feed.address,
                "latestAnswer",
                feed.before,
                feed.after,
                reason,
            )
    for gap in gaps:
        if gap.seconds_in_force:
            yield _finding(
                "oracle_gap",
                NOTICE,
                (context.kp3r.block_number, None),
                gap.oracle,
                "seconds",
                0,
                gap.seconds_in_force,
                f"no work could be paid in seconds {gap.first} to {gap.last}: {gap.missed_slots} updates missed",
            )


def state_findings(kp3r: Keep3rV1, donated: int) -> Iterator[Finding]:
    """What is wrong, or stuck, at the end."""
    place = (kp3r.block_number, None)
    for address, job in sorted(kp3r.jobs.items()):
        for token, amount in sorted(job.credits.items()):
            if amount and not job.listed:
                reason = "the job is not listed: these credits can not be paid until it returns"
                yield _finding("stuck_credits", NOTICE, place, address, f"credits({token})", 0, amount, reason)
    for name, expected, observed in sums(kp3r, donated):
        if expected != observed:
            reason = "sums of the contract that do not add up"
            yield _finding("broken_invariant", ERROR, place, kp3r.address, name, expected, observed, reason)


def repetitions(lake: Lake, span: Span) -> list[Finding]:
    """Withdrawals of bonds and of liquidity that paid nothing: the time that they wait for is never cleared.

    They stand in chain order, so that those of two spans follow each other.
    """
    found: list[tuple[int, int, Finding]] = []
    for event, subject, amount in (("KeeperUnbound", "keeper", "bond"), ("RemoveJob", "job", "credit")):
        name = f"events/{ROOT}.{event}"
        if not lake.has(name):
            continue
        scan = lake.scan(name, from_block=span.first, until_block=span.until)
        empty = scan.filter(pl.col(amount).cast(pl.Int128) == 0).collect()
        for block, index, whom in empty.select("block_number", "log_index", subject).iter_rows():
            reason = "a repetition: nothing waited to be paid"
            told = _finding("zero_repeat", NOTICE, (block, index), whom, f"{event}.{amount}", 0, 0, reason)
            found.append((block, index, told))
    return [told for *_, told in sorted(found, key=lambda each: each[:2])]


def shortfalls(kp3r: Keep3rV1, owned: Mapping[str, int]) -> Iterator[Finding]:
    """Tokens of which the contract owes more than it owns: whoever asks last is not paid.

    `owned` (wei) is by tokens' own transfers: only tokens whose logs are in the lake can be judged.
    """
    for token, balance in sorted(owned.items()):
        owed = sum(job.credits.get(token, 0) for job in kp3r.jobs.values()) + sum(
            account.bonds.get(token, 0) + account.pending_bonds.get(token, 0) + account.partial_unbonding.get(token, 0)
            for account in kp3r.accounts.values()
        )
        if owed > balance:
            reason = (
                "the contract owes more of this token than its transfers brought: it keeps some, or takes some back"
            )
            place = (kp3r.block_number, None)
            yield _finding("token_shortfall", WARNING, place, token, "balanceOf(contract)", owed, balance, reason)


def sums(kp3r: Keep3rV1, donated: int) -> Iterator[tuple[str, int, int]]:
    """The contract's invariants: name, what it must be, what it is."""
    accounts, token = kp3r.accounts.values(), kp3r.address
    owed = sum(job.credits[token] for job in kp3r.jobs.values()) + sum(
        account.bonds[token] + account.pending_bonds[token] + account.partial_unbonding[token] for account in accounts
    )
    own = kp3r.accounts[token].balance
    yield "balanceOf(contract)", owed + donated, own
    bonded = sum(account.bonds[token] + account.votes for account in accounts)
    yield "totalBonded", bonded, kp3r.total_bonded
    yield "totalSupply", sum(account.balance for account in accounts), kp3r.total_supply
