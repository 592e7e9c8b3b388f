"""A sweep as one page: a chart for each outcome, with the history as it was marked, and the table beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.replay.rooms import Chart
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.frame import Answer, answers, head
from keep3r_replay.report.html import text
from keep3r_replay.report.page import page
from keep3r_replay.report.sweep import PREFIX, baseline_of, outcome_words
from keep3r_replay.report.sweep_chart import sweep_specification
from keep3r_replay.report.tables import table as html_table
from keep3r_replay.what_if.sweep.table import swept_names

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.replay.rooms import WhatIfs


def sweep_page(table: pl.DataFrame, what_ifs: WhatIfs, files: tuple[str, ...]) -> str:
    """The page of a sweep; `files` are those beside it that hold its table.

    It leads with the least and the most of what the protocol tells first. A chart shows an outcome over the first
    setting, a line for each combination of the others, and as a line of its own what the history as it was has; an
    outcome that is nothing everywhere is left out. Amounts are whole tokens of 18 decimals.
    """
    names = swept_names(table, what_ifs.measured)
    baselines = {name: baseline_of(table, name) for name in what_ifs.measured}
    left_out = {"parts_at_block", *baselines.values()}
    outcomes = [name for name in what_ifs.measured if name not in left_out and _is_ever(table, name, baselines[name])]
    done = table.filter(table["status"] == "done").height
    swept = ", ".join(text(name.removeprefix(PREFIX)) for name in names)
    beside = ", ".join(f'<a href="{text(file)}">{text(file)}</a>' for file in files)
    parts = [head("Sweep", f"{done:,} of {table.height:,} what-ifs over {swept}; the whole table: {beside}")]
    if done and names:
        parts += [
            answers(_range(table, name, names, what_ifs) for name in what_ifs.told if name in outcomes),
            *(
                drawn(
                    Chart(
                        f"sweep-{name}",
                        _caption(name, names, baselines[name]),
                        sweep_specification(table, name, what_ifs),
                    )
                )
                for name in outcomes
            ),
        ]
    parts.append(f"<h2>Table</h2>{_rows(table, names, outcomes, what_ifs)}")
    return page("Sweep", "\n".join(parts))


def _is_ever(table: pl.DataFrame, name: str, before: str | None) -> bool:
    """Whether an outcome is anything but 0 in one of the what-ifs, or in the history as it was."""
    columns = {name, before or name} & {*table.columns}
    return any(value for column in columns for value in table[column].drop_nulls().to_list())


def _range(table: pl.DataFrame, name: str, names: list[str], what_ifs: WhatIfs) -> Answer:
    """Between what an outcome lies, and with which values."""
    rows = table.filter((table["status"] == "done") & table[name].is_not_null()).rows(named=True)
    ordered = sorted(rows, key=lambda row: int(row[name]))
    is_amount = table.schema[name].is_decimal()
    words = [f"{_cell(row[name], is_amount=is_amount)}" for row in (ordered[0], ordered[-1])]
    unit = f" {what_ifs.unit}" if is_amount else ""
    if ordered[0][name] == ordered[-1][name]:
        return Answer(outcome_words(name), f"{words[0]}{unit}", "with every value")
    places = [
        ", ".join(f"{each.removeprefix(PREFIX)}={row[each]}" for each in names) for row in (ordered[0], ordered[-1])
    ]
    said = f"least with {text(places[0])}; most with {text(places[1])}"
    return Answer(outcome_words(name), f"{words[0]} to {words[1]}{unit}", said)


def _caption(outcome: str, names: list[str], baseline: str | None) -> str:
    dashed = "" if baseline is None else "; dashed: the history as it was"
    return f"{outcome_words(outcome)} over {names[0].removeprefix(PREFIX).replace('_', ' ')}{dashed}"


def _rows(table: pl.DataFrame, names: list[str], outcomes: list[str], what_ifs: WhatIfs) -> str:
    """Every scenario: values, status, outcomes."""
    amounts = {name for name in outcomes if table.schema[name].is_decimal()}
    headers = [
        *(name.removeprefix(PREFIX) for name in names),
        "status",
        *(f"{outcome_words(name)}{f', {what_ifs.unit}' if name in amounts else ''}" for name in outcomes),
    ]
    rows = [
        [
            *(text(row[name]) for name in names),
            text(row["error"] or row["status"]),
            *(_cell(row[name], is_amount=name in amounts) for name in outcomes),
        ]
        for row in table.iter_rows(named=True)
    ]
    numbers = frozenset(range(len(names) + 1, len(headers)))
    return html_table(headers, rows, numbers, file="sweep.csv")


def _cell(value: object, *, is_amount: bool) -> str:
    if value is None:
        return "-"
    return tokens(int(str(value)), 6) if is_amount else text(value)
