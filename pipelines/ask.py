"""`keep3r ask`: what a job's owner or a keeper wants to know, answered by replaying the history with changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keep3r_replay
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import overlay_from
from pipelines.config import load_config, setting
from pipelines.foreign import refuse_foreign

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline

SUMMARY = """Ask of a job: liquidity_needed, runs_dry, expiry_cost; of a keeper: bond_more. An overlay comes first.
Ask of KUMA: cost_of_lateness, of all bonds, or of one over delays of its keeper (bond=NUMBER)."""


class Question(Enum):
    """What can be asked."""

    liquidity_needed = "liquidity_needed"
    runs_dry = "runs_dry"
    expiry_cost = "expiry_cost"
    bond_more = "bond_more"
    cost_of_lateness = "cost_of_lateness"
    helper_cost = "helper_cost"


@dataclass(frozen=True)
class AskConfig:
    """Settings of `keep3r ask`."""

    question: Question = setting(
        "liquidity_needed, runs_dry, expiry_cost (job=...), bond_more (keeper=...), cost_of_lateness (KUMA; bond=...), "
        "helper_cost (Keep3r V1)"
    )
    lake: str | None = setting("folder of the lake; the bundled sample if none is named", default=None)
    job: str = setting("the job, its address or the beginning of it", default="")
    keeper: str = setting("the keeper, the same way", default="")
    days: int = setting("runs_dry: the present rate is that of so many days up to the last work", default=30)
    amounts: list[int] = setting("bond_more: KP3R more, whole tokens", default=[10, 50, 100, 200])
    bond: int | None = setting("cost_of_lateness: one bond, over delays", default=None)
    delays: list[int] = setting("cost_of_lateness: seconds after maturity", default=[0, 1, 3600, 14400, 86400, 604800])
    draw: str | None = setting("cost_of_lateness: also draw the curve (SVG) to this file", default=None)
    until_block: int | None = setting("last block of the history to use", default=None)
    overlay: dict[str, Any] = setting("changes made first, as for replay mode=what_if", default={})


def main(argv: list[str]) -> int:
    """Print the answer; return the exit code."""
    from keep3r_replay.protocols.keep3r_v2.what_if.other_market import check_market
    from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
    from pipelines.what_if import split_file, with_file

    rest, file = split_file(argv)
    config = load_config("ask", AskConfig, rest, summary=SUMMARY)
    config = replace(config, overlay=with_file(config.overlay, file))
    if config.days < 1:
        raise UsageError(f"days={config.days}: no number of days")
    if config.question is Question.cost_of_lateness:
        return _cost_of_lateness(config)
    if config.question is Question.helper_cost:
        from keep3r_replay.answers import room
        from keep3r_replay.protocols.keep3r_v1.what_if.helper_cost import helper_cost_lines

        lake = keep3r_replay.open_lake(config.lake)
        print("\n".join(helper_cost_lines(lake, room(lake, "what_ifs"))))
        return 0
    of_keeper = config.question is Question.bond_more
    role, wanted = ("keeper", config.keeper) if of_keeper else ("job", config.job)
    if not wanted:
        raise UsageError(f"question={config.question.value} is asked of a {role}: say {role}=ADDRESS")
    lake = keep3r_replay.open_lake(config.lake)
    check_market(overlay_from(config.overlay))
    base, address = _chosen(baselines(lake, config.until_block), role, wanted.lower())
    answers = {
        Question.liquidity_needed: _liquidity_needed,
        Question.runs_dry: _runs_dry,
        Question.expiry_cost: _expiry_cost,
        Question.bond_more: _bond_more,
    }
    print("\n".join([f"{role} {address}", *answers[config.question](base, config, address)]))
    return 0


def _cost_of_lateness(config: AskConfig) -> int:
    """What KUMA's keepers cost by coming late, and the curve over delays; return the exit code."""
    from keep3r_replay.protocols.kuma.what_if.lateness import costs_of, curve_lines, drawing, lateness_lines

    if not config.delays or min(config.delays) < 0:
        raise UsageError("delays: seconds after maturity, as in delays=[0,14400]")
    lake = keep3r_replay.open_lake(config.lake)
    costs = costs_of(lake, config.bond, config.delays)
    lines = lateness_lines(lake) if config.bond is None else []
    print("\n".join([*lines, *curve_lines(config.bond, costs)]))
    if config.draw is not None:
        refuse_foreign(Path(config.draw), "<svg", "draw")
        Path(config.draw).write_bytes(drawing(costs))
    return 0


def _chosen(bases: list[Baseline], role: str, start: str) -> tuple[Baseline, str]:
    """The contract and the one address that begins so."""
    found = [(base, name) for base in bases for name in base.works[role].unique().sort() if name.startswith(start)]
    if len({name for _, name in found}) != 1:
        what = f"{len(found)} begin so" if found else "no work of the history is its"
        raise UsageError(f"{role}={start}: {what}")
    return max(found, key=lambda each: each[0].works.filter(each[0].works[role] == each[1]).height)


def _liquidity_needed(base: Baseline, config: AskConfig, job: str) -> list[str]:
    from keep3r_replay.protocols.keep3r_v2.what_if.needed import liquidity_needed
    from keep3r_replay.report.amounts import decimal, tokens

    answer = liquidity_needed(base, overlay_from(config.overlay), job)
    reverted = answer.reverted_as_it_is
    lines = [f"works                  {answer.works:,}, {reverted:,} of them revert with the liquidity it has"]
    if answer.factor is None:
        return [*lines, "liquidity needed       more than 4,096 times what it has"]
    factor = decimal(answer.factor.numerator, answer.factor.denominator, 3)
    lines.append(f"liquidity needed       {factor} times what it had, to pay them all")
    lines += [
        f"  {held.liquidity}  {tokens(held.needed, 6)} of {tokens(held.amount, 6)}, with {tokens(held.kp3r_needed, 6)} "
        f"KP3R of {tokens(held.kp3r, 6)}"
        for held in answer.held
    ]
    tried = (
        f"the last of {len(answer.tried)} factors tried up to {answer.tried[-1] // 1000} times that is not enough lies"
    )
    return [
        *lines,
        f"                       {tried} right below: more is not always better, and the rest is not proved",
    ]


def _runs_dry(base: Baseline, config: AskConfig, job: str) -> list[str]:
    from keep3r_replay.protocols.keep3r_v2.what_if.questions import DAY, HORIZON, runs_dry
    from keep3r_replay.report.amounts import tokens

    answer = runs_dry(base, overlay_from(config.overlay), job, config.days * DAY)
    each = f"one every {answer.interval:,} s, {tokens(answer.payment, 9)} KP3R each"
    lines = [f"rate                   {answer.works:,} works in the last {config.days} days, {each}"]
    if answer.obstacle:
        return [*lines, f"runs dry               {answer.obstacle} ({answer.error})"]
    if answer.at is None:
        return [*lines, f"runs dry               not within {HORIZON // DAY} days"]
    when = datetime.fromtimestamp(answer.at, UTC)
    return [
        *lines,
        f"runs dry               {when:%Y-%m-%d %H:%M} UTC, after {answer.works_until:,} works: {answer.error}",
    ]


def _expiry_cost(base: Baseline, config: AskConfig, job: str) -> list[str]:
    from keep3r_replay.protocols.keep3r_v2.what_if.questions import expiry_cost
    from keep3r_replay.report.amounts import tokens

    rows = expiry_cost(base, overlay_from(config.overlay), job)
    lines = [f"{'KP3R, by rule':<15}" + "".join(f"{row.rule:>30}" for row in rows)]
    for name in rows[0]._fields[1:-1]:
        amounts = (tokens(getattr(row, name), 18) for row in rows)
        lines.append(f"{name.replace('_', ' '):<15}" + "".join(f"{amount:>30}" for amount in amounts))
    lines.append(f"{'works reverted':<15}" + "".join(f"{row.reverted:>30,}" for row in rows))
    return lines


def _bond_more(base: Baseline, config: AskConfig, keeper: str) -> list[str]:
    from keep3r_replay.protocols.keep3r_v2.what_if.questions import bond_more
    from keep3r_replay.report.amounts import tokens

    rows = bond_more(base, overlay_from(config.overlay), keeper, [amount * 10**18 for amount in config.amounts])
    lines = [f"{'KP3R bonded more':>18}{'earned':>18}{'more':>18}{'works reverted':>18}"]
    lines += [
        "".join(f"{tokens(amount, 6):>18}" for amount in (row.bonded, row.earned, row.more)) + f"{row.reverted:>18,}"
        for row in rows
    ]
    return lines
