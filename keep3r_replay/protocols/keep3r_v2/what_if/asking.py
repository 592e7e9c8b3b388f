"""Questions of Keep3r V2 as a person asks them, with their answers in lines; `questions` and `needed` work them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.needed import liquidity_needed, needed_table
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.questions import (
    DAY,
    HORIZON,
    BondMore,
    ExpiryCost,
    RunsDry,
    bond_more,
    expiry_cost,
    runs_dry,
)
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
from keep3r_replay.replay.questions import Answer, Asked, Question, Setting
from keep3r_replay.replay.tables import frame
from keep3r_replay.report.amounts import decimal, tokens
from keep3r_replay.report.columns import aligned
from keep3r_replay.report.times import duration, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.needed import LiquidityNeeded

_JOB = {"job": Setting(str, "", "the job, its address or the beginning of it")}
_KEEPER = {"keeper": Setting(str, "", "the keeper, its address or the beginning of it")}
_DAYS = {"days": Setting(int, 30, "runs_dry: the present rate is that of so many days up to the last work")}
_AMOUNTS = {"amounts": Setting(list[int], [10, 50, 100, 200], "bond_more: KP3R more, whole tokens")}
_Told = tuple[list[str], pl.DataFrame]
"""An answer in lines, and as a table."""


class _Subject(NamedTuple):
    """Whom a question is about: the baseline of its contract, its whole address, and the changes made first."""

    base: Baseline
    address: str
    overlay: Overlay


def _liquidity_needed(asked: Asked) -> Answer:
    return _about("job", asked, _liquidity_told)


def _runs_dry(asked: Asked) -> Answer:
    days = asked.settings["days"]
    if days < 1:
        raise UsageError(f"days={days}: no number of days")
    return _about("job", asked, lambda subject: _dry_told(subject, days))


def _expiry_cost(asked: Asked) -> Answer:
    return _about("job", asked, _expiry_told)


def _bond_more(asked: Asked) -> Answer:
    amounts = [amount * 10**18 for amount in asked.settings["amounts"]]
    return _about("keeper", asked, lambda subject: _bond_told(subject, amounts))


def _about(role: str, asked: Asked, told: Callable[[_Subject], _Told]) -> Answer:
    """The answer about the job or keeper that the question is asked of. Raises `UsageError` if there is not one."""
    start = asked.settings[role].lower()
    if not start:
        raise UsageError(f"this is asked of a {role}: say {role}=ADDRESS")
    bases = baselines(asked.lake, asked.until_block)
    found = [(base, name) for base in bases for name in base.works[role].unique().sort() if name.startswith(start)]
    if len({name for _, name in found}) != 1:
        what = f"{len(found)} begin so" if found else "no work of the history is its"
        raise UsageError(f"{role}={start[:60]}: {what}")
    base, address = max(found, key=lambda each: each[0].works.filter(each[0].works[role] == each[1]).height)
    lines, table = told(_Subject(base, address, overlay_from(asked.overlay)))
    return Answer([f"{role} {address}", *lines], table.insert_column(0, pl.lit(address).alias(role)))


def _liquidity_told(job: _Subject) -> _Told:
    answer = liquidity_needed(job.base, job.overlay, job.address)
    return _liquidity_lines(answer), needed_table(answer)


def _liquidity_lines(answer: LiquidityNeeded) -> list[str]:
    reverted = answer.reverted_as_it_is
    lines = [f"works                  {answer.works:,}, {reverted:,} of them revert with the liquidity it has"]
    if answer.factor is None:
        errors = ", ".join(answer.errors)
        return [
            *lines,
            "liquidity needed       more than 4,096 times what it has, if liquidity is what is lacking:",
            f"                       with that, works still revert for {errors}",
        ]
    most = answer.tried[-1] // 1000
    if not answer.factor:
        tried = f"{len(answer.tried)} factors tried, from 0 to {most} times what it had"
        return [*lines, f"liquidity needed       none: all are paid with each of {tried}"]
    factor = decimal(answer.factor.numerator, answer.factor.denominator, 3)
    lines.append(f"liquidity needed       {factor} times what it had, to pay them all")
    lines += [
        f"  {held.liquidity}  {tokens(held.needed, 6)} of {tokens(held.amount, 6)}, with {tokens(held.kp3r_needed, 6)} "
        f"KP3R of {tokens(held.kp3r, 6)}"
        for held in answer.held
    ]
    if not answer.held:
        lines.append("  it holds no liquidity at the history's end: the factor is of what it had before")
    tried = f"the last of {len(answer.tried)} factors tried up to {most} times that is not enough lies"
    return [
        *lines,
        f"                       {tried} right below: more is not always better, and the rest is not proved",
    ]


def _dry_told(job: _Subject, days: int) -> _Told:
    answer = runs_dry(job.base, job.overlay, job.address, days * DAY)
    return _dry_lines(answer, days), frame(RunsDry, [answer])


def _dry_lines(answer: RunsDry, days: int) -> list[str]:
    each = f"one every {duration(answer.interval)}, {tokens(answer.payment, 9)} KP3R each"
    lines = [f"rate                   {counted(answer.works, 'work')} in the last {days} days, {each}"]
    if answer.obstacle:
        return [*lines, f"runs dry               {answer.obstacle} ({answer.error})"]
    if answer.at is None:
        return [*lines, f"runs dry               not within {HORIZON // DAY} days"]
    return [
        *lines,
        f"runs dry               {moment(answer.at)} UTC, after {counted(answer.works_until, 'work')}: {answer.error}",
    ]


def _expiry_told(job: _Subject) -> _Told:
    rows = expiry_cost(job.base, job.overlay, job.address)
    lines = [["KP3R, by rule", *(row.rule for row in rows)]]
    lines += [
        [name.replace("_", " "), *(tokens(getattr(row, name), 18) for row in rows)] for name in rows[0]._fields[1:-1]
    ]
    lines.append(["works reverted", *(f"{row.reverted:,}" for row in rows)])
    return aligned(lines, (15, *(30 for _ in rows))), frame(ExpiryCost, rows)


def _bond_told(keeper: _Subject, amounts: list[int]) -> _Told:
    rows = bond_more(keeper.base, keeper.overlay, keeper.address, amounts)
    lines: list[tuple[str, ...]] = [("", "KP3R bonded more", "earned", "more", "works reverted")]
    lines += [
        ("", *(tokens(each, 6) for each in (row.bonded, row.earned, row.more)), f"{row.reverted:,}") for row in rows
    ]
    return aligned(lines, (0, 18, 18, 18, 18)), frame(BondMore, rows)


QUESTIONS = {
    "liquidity_needed": Question(
        "how much liquidity pays all works of a job", _liquidity_needed, _JOB, takes_overlay=True
    ),
    "runs_dry": Question(
        "when a job's credits end at the present rate", _runs_dry, {**_JOB, **_DAYS}, takes_overlay=True
    ),
    "expiry_cost": Question(
        "what each rule of expiry makes of a job's credits", _expiry_cost, _JOB, takes_overlay=True
    ),
    "bond_more": Question(
        "what a keeper earns with more KP3R bonded", _bond_more, {**_KEEPER, **_AMOUNTS}, takes_overlay=True
    ),
}
"""What `keep3r ask` asks of Keep3r V2."""
