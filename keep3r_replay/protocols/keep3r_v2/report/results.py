"""Results on disk as the report reads them, and the pages' numbers: whole tokens as exact text."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.replay.stored import read_table
from keep3r_replay.report.amounts import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_TABLES = (
    "accounts",
    "expiries",
    "expiry_findings",
    "findings",
    "job_history",
    "job_liquidities",
    "job_states",
    "job_tokens",
    "keeper_accounts",
    "keeper_bonds",
    "keeper_states",
    "ledger",
    "period_views",
    "periods",
    "reward_periods",
    "rewards",
    "work_accounts",
    "works",
)
_OF = " of "
_MINTED = ("minted_reset", "minted_topup", "minted_liquidity", "minted_settled")


class Results:
    """Results of one replay with ledger.

    Attributes:
        folder: where they are.
        summary, manifest: the parsed files of these names.
        tables: the tables that the report needs, amounts as Decimal(38, 0).
    """

    def __init__(self, folder: Path) -> None:
        """Read a folder of results.

        Raises:
            InputError: it holds none, or they were made without ledger, or a file is damaged.
        """
        try:
            self.summary: dict[str, Any] = json.loads((folder / "summary.json").read_bytes())
            self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
        except (OSError, ValueError):
            raise InputError(folder, "holds no results of a replay", remedy="make them with keep3r replay") from None
        if "ledger" not in self.summary:
            raise InputError(folder, "the results have no ledger", remedy="make them with keep3r replay ledger=true")
        self.folder = folder
        tables = {name: read_table(folder, name) for name in _TABLES}
        self.tables: Mapping[str, pl.DataFrame] = {name: told_apart(frame) for name, frame in tables.items()}

    def jobs(self) -> list[str]:
        """Every job: those with the most works first, then those with the most credits as the views answer."""
        works = dict(self.tables["works"]["job"].value_counts().iter_rows())
        states = self.tables["job_states"]
        answered = dict(zip(states["job"], states["total_credits"].cast(pl.Int128), strict=True))
        known = {*answered, *self.tables["ledger"]["job"]}
        return sorted(known, key=lambda job: (-works.get(job, 0), -(answered.get(job) or 0), job))

    def keepers(self) -> list[str]:
        """Every keeper, those who earned most first."""
        accounts = self.tables["keeper_accounts"].sort("reward", "keeper", descending=[True, False])
        return list(dict.fromkeys([*accounts["keeper"], *self.tables["keeper_states"]["keeper"]]))

    def tables_of(self, job: str) -> Mapping[str, pl.DataFrame]:
        """The tables of the contract that a job belongs to; all, where there is one contract only."""
        contract = job.partition(_OF)[2]
        return {
            name: frame.filter(pl.col("keep3r") == contract) if contract and "keep3r" in frame.columns else frame
            for name, frame in self.tables.items()
        }

    def chosen(self, wanted: str, role: str = "job") -> str:
        """The job or keeper that a person means by its address or its beginning. Raises `UsageError` if not one."""
        found = [each for each in (self.jobs() if role == "job" else self.keepers()) if each.startswith(wanted.lower())]
        if len(found) != 1:
            raise UsageError(
                f"{role}={wanted[:60]!r} names {len(found)} {role}s of these results; say the whole address"
            )
        return found[0]

    def periods(self, job: str) -> list[dict[str, Any]]:
        """A job's periods in order, with what was minted and migrated in one sum each; wei as int."""
        frame = self.tables["periods"].filter(pl.col("job") == job).with_columns(pl.col(pl.Decimal).cast(pl.Int128))
        rows = frame.sort("begins_at").rows(named=True)
        for row in rows:
            row["minted"] = sum(row[kind] for kind in _MINTED)
            row["migrated"] = row["migrated_in"] + row["migrated_out"]
        return rows

    def expired_by(self, rule: str, job: str) -> dict[int, int]:
        """What a rule lets expire in each of a job's periods, by the period's beginning; wei, below 0."""
        frame = self.tables["expiries"].filter((pl.col("job") == job) & (pl.col("rule") == rule))
        return dict(zip(frame["begins_at"].to_list(), frame["expired"].cast(pl.Int128).to_list(), strict=True))

    def wasted(self, job: str) -> dict[str, tuple[int, int, int]]:
        """By rule what a job spent, lost, and could not have paid; wei."""
        nothing = (0, 0, 0)
        return {rule: self._lost.get((job, rule), nothing) for rule in ("contract", "documented", "none")}

    @cached_property
    def _lost(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By job and rule what was spent, lost, and could not be paid: one walk for all."""
        names = ("spent", "expired", "capped", "unpaid")
        frame = self.tables["expiries"].select("job", "rule", pl.col(names).cast(pl.Int128))
        sums = frame.group_by("job", "rule", maintain_order=True).agg(pl.col(names).sum())
        return {
            (job, rule): (-spent, -expired - capped, unpaid)
            for job, rule, spent, expired, capped, unpaid in sums.iter_rows()
        }


def told_apart(frame: pl.DataFrame) -> pl.DataFrame:
    """In results of several contracts a job is named with its contract: the same address may be a job of both."""
    if not {"keep3r", "job"} <= set(frame.columns):
        return frame
    return frame.with_columns(pl.concat_str("job", pl.lit(_OF), "keep3r").alias("job"))


def wei(amounts: pl.Series) -> int:
    """Exact sum of a column of amounts; what is not known counts as nothing."""
    return sum(value for value in amounts.cast(pl.Int128).to_list() if value is not None)


def amounts(values: Iterable[int | None], places: int = 4) -> list[str]:
    """Amounts of wei in whole tokens; a dash where nothing is known."""
    return ["-" if value is None else tokens(value, places) for value in values]
