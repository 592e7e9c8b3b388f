"""What each helper would have paid for the gas that the payments of a history tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.replay.questions import Answer, Asked, Question
from keep3r_replay.replay.tables import Amount, Int64, frame
from keep3r_replay.report.amounts import tokens

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import WhatIfs

_MEASURED = frozenset({"work_exact", "work_deep", "receipt_measured"})


class Cost(NamedTuple):
    """One helper throughout: works it prices, what it pays for them and what was paid (wei), works it refuses."""

    version: str
    priced: Int64
    pays: Amount
    paid: Amount
    refused: Int64


def helper_costs(lake: Lake, what_ifs: WhatIfs, until_block: int | None = None) -> list[Cost]:
    """A what-if for each helper, over the payments whose gas is known; credits run out as they would."""
    baseline = what_ifs.baseline(lake, until_block, {})
    costs = []
    for version in HELPERS:
        frame = what_ifs.outcome(baseline, {"helper": version}, ledger=False).tables["works_what_if"]
        priced = refused = pays = paid = 0
        for name, amount, other, reason in frame.select("class", "payment", "payment_what_if", "refused").iter_rows():
            if name not in _MEASURED:
                continue
            if reason is not None:
                refused += 1
                continue
            priced, pays, paid = priced + 1, pays + int(other), paid + int(amount)
        costs.append(Cost(version, priced, pays, paid, refused))
    return costs


def _helper_cost(asked: Asked) -> Answer:
    """The costs for a terminal, in whole KP3R."""
    lines = [f"{'helper':<12}{'works':>8}{'refused':>9}{'it pays':>20}{'was paid':>20}{'more':>20}"]
    costs = helper_costs(asked.lake, asked.what_ifs, asked.until_block)
    lines += [
        f"{cost.version:<12}{cost.priced:>8,}{cost.refused:>9,}{tokens(cost.pays, 6):>20}{tokens(cost.paid, 6):>20}"
        f"{tokens(cost.pays - cost.paid, 6):>20}"
        for cost in costs
    ]
    return Answer(lines, frame(Cost, costs))


QUESTIONS = {"helper_cost": Question("what each helper would have paid for the same gas", _helper_cost)}
"""What `keep3r ask` asks of Keep3r V1."""
