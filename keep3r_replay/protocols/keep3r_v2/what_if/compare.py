"""Baseline against what-if, joined by work: what each was paid, where the two part, sums by job and by keeper."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import CAPPED, EXPIRED, MINTED
from keep3r_replay.protocols.keep3r_v2.tables import WHAT_IF_TABLES, rows_table
from keep3r_replay.protocols.keep3r_v2.what_if.prices import TOKEN
from keep3r_replay.protocols.keep3r_v2.what_if.works import ADDED, DROPPED, PAID, REVERTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v2.what_if.run import WhatIf

_AMOUNT = pl.Decimal(38, 0)
_STATUSES = (PAID, REVERTED, DROPPED, ADDED)
_SIDES = ("baseline", "what_if")
_AMOUNTS = ("payment", "credits_before", "credits_after")


class ComparedJobRow(NamedTuple):
    """A job on both sides: `compared_jobs`. Counts of works by what became of them; amounts in wei."""

    job: str
    paid: int
    reverted: int
    dropped: int
    added: int
    paid_baseline: int
    paid_what_if: int
    minted_baseline: int
    minted_what_if: int
    expired_baseline: int
    expired_what_if: int
    capped_baseline: int
    capped_what_if: int
    credits_baseline: int
    credits_what_if: int
    parts_at_block: int | None


class ComparedKeeperRow(NamedTuple):
    """A keeper on both sides: `compared_keepers`, likewise; `bonds` in wei of KP3R at the end."""

    keeper: str
    paid: int
    reverted: int
    dropped: int
    added: int
    paid_baseline: int
    paid_what_if: int
    bonds_baseline: int
    bonds_what_if: int
    parts_at_block: int | None


ROWS: dict[str, type[tuple[object, ...]]] = {"compared_jobs": ComparedJobRow, "compared_keepers": ComparedKeeperRow}
"""The row of each table."""


def comparison_tables(run: WhatIf) -> dict[str, pl.DataFrame]:
    """Tables `compared_jobs` and `compared_keepers`."""
    jobs, keepers = _sums(run)
    return {"compared_jobs": _jobs(run, jobs), "compared_keepers": _keepers(run, keepers)}


def compare_works(run: WhatIf, works: pl.DataFrame) -> pl.DataFrame:
    """One row a work: status, error, and payment and credits of both sides in wei; an added work has no baseline."""
    key = ("block_number", "log_index")
    baseline = run.baseline.works.select(
        *key, *(pl.col(name).alias(f"{name}_baseline") for name in (*_AMOUNTS, "rewards"))
    )
    joined = works.select(
        *key,
        *("timestamp", "transaction_hash", "job", "keeper", "credit", "status", "error"),
        *(pl.col(name).alias(f"{name}_what_if") for name in (*_AMOUNTS, "rewards")),
    ).join(baseline, on=list(key), how="left", maintain_order="left")
    parts = pl.any_horizontal(
        pl.col("status") != PAID,
        *(pl.col(f"{name}_baseline") != pl.col(f"{name}_what_if") for name in (*_AMOUNTS, "rewards")),
    )
    paid = pl.col("payment_what_if").cast(pl.Int128) - pl.col("payment_baseline").cast(pl.Int128).fill_null(0)
    return joined.with_columns(paid.cast(_AMOUNT).alias("payment_difference"), parts.alias("differs"))


class _Sums:
    """Works of a job or keeper: how many by status, KP3R paid on both sides in wei, and where they first differ."""

    __slots__ = ("counts", "paid_baseline", "paid_what_if", "parts_at_block")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_STATUSES, 0)
        self.paid_baseline = self.paid_what_if = 0
        self.parts_at_block: int | None = None

    def add(self, status: str, paid_baseline: int, paid_what_if: int, differs_at: int | None) -> None:
        """One work more; `differs_at` is its block if it is not as it was."""
        self.counts[status] += 1
        self.paid_baseline += paid_baseline
        self.paid_what_if += paid_what_if
        if differs_at is not None and (self.parts_at_block is None or differs_at < self.parts_at_block):
            self.parts_at_block = differs_at

    def row(self) -> dict[str, int]:
        """The columns of a row of works."""
        return {**self.counts, "paid_baseline": self.paid_baseline, "paid_what_if": self.paid_what_if}


_NONE = _Sums()


def _sums(run: WhatIf) -> tuple[dict[str, _Sums], dict[str, _Sums]]:
    """Sums of works by job, and by keeper, in one walk; payments in other tokens are counted, not added."""
    jobs: defaultdict[str, _Sums] = defaultdict(_Sums)
    keepers: defaultdict[str, _Sums] = defaultdict(_Sums)
    base = run.baseline
    for seen, given, around, done in zip(base.seen, base.measured, base.credits_around, run.works.done, strict=True):
        same = (
            done.status == PAID
            and done.payment == given.paid
            and (done.credits_before, done.credits_after) == around
            and done.rewards == seen.rewards
        )
        amounts = (0, 0) if given.amount_is == TOKEN else (given.paid, done.payment)
        differs_at = None if same else seen.block_number
        jobs[seen.job].add(done.status, *amounts, differs_at)
        keepers[seen.keeper].add(done.status, *amounts, differs_at)
    for work in run.works.added:
        for sums in (jobs[work.job], keepers[work.keeper]):
            sums.add(work.done.status, 0, work.done.payment, work.block_number)
    return jobs, keepers


def _jobs(run: WhatIf, works: Mapping[str, _Sums]) -> pl.DataFrame:
    sums = {"baseline": run.baseline.sums, "what_if": run.sums}
    names = sorted({*works, *(job for side in sums.values() for job, _ in side)})
    rows = []
    for job in names:
        counts = works.get(job, _NONE)
        by_side: dict[str, int] = {}
        for side in _SIDES:
            by_side |= {
                f"minted_{side}": _of(sums[side], job, MINTED),
                f"expired_{side}": -_of(sums[side], job, (EXPIRED,)),
                f"capped_{side}": -_of(sums[side], job, (CAPPED,)),
                f"credits_{side}": sum(amount for (each, _), amount in sums[side].items() if each == job),
            }
        rows.append(ComparedJobRow(job, **counts.row(), **by_side, parts_at_block=_parts(run, job, counts)))
    return rows_table(rows, WHAT_IF_TABLES["compared_jobs"])


def _parts(run: WhatIf, address: str, works: _Sums) -> int | None:
    """Block from which on a job or keeper is not as it was."""
    blocks = (works.parts_at_block, run.trace.parts_of.get(address))
    return min((block for block in blocks if block is not None), default=None)


def _keepers(run: WhatIf, works: Mapping[str, _Sums]) -> pl.DataFrame:
    token = run.protocol.keep3r.parameters.keep3r_v1
    former: Mapping[str, Any] = run.baseline.state["keepers"]
    present = run.protocol.keep3r.keepers
    rows = []
    for keeper in sorted({*works, *(name for name in (*former, *present))}):
        counts = works.get(keeper, _NONE)
        bonds = former.get(keeper, {}).get("bonds", {}).get(token, 0)
        now = present[keeper].bonds.get(token, 0) if keeper in present else 0
        if keeper in works or bonds or now:
            rows.append(
                ComparedKeeperRow(
                    keeper,
                    **counts.row(),
                    bonds_baseline=bonds,
                    bonds_what_if=now,
                    parts_at_block=_parts(run, keeper, counts),
                )
            )
    return rows_table(rows, WHAT_IF_TABLES["compared_keepers"])


def _of(sums: Mapping[tuple[str, str], int], job: str, kinds: tuple[str, ...]) -> int:
    return sum(sums.get((job, kind), 0) for kind in kinds)


def outcome(run: WhatIf) -> dict[str, Any]:
    """A what-if in one row: counts and sums in wei, both sides, and the first block where they part (None: nowhere)."""
    done, measured = run.works.done, run.baseline.measured
    everything = [*done, *(work.done for work in run.works.added)]
    row: dict[str, Any] = {status: sum(work.status == status for work in everything) for status in _STATUSES}
    row["reverted_calls"] = len(run.reverted)
    row["paid_baseline"] = sum(work.paid for work in measured if work.amount_is != "token")
    row["paid_what_if"] = sum(
        work.payment for work, given in zip(done, measured, strict=True) if given.amount_is != "token"
    ) + sum(work.done.payment for work in run.works.added)
    for side, sums in (("baseline", run.baseline.sums), ("what_if", run.sums)):
        for name, kinds in (("minted", MINTED), ("expired", (EXPIRED,)), ("capped", (CAPPED,))):
            amount = sum(each for (_, kind), each in sums.items() if kind in kinds)
            row[f"{name}_{side}"] = amount if name == "minted" else -amount
        row[f"credits_{side}"] = sum(sums.values())
    row["parts_at_block"] = first_difference(run)
    return row


def first_difference(run: WhatIf) -> int | None:
    """Block of the first thing that is not as it was, in any table: work, reward, call, or state."""
    blocks = run.baseline.works["block_number"]
    before = run.baseline.credits_around
    places = [call.block_number for call in run.reverted[:1]] + [work.block_number for work in run.works.added[:1]]
    places += [row.block_number for row in run.works.rewards if not row.matched][:1]
    if run.trace.parts_at is not None:
        places.append(run.trace.parts_at)
    for number, (work, given, around) in enumerate(zip(run.works.done, run.baseline.measured, before, strict=True)):
        if work.status != PAID or work.payment != given.paid or (work.credits_before, work.credits_after) != around:
            places.append(blocks[number])
            break
    if not places and not _same_states(run):
        # Nothing happens that tells: what views answer at the end is another.
        places.append(run.baseline.history.last_block)
    return min(places, default=None)


def _same_states(run: WhatIf) -> bool:
    return all(table.equals(run.baseline.states[name]) for name, table in run.states().items())
