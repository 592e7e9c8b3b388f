"""The report of a KUMA replay: one self-contained page; the same results give the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.protocols.kuma.audit.keepers import NOT_VERIFIED
from keep3r_replay.protocols.kuma.report.answers import answered, cases, gainers, parted
from keep3r_replay.protocols.kuma.report.drawings import Bar, lines, time_line
from keep3r_replay.protocols.kuma.report.late import (
    NARROW,
    SHOWN,
    WIDE,
    curve_part,
    late_parts,
    ordered,
    payers,
    short,
    whole,
)
from keep3r_replay.protocols.kuma.report.what_if_page import what_if_page
from keep3r_replay.protocols.kuma.what_if.lateness import cost_curve
from keep3r_replay.protocols.kuma.what_if.room import KumaWhatIfs
from keep3r_replay.protocols.registry import protocol_of
from keep3r_replay.report.frame import answers, head
from keep3r_replay.report.html import figure, text, when
from keep3r_replay.report.inputs import basis
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import findings_table, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import Chart

DELAYS = range(0, 30 * 86_400, 30 * 86_400 // 200)
"""Two hundred delays after maturity, over thirty days (seconds)."""
_YEAR = 365 * 86_400
_NEEDED = ("bonds", "late_expiries", "late_holders", "tokens", "keepers", "findings")


class KumaPages:
    """See `replay.rooms.Pages`."""

    def page(self, results: Path, lake: Lake | None, subject: str = "") -> str:
        """The page of a folder of results. Raises `InputError` where it holds none of KUMA.

        With the lake it also draws what a delay costs, by running the history again. Raises `UsageError` for a page of
        one job.
        """
        if subject:
            raise UsageError("a page of KUMA is about all bonds; leave job= out")
        try:
            summary = json.loads((results / "summary.json").read_bytes())
            if summary["verdict"] == "what-if":
                return what_if_page(results, summary)
            tables = {name: pl.read_parquet(results / f"{name}.parquet") for name in _NEEDED}
        except (OSError, ValueError, KeyError, pl.exceptions.PolarsError):
            raise InputError(results, "holds no results of KUMA", remedy="make them with keep3r replay") from None
        parts = [
            _head(summary, tables["tokens"]),
            answers(answered(summary, tables["late_expiries"], tables["late_holders"])),
            cases(tables["late_expiries"], tables["late_holders"]),
            payers(parted(tables["late_expiries"])[0]),
            gainers(tables["late_holders"]),
            late_parts(tables["late_expiries"]),
            _curve(tables["late_expiries"], lake),
            _yields(tables["tokens"]),
            _bonds(tables["bonds"], tables["tokens"]),
            _keepers(tables["keepers"]),
            findings_table(tables["findings"], SHOWN, text),
            basis(summary),
        ]
        return page(f"KUMA replay: {summary['deployment']}", "\n".join(parts))

    def charts(self, results: Path, subject: str = "") -> Sequence[Chart]:
        """Refused: they are drawn for the page itself."""
        del results, subject
        raise UsageError("the charts of KUMA are in its page; leave charts= out")


def _head(summary: dict[str, Any], states: pl.DataFrame) -> str:
    first, last = summary["blocks"]
    times = [int(each) for each in states["timestamp"]]
    dates = f", {when(min(times))} to {when(max(times))} UTC" if times else ""
    below = f"KUMA {text(summary['version'])}, blocks {first:,} to {last:,}{dates}"
    return head(f"KUMA: what lateness cost, {summary['deployment']}", below, str(summary["verdict"]))


def _curve(late: pl.DataFrame, lake: Lake | None) -> str:
    """The cost curve of the dearest late bond; needs the history."""
    dearest = next((row for row in ordered(late) if row["excess_strict"] is not None), None)
    if lake is None or dearest is None:
        return ""
    baseline = KumaWhatIfs(protocol_of(lake)).baseline(lake, None, {})
    costs = cost_curve(baseline, dearest["bond_id"], DELAYS)
    return curve_part(f"{dearest['category']} {dearest['bond_id']}", costs)


def _yields(states: pl.DataFrame) -> str:
    """Yield and price of each category over time."""
    parts = ["<h2>Yield and price</h2>"]
    yields: dict[str, list[tuple[int, float]]] = {}
    prices: dict[str, list[tuple[int, float]]] = {}
    for row in states.iter_rows(named=True):
        rate = (float(row["yield"]) / 1e27) ** _YEAR
        yields.setdefault(row["category"], []).append((row["timestamp"], 100 * (rate - 1)))
        prices.setdefault(row["category"], []).append((row["timestamp"], float(row["epoch_cumulative_yield"]) / 1e27))
    for name, caption, series in (
        ("yield", "Yield in percent a year; zero while a bond is expired", yields),
        ("price", "Cumulative yield at the start of the epoch: what one KIBT of the first day is worth", prices),
    ):
        drawn = [lines(dict(series), width, height) for width, height in ((WIDE, 280), (NARROW, 240))]
        parts.append(figure(name, caption, *drawn))
    return "".join(parts)


def _bonds(bonds: pl.DataFrame, states: pl.DataFrame) -> str:
    """Bonds on a time line."""
    end = states["timestamp"].max() if states.height else 0
    assert isinstance(end, int)
    bars = [
        Bar(
            f"{row['category']} {row['bond_id']}",
            row["sold_at"],
            row["bought_at"] if row["bought_at"] is not None else end,
            row["deadline"],
            row["seconds_late"] is not None,
        )
        for row in bonds.filter(pl.col("maturity") <= end).iter_rows(named=True)
    ]
    caption = "Matured bonds in the swap, from sale to purchase; the stroke is the deadline, late ones are orange"
    return "<h2>Bonds</h2>" + figure("bonds", caption, time_line(bars, WIDE), time_line(bars, NARROW))


def _keepers(keepers: pl.DataFrame) -> str:
    columns = ("expiries", "expiries_late", "expiries_failed", "refreshes", "refreshes_needless", "refreshes_useful")
    rows = [
        (
            short(row["sender"]),
            *(f"{row[name]:,}" for name in columns),
            whole(row["outlay"]),
            whole(row["reimbursement_reconstructed_not_verified"]),
        )
        for row in keepers.iter_rows(named=True)
    ]
    headers = ("keeper", *(name.replace("_", " ") for name in columns), "outlay, ETH", f"reimbursement, {NOT_VERIFIED}")
    return "<h2>Keepers</h2>" + table(headers, rows, frozenset(range(1, 9)))
