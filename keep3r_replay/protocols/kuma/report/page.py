"""The report of a KUMA replay: one self-contained page; the same results give the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.protocols.kuma.audit.keepers import NOT_VERIFIED
from keep3r_replay.protocols.kuma.report.answers import answered, cases, gainers, parted
from keep3r_replay.protocols.kuma.report.figures import bonds_chart, cost_chart, price_chart, yield_chart
from keep3r_replay.protocols.kuma.report.late import curve_part, late_parts, ordered, payers, short, whole
from keep3r_replay.protocols.kuma.report.what_if_page import what_if_page
from keep3r_replay.protocols.kuma.what_if.lateness import cost_curve
from keep3r_replay.protocols.kuma.what_if.room import KumaWhatIfs
from keep3r_replay.protocols.registry import protocol_of
from keep3r_replay.replay.results import manifest_of
from keep3r_replay.replay.stored import read_table
from keep3r_replay.report.charts import drawn
from keep3r_replay.report.cover import cover_section
from keep3r_replay.report.findings import findings_section
from keep3r_replay.report.frame import answers, head
from keep3r_replay.report.html import text, when
from keep3r_replay.report.inputs import basis
from keep3r_replay.report.page import page
from keep3r_replay.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import Chart

DELAYS = range(0, 30 * 86_400, 30 * 86_400 // 200)
"""Two hundred delays after maturity, over thirty days (seconds)."""
_OF_ONE = (
    "job=, keeper=: a page of KUMA is about all bonds: what lateness cost, who paid and who gained, with a table of "
    "keepers; leave them out"
)
_VERIFY = ("keep3r verify results=RESULTS lake=LAKE", "keep3r replay lake=LAKE results=AGAIN")
_NEEDED = ("bonds", "late_expiries", "late_holders", "tokens", "keepers", "findings")


class KumaPages:
    """See `replay.rooms.Pages`."""

    def page(self, results: Path, lake: Lake | None, subject: str = "") -> str:
        """The page of a folder of results. Raises `InputError` where it holds none of KUMA.

        With the lake it also draws what a delay costs, by running the history again. Raises `UsageError` for a page of
        one job.
        """
        summary, tables = _read(results, subject)
        if not tables:
            return what_if_page(results, summary, lake)
        parts = [
            _head(summary, tables["tokens"]),
            answers(answered(summary, tables["late_expiries"], tables["late_holders"])),
            cases(tables["late_expiries"], tables["late_holders"]),
            payers(parted(tables["late_expiries"])[0]),
            gainers(tables["late_expiries"], tables["late_holders"]),
            late_parts(tables["late_expiries"]),
            _curve(tables["late_expiries"], lake),
            _charted("Yield and price", yield_chart(tables["tokens"]), price_chart(tables["tokens"])),
            _charted("Bonds", bonds_chart(tables["bonds"], _end(tables["tokens"]))),
            _keepers(tables["keepers"]),
            findings_section(tables, lake),
            basis(summary),
            cover_section("KUMA", summary, manifest_of(results), verify=_VERIFY),
        ]
        return page(f"KUMA replay: {summary['deployment']}", "\n".join(parts))

    def charts(self, results: Path, subject: str = "") -> Sequence[Chart]:
        """The page's charts one by one, but for the cost curve, which needs the lake. Raises as `page` does."""
        _, tables = _read(results, subject)
        if not tables:
            return []
        found = (
            cost_chart(ordered(parted(tables["late_expiries"])[0])),
            yield_chart(tables["tokens"]),
            price_chart(tables["tokens"]),
            bonds_chart(tables["bonds"], _end(tables["tokens"])),
        )
        return [chart for chart in found if chart is not None]


def _read(results: Path, subject: str) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """The summary and tables of results; no tables of a what-if. Raises `InputError`, `UsageError`."""
    if subject:
        raise UsageError(_OF_ONE)
    try:
        summary = json.loads((results / "summary.json").read_bytes())
        is_what_if = summary["verdict"] == "what-if"
        tables = {} if is_what_if else {name: read_table(results, name) for name in _NEEDED}
    except (OSError, ValueError, KeyError, InputError):
        raise InputError(results, "holds no results of KUMA", remedy="make them with keep3r replay") from None
    return summary, tables


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


def _end(states: pl.DataFrame) -> int:
    """Time of the last call (seconds)."""
    times = states["timestamp"].to_list()
    return max(times) if times else 0


def _charted(title: str, *charts: Chart | None) -> str:
    """A section of charts; empty where there is nothing to draw."""
    parts = [drawn(chart) for chart in charts if chart is not None]
    return f"<h2>{text(title)}</h2>{''.join(parts)}" if parts else ""


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
