"""A job's card on a page, and the answers to what its owner asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.report.words import STORED, TOTAL
from keep3r_replay.protocols.keep3r_v2.statements.job import (
    dry_words,
    kinds_words,
    mining,
    own_words,
    spending,
    wasted_share,
)
from keep3r_replay.protocols.keep3r_v2.statements.parties import times
from keep3r_replay.report.amounts import share, tokens
from keep3r_replay.report.frame import Answer, card
from keep3r_replay.report.html import address, text
from keep3r_replay.report.times import date, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.report.results import Results
    from keep3r_replay.protocols.keep3r_v2.statements.job import JobCard

_PLACES = 6
NEEDS_LAKE = "name the lake (lake=FOLDER) to know"


def anchor(job: str) -> str:
    """The name of a job's section on a page."""
    return f"job-{job.replace(' ', '-')}"


def job_card(told: JobCard, job: str) -> str:
    """A card: what `keep3r job` tells, with addresses to copy."""
    held_now = f"{tokens(told.credits, _PLACES)} {STORED}"
    views = (
        "the view reverts" if told.with_mined is None else f"{tokens(told.with_mined, _PLACES)} {TOTAL} (by the view)"
    )
    facts = {
        "credits, KP3R": f"{held_now}<br>{views}",
        "mines": text(mining(told)),
        "spends": text(spending(told)),
        "runs dry": text(dry_words(told)),
        "wasted": f"{tokens(told.wasted, _PLACES)} KP3R, {wasted_share(told)} of what left",
        "works": text(f"{told.works:,}: {kinds_words(told)}"),
    }
    if told.own.works:
        facts["own amounts"] = text(own_words(told.own))
    held = [f"{tokens(amount, 4)} of {address(pair)}" for pair, amount, _ in told.liquidities if amount]
    leaving = [f"{tokens(pending, 4)} of {address(pair)} unbonding" for pair, _, pending in told.liquidities if pending]
    if held or leaving:
        facts["liquidity"] = "<br>".join([*held, *leaving])
    in_tokens = [f"{tokens(left, 4)} of {address(token)}" for token, left in told.tokens if left]
    if in_tokens:
        facts["tokens"] = "<br>".join(in_tokens)
    state = f"{'listed' if told.listed else 'not listed'}{', disputed' if told.disputed else ''}"
    return card(f'<a href="#{text(anchor(job))}">job</a> {address(told.job)}', {"state": state, **facts})


def job_answers(results: Results, cards: Sequence[JobCard], jobs: Sequence[str], *, alone: bool) -> list[Answer]:
    """Verdict, waste, runway and own amounts, of the page's jobs; of one job where the page is about it alone."""
    whom = "this job" if alone else counted(len(jobs), "job")
    spent, lost = 0, 0
    for job in jobs:
        used, wasted, _ = results.wasted(job)["contract"]
        spent, lost = spent + used, lost + wasted
    answers = [
        verdict(results),
        Answer(
            "wasted",
            share(lost, lost + spent) if lost + spent else "nothing yet",
            f"{tokens(lost)} KP3R of {whom} expired or were cut off; {tokens(spent)} were spent",
            "bad" if 2 * lost > spent + lost else "",
        ),
    ]
    return [*answers, _runway(cards), _overpaid(cards)]


def verdict(results: Results) -> Answer:
    """Whether every event and every reading is what the model predicts."""
    summary = results.summary
    events, readings = summary["events"], summary["readings"]
    wrong = events["mismatched"] + readings["mismatched"]
    compared = (
        f"{counted(events['predicted'], 'event')} and {counted(readings['compared'], 'answer')} of views compared"
    )
    if summary["verdict"] == "clean":
        return Answer("verdict", "right to the wei", f"{compared}{_open(summary)}", "good")
    count = sum(summary["findings"].values())
    return Answer("verdict", counted(count, "finding"), f"{compared}; {wrong:,} differ", "bad")


def _open(summary: Mapping[str, Any]) -> str:
    """What logs cannot tell, as far as there is any."""
    open_ = [
        counted(summary[of]["undetermined"], one)
        for of, one in (("works", "payment"), ("readings", "answer"))
        if summary[of]["undetermined"]
    ]
    return f"; {' and '.join(open_)} undetermined" if open_ else ""


def _runway(cards: Sequence[JobCard]) -> Answer:
    if not cards:
        return Answer("runs dry", "not known", NEEDS_LAKE)
    dry = sorted((each.dry_at, each) for each in cards if each.dry_at is not None and not each.obstacle)
    if dry:
        at, first = dry[0]
        others = f"; {len(dry):,} of {len(cards):,} jobs within a year" if len(cards) > 1 else ""
        said = f"{address(first.job)} at the rate of its last 30 days of work{others}"
        return Answer(
            "first to run dry" if len(cards) > 1 else "runs dry", f"{date(at)}, in {_in(at - first.at)}", said, "bad"
        )
    stopped = [each for each in cards if each.obstacle]
    if len(stopped) == len(cards):
        return Answer("runs dry", "pays nothing now", text(stopped[0].obstacle), "bad")
    rated = [each for each in cards if each.spent_per_day is not None and not each.obstacle]
    if not rated:
        return Answer("runs dry", "no rate yet", "fewer than two works in KP3R in 30 days")
    aside = f"; {len(stopped):,} of {len(cards):,} jobs pay nothing now, as their cards say" if stopped else ""
    words = f"at the rate of each job's last 30 days of work{aside}"
    return Answer("runs dry", "not within a year", words, "" if stopped else "good")


def _in(seconds: int) -> str:
    return duration(seconds).rpartition(" hour")[0].rpartition(" ")[0] or duration(seconds)


def _overpaid(cards: Sequence[JobCard]) -> Answer:
    if not cards:
        return Answer("paid above the formula", "not known", NEEDS_LAKE)
    if not any(each.works for each in cards):
        return Answer("paid above the formula", "nothing", "no work yet")
    works = sum(each.own.works for each in cards)
    compared = sum(each.own.compared for each in cards)
    if not works:
        return Answer("paid above the formula", "nothing", "no payment is the job's own amount", "good")
    if not compared:
        said = f"{counted(works, 'payment is', 'payments are')} the job's own amount, with no formula to compare with"
        return Answer("paid above the formula", "cannot be told", said)
    paid, formula = (sum(getattr(each.own, name) for each in cards) for name in ("paid", "formula"))
    ratio = times(paid, formula)
    said = (
        f"{tokens(paid)} KP3R in {counted(compared, 'payment')} where the formula gives {tokens(formula)}"
        f"{f', {ratio} times as much' if ratio else ''}{_uncompared(works - compared)}"
    )
    return Answer("paid above the formula", f"{tokens(paid - formula)} KP3R", said, "bad" if paid > formula else "")


def _uncompared(works: int) -> str:
    return f"; {works:,} more with nothing to compare with" if works else ""
