"""What the page of a what-if leads with: what changed, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.report.results import amounts
from keep3r_replay.protocols.keep3r_v2.report.what_if_results import MARKED, SIDES
from keep3r_replay.report.amounts import decimal, share, tokens
from keep3r_replay.report.frame import Answer, titled
from keep3r_replay.report.html import code, text
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.report.what_if_results import WhatIfResults
    from keep3r_replay.report.places import Calendar

_PLACES = 2
_PARTY_PLACES = 4
_ONE = 10**18


def what_if_answers(results: WhatIfResults) -> list[Answer]:
    """Works, waste, payments and what a work costs, as they were and would have been; who it changes most for."""
    outcome = results.summary["outcome"]
    return [
        _works(outcome),
        _wasted(outcome),
        _difference("paid", _pair(outcome, "paid"), "by jobs"),
        *_cost(results),
        _difference("credits left", _pair(outcome, "credits"), "to jobs at the end"),
        *_most(results.jobs, "job"),
        *_most(results.keepers, "keeper"),
    ]


def for_whom(rows: Sequence[Mapping[str, Any]], of: str, shown: Mapping[str, str], calendar: Calendar) -> str:
    """A table of jobs or keepers (`of`): both sides and the difference, the largest first.

    Args:
        rows: sums of both sides of each party.
        of: "job" or "keeper".
        shown: where on the page a party's own charts are.
        calendar: when blocks were.
    """
    ordered = sorted(rows, key=lambda row: (-abs(_paid(row)), -sum(row[each] for each in MARKED), row[of]))
    cells, sums = [], [0] * (7 if of == "job" else 4)
    statuses = [each for each in MARKED if any(row[each] for row in rows)]
    counts = [0] * (1 + len(statuses))
    for row in ordered:
        waste = [_waste(row, side) for side in SIDES] if of == "job" else []
        paid = [row[f"paid_{side}"] for side in SIDES]
        rest = [row[f"{'credits' if of == 'job' else 'bonds'}_what_if"]]
        numbers = [*paid, paid[1] - paid[0], *([*waste, waste[1] - waste[0]] if waste else []), *rest]
        sums = [total + (each or 0) for total, each in zip(sums, numbers, strict=True)]
        works = [row["paid"], *(row[each] for each in statuses)]
        counts = [total + each for total, each in zip(counts, works, strict=True)]
        who = code(row[of])
        cells.append(
            (
                f'<a href="#{shown[row[of]]}">{titled(row[of])}</a>' if row[of] in shown else who,
                *(f"{each:,}" for each in works),
                *map(text, amounts(numbers, _PARTY_PLACES)),
                calendar.at(row["parts_at_block"]),
            )
        )
    headers = [of, "works paid", *(f"works {each}" for each in statuses)]
    headers += ["paid as it was, KP3R", "what-if", "difference"]
    headers += ["wasted as it was, KP3R", "what-if", "difference"] if of == "job" else []
    headers += ["credits at the end, what-if" if of == "job" else "bonds at the end, what-if", "parts at, UTC"]
    total = ("all", *(f"{each:,}" for each in counts), *map(text, amounts(sums, _PARTY_PLACES)), "")
    return table(headers, cells, frozenset(range(1, len(headers) - 1)), total=total, file=f"compared_{of}s.parquet")


def _works(outcome: Mapping[str, Any]) -> Answer:
    lost = outcome["reverted"] + outcome["dropped"]
    every = outcome["paid"] + lost
    said = ", ".join(f"{outcome[each]:,} {each}" for each in MARKED if outcome[each])
    calls = (
        f"; {counted(outcome['reverted_calls'], 'other call reverts', 'other calls revert')}"
        if outcome["reverted_calls"]
        else ""
    )
    value = f"{lost:,} not paid" if lost else "all still paid"
    return Answer("works", value, f"of {every:,}{f': {said}' if said else ''}{calls}", "bad" if lost else "good")


def _wasted(outcome: Mapping[str, Any]) -> Answer:
    before, after = (_waste(outcome, side) for side in SIDES)
    shares = [
        share(wasted, int(outcome[f"minted_{side}"])) for side, wasted in zip(SIDES, (before, after), strict=True)
    ]
    said = f"expired or cut off: {tokens(before)} KP3R as it was, {tokens(after)} in the what-if"
    of_mined = f" ({shares[0]} and {shares[1]} of what was mined)" if "-" not in shares else ""
    return Answer("wasted", _signed(after - before), f"{said}{of_mined}", _tone(before - after))


def _cost(results: WhatIfResults) -> list[Answer]:
    """What a work costs; none where no works are kept, or none is paid in KP3R on both sides."""
    if results.works is None:
        return []
    in_kp3r = results.works.filter((pl.col("explanation") != "token_payment").fill_null(value=True))
    costs = []
    for side in SIDES:
        paid = [each for each in in_kp3r[f"payment_{side}"].to_list() if each]
        if not paid:
            return []
        costs.append(decimal(sum(paid), len(paid) * _ONE, _PARTY_PLACES))
    return [Answer("a work costs", f"{costs[1]} KP3R", f"on average; {costs[0]} as it was")]


def _difference(question: str, sides: tuple[int, int], said: str) -> Answer:
    before, after = sides
    words = f"{said}: {tokens(before)} KP3R as it was, {tokens(after)} in the what-if"
    return Answer(question, _signed(after - before), words)


def _most(rows: Sequence[Mapping[str, Any]], of: str) -> list[Answer]:
    """For whom it changes most what is paid; none where nothing does."""
    changed = [row for row in rows if _paid(row)]
    if not changed:
        return []
    row = min(changed, key=lambda each: (-abs(_paid(each)), each[of]))
    verb = "pays" if of == "job" else "earns"
    before, after = (tokens(row[f"paid_{side}"]) for side in SIDES)
    otherwise = {
        "job": counted(len(changed), "job pays otherwise", "jobs pay otherwise"),
        "keeper": counted(len(changed), "keeper is paid otherwise", "keepers are paid otherwise"),
    }
    said = f"{titled(row[of])} {verb} {after} instead of {before} KP3R; {otherwise[of]}"
    return [Answer(f"{of} it changes most for", _signed(_paid(row)), said)]


def _pair(outcome: Mapping[str, Any], name: str) -> tuple[int, int]:
    before, after = (int(outcome[f"{name}_{side}"]) for side in SIDES)
    return before, after


def _waste(row: Mapping[str, Any], side: str) -> int:
    return int(row[f"expired_{side}"]) + int(row[f"capped_{side}"])


def _paid(row: Mapping[str, Any]) -> int:
    difference: int = row["paid_what_if"] - row["paid_baseline"]
    return difference


def _signed(wei: int) -> str:
    return f"{'+' if wei > 0 else ''}{tokens(wei, _PLACES)} KP3R"


def _tone(less: int) -> str:
    return "good" if less > 0 else "bad" if less < 0 else ""
