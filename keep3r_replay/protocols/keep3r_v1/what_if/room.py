"""What-ifs of Keep3r V1 as the pipelines ask for them. See `replay.rooms.WhatIfs`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v1.audit.states import state_tables
from keep3r_replay.protocols.keep3r_v1.audit.works import Judged, judge, named_of
from keep3r_replay.protocols.keep3r_v1.replay.build import replay_of_lake
from keep3r_replay.protocols.keep3r_v1.replay.steps import Step, Steps
from keep3r_replay.protocols.keep3r_v1.what_if.changes import MEANINGS, changes_of, read_feed
from keep3r_replay.protocols.keep3r_v1.what_if.known import check_accounts, check_blocks
from keep3r_replay.protocols.keep3r_v1.what_if.world import Refused, World
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.rooms import Outcome, WhatIfs
from keep3r_replay.replay.roots import roots
from keep3r_replay.replay.tables import Amount, UInt32, frame
from keep3r_replay.replay.timeline import Span
from keep3r_replay.report.amounts import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.replay.replay import Keep3rV1Replay
    from keep3r_replay.replay.protocol import Protocol

ASSUMPTIONS = (
    "given: which works were attempted, by whom, and the gas that their payments tell",
    "given: amounts that jobs chose themselves, down to the limit of the largest plausible gas",
    "given: swaps, answers of the feed, updates of the oracles, calls of governance, keepers and providers",
    "consequence: limits, payments, credits, bonds, and the bonus that those bonds earn in later works",
    "consequence: which payments and calls the contract refuses; a refused one leaves no trace",
    "not answered: what anybody would have done otherwise, and gas that the changed payment itself would cost",
)
"""What stays given and what becomes a consequence."""


class WorkWhatIfRow(NamedTuple):
    """A payment of the history, and what becomes of it: `works_what_if`; `refused` is the contract's reason.

    `limit` is as in `works`, `limit_what_if` as of `world.Paid`.
    """

    block_number: UInt32
    log_index: UInt32
    job: str
    keeper: str
    credit: str
    class_: str
    gas: Amount | None
    helper: str | None
    limit: Amount | None
    payment: Amount
    helper_what_if: str | None
    limit_what_if: Amount | None
    payment_what_if: Amount
    refused: str | None


@dataclass(frozen=True)
class Baseline:
    """The history as it was: its steps, its payments with their classes, and whence it began, its last block."""

    lake: Lake
    root: Contract
    steps: Sequence[Step]
    judged: Sequence[Judged]
    end: int

    def again(self) -> Keep3rV1Replay:
        """The contract before its first event."""
        return replay_of_lake(self.lake, self.root, Journal())


class Keep3rV1WhatIfs(WhatIfs):
    """Replays with another helper, feed, bonds, times, oracles."""

    told = ("refused", "changed", "paid_what_if", "credits_what_if")
    unit = "KP3R"
    measured: Mapping[str, Any] = {
        **dict.fromkeys(("works", "refused", "refused_calls", "changed"), pl.Int64()),
        **dict.fromkeys(
            ("paid", "paid_what_if", "credits_what_if", "total_bonded_what_if", "total_supply_what_if"),
            pl.Decimal(38, 0),
        ),
    }

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def changes(self) -> Mapping[str, str]:
        """Every change with its meaning."""
        return MEANINGS

    def check(self, overlay: Mapping[str, Any], lake: Lake) -> None:
        """Raise `UsageError` for a change that makes no sense for this lake."""
        check_blocks(changes_of(overlay), _end(lake, None))

    def identity(self, overlay: Mapping[str, Any]) -> dict[str, Any]:
        """The changes, and what a file of the feed's answers holds, wherever it lies. Raises `InputError`."""
        file = overlay.get("feed_file")
        if not file:
            return {"overlay": dict(overlay)}
        return {"overlay": {**overlay, "feed_file": ""}, "feed": [list(each) for each in read_feed(Path(file))]}

    def baseline(self, lake: Lake, until_block: int | None, starts: Mapping[str, Any]) -> Baseline:
        """The history as it was, step by step, from the beginning: a changed helper may stand anywhere.

        Raises `UsageError` for another start.
        """
        if starts:
            raise UsageError("a what-if of Keep3r V1 begins with the history: leave start_block and resume out")
        (root,) = roots(lake, self._protocol)
        replay = replay_of_lake(lake, root, Journal())
        replay.context.steps = Steps()
        run(lake, replay, span=Span(None, until_block))
        payments = replay.context.payments
        return Baseline(
            lake, root, replay.context.steps, judge(payments, named_of(payments, payments)), _end(lake, until_block)
        )

    def outcome(self, baseline: Any, overlay: Mapping[str, Any], *, ledger: bool, tables: bool = True) -> Outcome:
        """What would have happened, beside what did."""
        del ledger
        assert isinstance(baseline, Baseline)
        changes = changes_of(overlay)
        check_blocks(changes, baseline.end)
        check_accounts(changes, baseline.steps, baseline.judged)
        world = World(baseline.again().kp3r, baseline.judged, changes)
        world.live(baseline.steps)
        summary = _summary(world)
        if not tables:
            return Outcome(summary, {}, _lines(summary))
        made = {
            "works_what_if": frame(WorkWhatIfRow, _works(world)),
            "refused_calls": frame(Refused, world.refused),
            **state_tables(world.kp3r),
        }
        return Outcome(summary, made, _lines(summary))

    def at(self, baseline: Any, lake: Lake) -> Baseline:
        """The same steps, for a lake that lies elsewhere."""
        assert isinstance(baseline, Baseline)
        return replace(baseline, lake=lake)

    def assumptions(self) -> Sequence[str]:
        """What stays given and what becomes a consequence."""
        return ASSUMPTIONS


def _end(lake: Lake, until_block: int | None) -> int:
    """The last block of a history: the lake's, or `until_block` if that is earlier."""
    coverage = lake.manifest.coverage
    last = 0 if coverage is None else coverage.to_block
    return last if until_block is None else min(last, until_block)


def _works(world: World) -> list[WorkWhatIfRow]:
    rows = []
    for judged, paid in zip(world.judged, world.paid, strict=True):
        payment, seen = judged.payment, judged.verdict.evaluation
        rows.append(
            WorkWhatIfRow(
                payment.block,
                payment.log_index,
                payment.job,
                payment.keeper,
                payment.credit,
                judged.verdict.name,
                seen.gas if seen else None,
                seen.helper if seen else None,
                None if seen is None else payment.amount if seen.image else seen.limit_at_bound,
                payment.amount,
                paid.helper if seen else None,
                paid.limit,
                paid.amount,
                paid.refused or None,
            )
        )
    return rows


def _summary(world: World) -> dict[str, Any]:
    kp3r = world.kp3r
    in_kp3r = [
        (judged.payment.amount, paid)
        for judged, paid in zip(world.judged, world.paid, strict=True)
        if judged.payment.credit == kp3r.address
    ]
    return {
        "works": len(world.paid),
        "refused": sum(bool(paid.refused) for paid in world.paid),
        "refused_calls": len(world.refused),
        "changed": sum(
            paid.amount != judged.payment.amount for judged, paid in zip(world.judged, world.paid, strict=True)
        ),
        "paid": str(sum(amount for amount, _ in in_kp3r)),
        "paid_what_if": str(sum(paid.amount for _, paid in in_kp3r)),
        "credits_what_if": str(sum(job.credits[kp3r.address] for job in kp3r.jobs.values())),
        "total_bonded_what_if": str(kp3r.total_bonded),
        "total_supply_what_if": str(kp3r.total_supply),
    }


def _lines(summary: Mapping[str, Any]) -> list[str]:
    """The outcome for a terminal, in whole KP3R."""
    return [
        f"payments  {summary['works']:>10,}  {summary['changed']:,} changed, {summary['refused']:,} refused",
        f"paid      {_whole(summary['paid'])} KP3R as it was, {_whole(summary['paid_what_if'])} in the what-if",
        f"credits   {_whole(summary['credits_what_if'])} KP3R left to jobs in the what-if",
        f"calls     {summary['refused_calls']:>10,}  others refused",
    ]


def _whole(wei: str) -> str:
    """An amount in whole tokens of 18 decimals, with six of them."""
    return tokens(int(wei), 6)
