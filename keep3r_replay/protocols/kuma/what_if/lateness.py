"""What a keeper's delay costs, second by second: the question `cost_of_lateness`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.counts import counted
from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.kuma.report.drawings import curve
from keep3r_replay.protocols.kuma.what_if.changes import changes_of
from keep3r_replay.protocols.kuma.what_if.room import whole
from keep3r_replay.replay.questions import Answer, Asked, Question, Setting
from keep3r_replay.replay.tables import Amount, Int64, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.kuma.what_if.outcome import Baseline
    from keep3r_replay.replay.rooms import WhatIfs


class Cost(NamedTuple):
    """The price of a bond whose keeper comes so many seconds after maturity, and what of it is his delay's (wei)."""

    delay: Int64
    realized: Amount | None
    excess: Amount | None


def cost_curve(baseline: Baseline, bond_id: int, delays: Sequence[int]) -> list[Cost]:
    """A bond's price over delays; None where the purchase fails. Excess is against an expiry at maturity.

    Raises `UsageError` where nobody bought the bond.
    """
    prices = [_price(baseline, bond_id, delay) for delay in (0, *delays)]
    on_time, *late = prices
    return [
        Cost(delay, price, price - on_time if price is not None and on_time is not None else None)
        for delay, price in zip(delays, late, strict=True)
    ]


def _price(baseline: Baseline, bond_id: int, delay: int) -> int | None:
    bought = [key for key in baseline.world.purchases if key.bond_id == bond_id]
    if not bought:
        raise UsageError(f"bond={bond_id}: nobody bought it for KIBT")
    changes = changes_of({"expire": [bond_id], "expire_at": "maturity", "delay": delay})
    found = baseline.with_changes(changes).purchases.get(bought[-1])
    return found.realized if found is not None else None


def cost_of_all(baseline: Baseline, delays: Sequence[int]) -> list[Cost]:
    """What all purchases burn together over one delay of every keeper; excess is against expiries at maturity."""
    burned = []
    for delay in (0, *delays):
        changes = changes_of({"expire": "all", "expire_at": "maturity", "delay": delay})
        burned.append(sum(each.realized for each in baseline.with_changes(changes).purchases.values()))
    return [Cost(delay, each, each - burned[0]) for delay, each in zip(delays, burned[1:], strict=True)]


def drawing(costs: Sequence[Cost]) -> bytes:
    """The cost curve as SVG: KIBT over seconds after maturity; points of failed purchases are left out."""
    points = [(cost.delay, cost.excess / 10**18) for cost in sorted(costs) if cost.excess is not None]
    below = "seconds after maturity; KIBT burned more than with an expiry at maturity"
    return curve(points, 960, 320, below)


def _cost_of_lateness(asked: Asked) -> Answer:
    """What keepers cost by coming late, and the curve over delays; of one bond, or of all keepers together."""
    bond_id, delays = asked.settings["bond"], asked.settings["delays"]
    if not delays or min(delays) < 0:
        raise UsageError("delays: seconds after maturity, as in delays=[0,14400]")
    baseline = asked.what_ifs.baseline(asked.lake, asked.until_block, {})
    costs = cost_of_all(baseline, delays) if bond_id is None else cost_curve(baseline, bond_id, delays)
    lines = _lateness_lines(asked.what_ifs, baseline) if bond_id is None else []
    return Answer([*lines, *_curve_lines(bond_id, costs)], frame(Cost, costs), drawing(costs))


def _curve_lines(bond_id: int | None, costs: Sequence[Cost]) -> list[str]:
    """A cost curve for a terminal."""
    whom = "all purchases together" if bond_id is None else f"the price of bond {bond_id}"
    return [
        f"what a delay after maturity adds to {whom}:",
        *(
            f"{cost.delay:>12,} s  {'the purchase fails' if cost.excess is None else whole(str(cost.excess))} KIBT"
            for cost in costs
        ),
    ]


def _lateness_lines(what_ifs: WhatIfs, baseline: Baseline) -> list[str]:
    """What lateness cost: against all bonds expired in time, and against none ever expired."""
    lines = ["what buyers burned more than they would have, KIBT:"]
    for words, given in (
        ("had every keeper come in the last second of grace", {"expire": "all", "expire_at": "deadline"}),
        ("had every keeper come at maturity", {"expire": "all", "expire_at": "maturity"}),
        ("had no keeper ever come", {"expire": "all", "expire_at": "never"}),
    ):
        summary = what_ifs.outcome(baseline, given, ledger=False).summary
        changed = counted(summary["changed_transactions"], "transaction changes", "transactions change")
        lines.append(f"  {whole(str(summary['excess'])):>28}  {words}; {changed}")
    return lines


QUESTIONS = {
    "cost_of_lateness": Question(
        "what keepers cost by coming late: all of them, or that of one bond over delays",
        _cost_of_lateness,
        {
            "bond": Setting(int | None, None, "one bond, by its number; all if none is said"),
            "delays": Setting(list[int], [0, 1, 3600, 14400, 86400, 604800], "seconds after maturity"),
        },
        draws=True,
    )
}
"""What `keep3r ask` asks of KUMA."""
