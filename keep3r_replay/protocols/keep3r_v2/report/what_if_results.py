"""Results of a what-if on disk as its page reads them: baseline beside what-if, over time and in sums."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.report.results import told_apart
from keep3r_replay.protocols.keep3r_v2.report.series import Point, job_series
from keep3r_replay.replay.results import manifest_of
from keep3r_replay.replay.stored import has_table, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SIDES = ("baseline", "what_if")
MARKED = ("reverted", "dropped", "added")
"""What else than being paid becomes of works."""
_CURVES = ("job_history", "period_views", "reward_periods")
_OF = " of "


class Comparison(NamedTuple):
    """Something over time on both sides, times in seconds, amounts in wei.

    Attributes:
        lines: points by side.
        marks: times of works by what became of them, of `MARKED`.
        parts_at: time of the first work that differs; None: none does.
    """

    lines: dict[str, list[Point]]
    marks: dict[str, list[int]]
    parts_at: int | None


class WhatIfResults:
    """Results of one what-if.

    Attributes:
        summary, manifest: the parsed files of these names.
        jobs, keepers: sums of both sides, amounts as int.
        works: both sides of every work; None where a sweep kept sums only.
        has_curves: whether credits are known at any time, and not only at works.
    """

    def __init__(self, folder: Path, summary: dict[str, Any]) -> None:
        """Read a folder of results. Raises `InputError` if a table is damaged."""
        self.summary = summary
        self.manifest = manifest_of(folder)
        self.jobs = _rows(folder, "compared_jobs")
        self.keepers = _rows(folder, "compared_keepers")
        self.works: pl.DataFrame | None = None
        if has_table(folder, "compared_works"):
            kinds = _table(folder, "works").select("block_number", "log_index", "job", "explanation")
            works = _table(folder, "compared_works").join(
                kinds, on=["block_number", "log_index", "job"], how="left", maintain_order="left"
            )
            self.works = works.with_columns(pl.col(pl.Decimal).cast(pl.Int128))
        self.has_curves = has_table(folder, f"baseline_{_CURVES[0]}")
        self._curves: dict[str, Mapping[str, pl.DataFrame]] = {}
        if self.has_curves:
            for side, prefix in zip(SIDES, ("baseline_", ""), strict=True):
                tables = {name: _table(folder, f"{prefix}{name}") for name in _CURVES}
                self._curves[side] = {**tables, "rewards": _table(folder, "rewards")}

    def jobs_by_difference(self) -> list[str]:
        """Jobs with works, those first for which most changes: works that are not paid, then KP3R paid."""

        def differs(row: dict[str, Any]) -> tuple[int, int, str]:
            paid = abs(row["paid_what_if"] - row["paid_baseline"])
            return -sum(row[status] for status in MARKED), -paid, row["job"]

        works = [row for row in self.jobs if row["paid"] or any(row[status] for status in MARKED)]
        return [row["job"] for row in sorted(works, key=differs)]

    def chosen(self, wanted: str) -> str:
        """The job that a person means by its address or its beginning. Raises `UsageError` if that is not one."""
        found = [str(row["job"]) for row in self.jobs if row["job"].startswith(wanted.lower())]
        if len(found) != 1:
            raise UsageError(f"job={wanted[:60]!r} names {len(found)} jobs of these results; say the whole address")
        return found[0]

    def sums_of(self, job: str) -> dict[str, Any]:
        """The row of one job."""
        return next(row for row in self.jobs if row["job"] == job)

    def paid(self, job: str | None = None) -> Comparison:
        """KP3R paid by a job, or by all, up to each time."""
        works = self._works(job)
        in_kp3r = works.filter((pl.col("explanation") != "token_payment").fill_null(value=True))
        end = max(self._works()["timestamp"].to_list(), default=0)
        lines = {}
        for side in SIDES:
            total, points = 0, [Point(time, 0, None, None) for time in in_kp3r["timestamp"].to_list()[:1]]
            for time, amount in in_kp3r.select("timestamp", f"payment_{side}").iter_rows():
                total += amount or 0
                points.append(Point(time, total, None, None))
            lines[side] = [*points, Point(end, total, None, None)] if points else points
        return _comparison(works, lines)

    def credits(self, job: str) -> Comparison:
        """A job's credits: in total at any time where the ledger was kept, else as each work found and left them."""
        works = self._works(job)
        if self.has_curves:
            lines = {side: job_series(self._of_contract(side, job), job).points for side in SIDES}
        else:
            lines = {side: list(_around(works, side)) for side in SIDES}
        return _comparison(works, lines)

    def _works(self, job: str | None = None) -> pl.DataFrame:
        assert self.works is not None
        return self.works if job is None else self.works.filter(pl.col("job") == job)

    def _of_contract(self, side: str, job: str) -> Mapping[str, pl.DataFrame]:
        contract = job.partition(_OF)[2]
        return {
            name: frame.filter(pl.col("keep3r") == contract) if contract and "keep3r" in frame.columns else frame
            for name, frame in self._curves[side].items()
        }


def _around(works: pl.DataFrame, side: str) -> Iterator[Point]:
    known = works.filter(pl.col(f"credits_before_{side}").is_not_null())
    for time, before, after in known.select("timestamp", f"credits_before_{side}", f"credits_after_{side}").iter_rows():
        yield Point(time, before, None, None)
        yield Point(time, after, None, None)


def _comparison(works: pl.DataFrame, lines: dict[str, list[Point]]) -> Comparison:
    times = {status: works.filter(pl.col("status") == status)["timestamp"].to_list() for status in MARKED}
    differing = works.filter(pl.col("differs"))["timestamp"].to_list()
    return Comparison(lines, times, min(differing, default=None))


def _table(folder: Path, name: str) -> pl.DataFrame:
    return told_apart(read_table(folder, name))


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return _table(folder, name).with_columns(pl.col(pl.Decimal).cast(pl.Int128)).rows(named=True)


def what_if_summary(results: Path) -> dict[str, Any] | None:
    """The summary of a what-if's results; None if the folder holds something else."""
    try:
        summary: dict[str, Any] = json.loads((results / "summary.json").read_bytes())
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) and summary.get("verdict") == "what-if" else None
