"""A job's card: what it has, what it mines and spends, when it runs dry, what was wasted, and how it pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.contract.savepoint import Savepoint
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.statements.ends import ends
from keep3r_replay.protocols.keep3r_v2.statements.overpaid import compared_works, own_amounts
from keep3r_replay.protocols.keep3r_v2.statements.parties import party_of, times, whole_tokens
from keep3r_replay.protocols.keep3r_v2.what_if.questions import DAY, HORIZON, gone_on
from keep3r_replay.replay.statements import Statement
from keep3r_replay.report.amounts import share, tokens
from keep3r_replay.report.columns import aligned
from keep3r_replay.report.times import date, duration, moment

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.statements.ends import End
    from keep3r_replay.protocols.keep3r_v2.statements.overpaid import Paid
    from keep3r_replay.protocols.keep3r_v2.what_if.questions import RunsDry
    from keep3r_replay.replay.statements import Occasion

WINDOW = 30
"""Days up to a job's last work whose rate is taken for its present one."""
_PLACES = 6
_AMOUNTS = (
    *("credits", "with_mined", "per_period", "mines", "spent_per_day", "spent", "wasted"),
    *("own_paid", "own_formula", "own_excess"),
)
_COLUMNS = {
    "keep3r": pl.String(),
    "job": pl.String(),
    "at": pl.Int64(),
    "listed": pl.Boolean(),
    "disputed": pl.Boolean(),
    **dict.fromkeys(("works", "by_formula", "in_tokens", "open_works", "own_works", "own_compared"), pl.Int64()),
    **dict.fromkeys(("works_per_day", "dry_at"), pl.Int64()),
    "obstacle": pl.String(),
}
"""Columns of the table of cards: counts, times and texts; then amounts, in wei and in whole KP3R."""


class JobCard(NamedTuple):
    """One job of one contract at the end of a history; amounts in wei, times in seconds, None where nothing tells it.

    Attributes:
        credits: in storage; `with_mined` is what `totalJobCredits` answers, with what has been mined since.
        per_period: one period's credits in storage, as the last work or change of liquidity wrote them; `mines` is what
            `jobPeriodCredits` answers for a whole reward period now.
        works_per_day: in thousandths; it and `spent_per_day` are those of the last `WINDOW` days up to its last work.
        dry_at: when the first work fails at that rate; None if none does within a year, or there is no rate.
        wasted: expired and cut off, by the contract's own rule, of what was `spent` and wasted together.
        by_formula, in_tokens, open_works: works so paid, and those that nobody can tell of.
        own: those of an amount of the job's own, beside the formula.
    """

    keep3r: str
    job: str
    at: int
    listed: bool
    disputed: bool
    credits: int
    with_mined: int | None
    per_period: int
    mines: int | None
    works: int
    by_formula: int
    in_tokens: int
    open_works: int
    works_per_day: int | None
    spent_per_day: int | None
    dry_at: int | None
    obstacle: str
    spent: int
    wasted: int
    own: Paid
    liquidities: list[tuple[str, int, int]]
    tokens: list[tuple[str, int]]


def job_cards(occasion: Occasion) -> Statement:
    """The card of one job, or a line for each.

    Raises:
        UsageError: the history has no such job.
    """
    jobs = occasion.audit.tables["job_states"]["job"].to_list()
    wanted = [party_of("job", occasion.party, jobs)] if occasion.party else sorted(set(jobs))
    found = ends(occasion.lake, occasion.audit.tables, occasion.until_block)
    cards = [card_of(end, job) for end in found for job in wanted if job in end.tables["job_states"]["job"]]
    lines = [line for card in cards for line in (*_lines(card), "")][:-1] if occasion.party else _overview(cards)
    return Statement(lines, _table(cards))


def card_of(end: End, job: str) -> JobCard:
    """The card of a job that `job_states` has."""
    tables = {
        name: end.tables[name].filter(pl.col("job") == job)
        for name in ("job_states", "works", "expiries", "job_liquidities", "job_tokens")
    }
    (state,) = tables["job_states"].rows(named=True)
    works = tables["works"]
    compared = compared_works(end.lake, works)
    lost = tables["expiries"].filter(pl.col("rule") == "contract")
    rate = _rate(end, works, job)
    return JobCard(
        keep3r=end.address,
        job=job,
        at=end.at,
        listed=state["listed"],
        disputed=state["disputed"],
        credits=int(state["credits"]),
        with_mined=None if state["total_credits"] is None else int(state["total_credits"]),
        per_period=int(state["period_credits"]),
        mines=end.mines(job),
        works=works.height,
        by_formula=compared.filter(~pl.col("is_own") & ~pl.col("is_open")).height,
        in_tokens=works.filter(pl.col("explanation") == TOKEN_PAYMENT).height,
        open_works=compared.filter("is_open").height,
        works_per_day=None if rate is None else DAY * 1000 // rate.interval,
        spent_per_day=None if rate is None else rate.payment * DAY // rate.interval,
        dry_at=None if rate is None else rate.at,
        obstacle="" if rate is None else rate.obstacle,
        spent=-sum(lost["spent"].cast(pl.Int128).to_list()),
        wasted=-sum(sum(lost[name].cast(pl.Int128).to_list()) for name in ("expired", "capped")),
        own=own_amounts(compared),
        liquidities=[
            (row["liquidity"], int(row["amount"]), int(row["pending_unbonds"]))
            for row in tables["job_liquidities"].sort("liquidity").rows(named=True)
        ],
        tokens=[(row["token"], int(row["credits"])) for row in tables["job_tokens"].sort("token").rows(named=True)],
    )


def _rate(end: End, works: pl.DataFrame, job: str) -> RunsDry | None:
    """How the job goes on at its present rate; None where too few works tell one."""
    in_kp3r = works.filter(pl.col("explanation") != TOKEN_PAYMENT).select(
        "timestamp", pl.col("payment").cast(pl.Int128)
    )
    before = Savepoint(end.keep3r, (job,), lists=False)
    try:
        return gone_on(end.keep3r, end.now, in_kp3r.sort("timestamp", "payment").rows(), job, WINDOW * DAY)
    except UsageError:
        return None
    finally:
        before.restore()  # the next job begins at the end of the history, too


def _lines(card: JobCard) -> list[str]:
    kp3r = f"{tokens(card.credits, _PLACES)} KP3R in storage"
    mined = "" if card.with_mined is None else f", {tokens(card.with_mined, _PLACES)} with what has been mined since"
    state = f"{'listed' if card.listed else 'not listed'}{', disputed' if card.disputed else ''}"
    lines = [
        f"job         {card.job}",
        f"state       {state}, at {moment(card.at)} UTC; Keep3r {card.keep3r}",
        f"credits     {kp3r}{mined}",
        f"mines       {mining(card)}",
        f"spends      {spending(card)}",
        f"runs dry    {dry_words(card)}",
        f"wasted      {tokens(card.wasted, _PLACES)} KP3R expired or cut off, {wasted_share(card)} of what left",
        f"works       {card.works:,}: {kinds_words(card)}",
    ]
    if card.own.works:
        lines.append(f"own amounts {own_words(card.own)}")
    lines += [
        f"liquidity   {tokens(held, _PLACES)} of {liquidity}{_leaving(pending)}"
        for liquidity, held, pending in card.liquidities
        if held or pending
    ]
    lines += [f"tokens      {tokens(left, _PLACES)} of {token}" for token, left in card.tokens if left]
    return lines


def mining(card: JobCard) -> str:
    """What one reward period mines, by the view, and what storage says of it where that is another number."""
    stored = f"{tokens(card.per_period, _PLACES)} in storage"
    if card.mines is None:
        return f"nobody can tell: the view reverts; {stored}"
    beside = "" if card.mines == card.per_period else f" by the view; {stored}"
    return f"{tokens(card.mines, _PLACES)} KP3R a reward period{beside}"


def _leaving(pending: int) -> str:
    return f", {tokens(pending, _PLACES)} unbonding" if pending else ""


def _dry_word(card: JobCard) -> str:
    """What a table of jobs says of running dry: a date, or why there is none."""
    if not card.listed:
        return "not listed"
    return "disputed" if card.disputed else "-" if card.dry_at is None else date(card.dry_at)


def spending(card: JobCard) -> str:
    """What it spends a day at its present rate."""
    if card.spent_per_day is None or card.works_per_day is None:
        return f"fewer than two works in KP3R in the {WINDOW} days up to its last: no rate"
    works = f"{card.works_per_day // 1000:,}.{card.works_per_day % 1000:03d} works a day"
    since = f"(from work to work, in the last {WINDOW} days that it worked)"
    return f"{tokens(card.spent_per_day, _PLACES)} KP3R a day, {works} {since}"


def dry_words(card: JobCard) -> str:
    """When it runs dry at that rate."""
    if card.obstacle:
        return card.obstacle
    if card.spent_per_day is None:
        return "nobody can tell without a rate"
    if card.dry_at is None:
        return f"not within {HORIZON // DAY} days at this rate"
    return f"{moment(card.dry_at)} UTC at this rate, in {duration(card.dry_at - card.at)}"


def wasted_share(card: JobCard) -> str:
    """What was wasted of all that left."""
    return share(card.wasted, card.wasted + card.spent)


def kinds_words(card: JobCard) -> str:
    """How many works were paid how."""
    kinds = (
        (card.by_formula, "by the formula"),
        (card.own.works, "of an own amount"),
        (card.in_tokens, "in tokens"),
        (card.open_works, "undetermined"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in kinds if count) or "none"


def own_words(own: Paid) -> str:
    """Own amounts beside what the formula gives."""
    if not own.compared:
        return f"{own.works:,} with no formula to compare with"
    ratio = times(own.paid, own.formula)
    rest = own.works - own.compared
    return (
        f"{tokens(own.paid, _PLACES)} KP3R where the formula gives {tokens(own.formula, _PLACES)}"
        f"{f', {ratio} times as much' if ratio else ''}{f'; {rest:,} with nothing to compare with' if rest else ''}"
    )


def _overview(cards: list[JobCard]) -> list[str]:
    head = (
        "job",
        "credits, KP3R",
        "a period, KP3R",
        "a day, KP3R",
        "runs dry",
        "wasted",
        "works",
        "own amounts",
        "times",
    )
    rows = [
        (
            card.job,
            tokens(card.credits if card.with_mined is None else card.with_mined, _PLACES),
            "-" if card.mines is None else tokens(card.mines, _PLACES),
            "-" if card.spent_per_day is None else tokens(card.spent_per_day, _PLACES),
            _dry_word(card),
            wasted_share(card),
            f"{card.works:,}",
            f"{card.own.works:,}",
            times(card.own.paid, card.own.formula) or "-",
        )
        for card in sorted(cards, key=lambda card: (-card.works, card.job, card.keep3r))
    ]
    return aligned([head, *rows], (44, *(12 for _ in head[1:])))


def _table(cards: list[JobCard]) -> pl.DataFrame:
    """One row a card; its liquidity and its credits in tokens stand in tables of the audit."""
    rows: list[dict[str, Any]] = [
        {
            **card._asdict(),
            "own_works": card.own.works,
            "own_compared": card.own.compared,
            "own_paid": card.own.paid,
            "own_formula": card.own.formula,
            "own_excess": card.own.excess,
        }
        for card in cards
    ]
    columns = {name: [row[name] for row in rows] for name in (*_COLUMNS, *_AMOUNTS)}
    return pl.DataFrame(
        [
            *(pl.Series(name, columns[name], kind) for name, kind in _COLUMNS.items()),
            *(pl.Series(name, columns[name], pl.Int128).cast(pl.Decimal(38, 0)) for name in _AMOUNTS),
            *(whole_tokens(columns[name]).alias(f"{name}_kp3r") for name in _AMOUNTS),
        ]
    )
