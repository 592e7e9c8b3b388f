"""Watches the credits of a replay: every change, every job's state after each event, and what views mine per period.

Without an observer a replay pays nothing for the ledger; with one, handlers of events that touch credits are wrapped.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.audit.calendar import Calendar, Regime
from keep3r_replay.protocols.keep3r_v2.audit.kept_credits import (
    changes_table,
    credit_tables,
    plain_column,
    plain_rows,
    recalled_changes,
)
from keep3r_replay.protocols.keep3r_v2.audit.rows import JobHistoryRow, PeriodViewRow
from keep3r_replay.protocols.keep3r_v2.audit.standing import standing_at
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import CreditChanges
from keep3r_replay.protocols.keep3r_v2.contract.views import job_period_credits
from keep3r_replay.replay.protocol import EventHandler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from keep3r_replay.protocols.keep3r_v2.audit.standing import Standing
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import Handler as Handle
    from keep3r_replay.protocols.keep3r_v2.replay.plain_columns import Spendings
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import KeptTables, Row

JOB_COLUMNS = {
    "keep3r.KeeperWork": ("job",),
    "keep3r.LiquidityAddition": ("job",),
    "keep3r.Unbonding": ("keeper_or_job",),
    "keep3r.JobSlashLiquidity": ("job",),
    "keep3r.LiquidityCreditsForced": ("job",),
    "keep3r.JobMigrationSuccessful": ("from_job", "to_job"),
    "keep3r.JobAddition": ("job",),
}
"""Events after which credits of a job may be others, and which of their columns name the job."""

_PERIOD_CHANGE = "keep3r.RewardPeriodTimeChange"
_MOST_BOUNDARIES = 1_000
"""Period starts looked at in one gap between blocks; of a longer gap only the last ones are."""


class Opening(NamedTuple):
    """What a job held before the first block, in wei, and the time of its last reward."""

    credits: int
    rewarded_at: int


class Seen(NamedTuple):
    """Numbers of changes, states after events, answers of views, and boosts of works."""

    changes: int
    states: int
    views: int
    boosts: int


def jobs_in(table: str, columns: Sequence[str], row: Row) -> list[str]:
    """Addresses of the jobs that an event names; `columns` are those that the handler of its table reads."""
    values = dict(zip(columns, row[1:], strict=True))
    return [values[column] for column in JOB_COLUMNS[table]]


class CreditObserver:
    """Stands between the engine and the protocol; offers the engine what it needs of a model."""

    def __init__(self, protocol: Keep3rV2) -> None:
        self.keep3r = protocol.keep3r
        self.recorder = CreditChanges(protocol.context)
        self.keep3r.ledger = self.recorder
        self.states: list[JobHistoryRow] = []
        self.changes_by: list[int] = []
        """For each of `states` how many changes the recorder held by then."""
        self.views: list[PeriodViewRow] = []
        self.plain_boosts: list[int | None] = []
        """For every KeeperWork the boost that a keeper without bonds would have, in wei per 10,000 gas."""
        self.opening: dict[str, Opening] = {}
        """What each job held before the first block."""
        self.regimes: list[Regime] = []
        self.ended_at = 0
        self.seen = Seen(0, 0, 0, 0)
        """How much a former run had seen that is not repeated here, where the books stand as it left them."""
        self.standing: Standing | None = None
        """Where the books stood then, in the last of so many `former_periods`."""
        self.former_periods = 0
        self.former: KeptTables | None = None
        """The tables of that run."""
        self._next_boundary = 0
        self._table: pl.DataFrame | None = None

    def before_block(self, timestamp: int) -> None:
        """Before a block, look at the jobs at the start of every period since the last one."""
        if not self.regimes:
            # Only now: a replay from mid-history stands at its start by its first block.
            self.opening = {address: Opening(job.credits, job.rewarded_at) for address, job in self.keep3r.jobs.items()}
            self._start_regime(timestamp)
        elif timestamp >= self._next_boundary:
            self._cross_boundaries(timestamp)
        self.ended_at = timestamp

    def handlers(self, plain: Mapping[str, EventHandler]) -> dict[str, EventHandler]:
        """The protocol's handlers, those that touch credits wrapped."""
        return {name: EventHandler(handler.columns, self._wrapped(name, handler)) for name, handler in plain.items()}

    def paid(self, context: CallContext, works: Spendings) -> None:
        """Works of the context's block paid from credits, and did nothing else to their jobs."""
        log_indices, jobs, keepers, amounts, after = works
        records = [self.keep3r.jobs[job] for job in jobs]
        count, noted = len(jobs), self.seen.changes + len(self.recorder.changes)
        self.plain_boosts += [self._plain_boost(context.base_fee)] * count
        self.changes_by += range(noted + 1, noted + count + 1)
        self.recorder.spent(records, log_indices, amounts, keepers)
        block, now, operation = map(repeat, (context.block_number, context.now, "KeeperWork"))
        held = (after, [job.period_credits for job in records], [job.rewarded_at for job in records], now)
        rows = zip(block, log_indices, now, operation, jobs, *held, strict=False)
        self.states.extend(map(JobHistoryRow._make, rows))

    def cut(self, states: int, views: int) -> None:
        """Keep only so many of `states` and `views`: the calls after them are taken back."""
        del self.states[states:]
        del self.changes_by[states:]
        del self.views[views:]

    def snapshot(self) -> dict[str, Any]:
        """Where it stands: how much of everything it has seen, what jobs held at first, the lengths of periods."""
        return {
            "seen": list(self._seen_so_far()),
            "opening": {address: list(held) for address, held in self.opening.items()},
            "regimes": [list(each) for each in self.regimes],
            "ended_at": self.ended_at,
            "next_boundary": self._next_boundary,
        }

    def kept(self) -> dict[str, Table]:
        """What it has seen, as far as no table of results tells it."""
        told = credit_tables(self.changes_table(), self.changes_by, self.plain_boosts)
        if self.former is None:
            return dict(told)
        counts = {
            "credit_changes": self.seen.changes,
            "credit_marks": self.seen.states,
            "plain_boosts": self.seen.boosts,
        }
        return {name: self.former.first(name, counts[name]).grown(rows) for name, rows in told.items()}

    def recall(self, block: int, snapshot: Mapping[str, Any], kept: KeptTables) -> None:
        """Take back what it saw up to a snapshot after `block`; at the end of a run only where the books stood."""
        changes, states, views, boosts = snapshot["seen"]
        self.opening = {address: Opening(*held) for address, held in snapshot["opening"].items()}
        self.regimes += [Regime(*each) for each in snapshot["regimes"]]
        self.recorder.regime = max(len(self.regimes) - 1, 0)
        self.ended_at = snapshot["ended_at"]
        self._next_boundary = snapshot["next_boundary"]
        self.former_periods = len(Calendar(self.regimes, self.ended_at).periods)
        self.standing = standing_at(block, max(self.former_periods - 1, 0), kept)
        if self.standing is not None:
            self.seen, self.former = Seen(changes, states, views, boosts), kept
            return
        records = {address: identity for identity, address in self.addresses().items()}
        # Handlers hold on to these lists.
        self.recorder.changes += recalled_changes(kept("credit_changes").head(changes), records)
        self.states += map(JobHistoryRow._make, plain_rows(kept("job_history").head(states), JobHistoryRow._fields))
        self.changes_by += kept("credit_marks").head(states).collect()["changes"].to_list()
        self.views += map(PeriodViewRow._make, plain_rows(kept("period_views").head(views), PeriodViewRow._fields))
        self.plain_boosts += plain_column(kept("plain_boosts").head(boosts), "boost")

    def changes_table(self) -> pl.DataFrame:
        """All changes that it has seen, since it was recalled."""
        if self._table is None or self._table.height != len(self.recorder.changes):
            self._table = changes_table(self.recorder.changes, self.addresses())
        return self._table

    def addresses(self) -> dict[int, str]:
        """Addresses of jobs by the identity of their record."""
        return {id(job): address for address, job in self.keep3r.jobs.items()}

    # INTERNALS

    def _seen_so_far(self) -> Seen:
        now = (len(self.recorder.changes), len(self.states), len(self.views), len(self.plain_boosts))
        return Seen(*(former + new for former, new in zip(self.seen, now, strict=True)))

    def _start_regime(self, now: int) -> None:
        length = self.keep3r.parameters.reward_period_time
        self.regimes.append(Regime(now, length))
        self.recorder.regime = len(self.regimes) - 1
        self._next_boundary = now - now % length + length if length > 0 else 1 << 64

    def _cross_boundaries(self, timestamp: int) -> None:
        length = self.regimes[-1].length
        last = timestamp - timestamp % length
        first = max(self._next_boundary, last - _MOST_BOUNDARIES * length)
        for boundary in range(first, last + 1, length):
            for address in self.keep3r.job_list.values():
                self._view(address, boundary)
        self._next_boundary = last + length

    def _view(self, address: str, now: int) -> None:
        try:
            answer: int | None = job_period_credits(self.keep3r, self.keep3r.jobs[address], now)
        except Revert:
            answer = None
        self.views.append(PeriodViewRow(address, now, answer))

    def _wrapped(self, name: str, handler: EventHandler) -> Handle:
        handle = handler.handle
        if name == _PERIOD_CHANGE:
            return self._wrapped_period_change(handle)
        if name in {"keep3r.LiquidityApproval", "keep3r.LiquidityRevocation", "keep3r.InflationPeriodChange"}:
            return self._wrapped_quote_change(handle)
        if name not in JOB_COLUMNS:
            return handle
        # A row holds the log index before its columns.
        positions = [1 + handler.columns.index(column) for column in JOB_COLUMNS[name]]
        return self._wrapped_credit_event(name.removeprefix("keep3r."), handle, positions)

    def _wrapped_period_change(self, handle: Handle) -> Handle:
        def run(context: CallContext, row: Row) -> None:
            before = self.keep3r.parameters.reward_period_time
            handle(context, row)
            if self.keep3r.parameters.reward_period_time != before:
                self._start_regime(context.now)
                for address in self.keep3r.job_list.values():
                    self._view(address, context.now)

        return run

    def _wrapped_quote_change(self, handle: Handle) -> Handle:
        def run(context: CallContext, row: Row) -> None:
            handle(context, row)
            for address in self.keep3r.job_list.values():
                self._view(address, context.now)

        return run

    def _wrapped_credit_event(self, operation: str, handle: Handle, positions: Sequence[int]) -> Handle:
        is_work = operation == "KeeperWork"
        recorder, jobs, states = self.recorder, self.keep3r.jobs, self.states
        noted, changes_by = recorder.changes, self.changes_by

        def run(context: CallContext, row: Row) -> None:
            log_index, *_ = row
            recorder.log_index = log_index
            recorder.operation = operation
            if is_work:
                self.plain_boosts.append(self._plain_boost(context.base_fee))
            handle(context, row)
            for position in positions:
                address = row[position]
                job = jobs.get(address)
                if job is None:
                    continue
                changes_by.append(self.seen.changes + len(noted))
                states.append(
                    JobHistoryRow(
                        context.block_number,
                        log_index,
                        context.now,
                        operation,
                        address,
                        job.credits,
                        job.period_credits,
                        job.rewarded_at,
                        job.worked_at,
                    )
                )
                if not is_work:
                    self._view(address, context.now)

        return run

    def _plain_boost(self, base_fee: int) -> int | None:
        helper = self.keep3r.helpers.get(self.keep3r.parameters.keep3r_helper)
        return None if helper is None else helper.parameters.min_boost * helper.base_fee(base_fee)
