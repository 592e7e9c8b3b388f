"""Where a changed history parts from the true one: the state that each event leaves, held against the baseline's."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump_job, dump_keeper
from keep3r_replay.protocols.keep3r_v2.contract.state import Unbond
from keep3r_replay.protocols.keep3r_v2.what_if.history import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.replay.protocol import Row

    Handle = Callable[[CallContext, Row], None]

_WORK = "keep3r.KeeperWork"
_ADDRESS = 42
_NO_CALLS = frozenset({"keep3r.KeeperValidation", "keep3r.LiquidityCreditsReward"})


class Trace:
    """What each event of Keep3r leaves behind, in chain order, as hashes of what tables of results hold.

    Args:
        keep3r: the model.
        baseline: the hashes of the true history; None where this is the true one.
    """

    def __init__(self, keep3r: Keep3r, baseline: Sequence[int] | None = None) -> None:
        self.hashes: list[int] = []
        self.parts_at: int | None = None
        """Block where the two part."""
        self.parts_of: dict[str, int] = {}
        """By job or keeper the block from which on an event of its leaves it otherwise."""
        self._keep3r = keep3r
        self._baseline = baseline
        self._number = 0

    def changed(self, address: str, block: int) -> None:
        """An overlay has changed the state of a job or keeper itself."""
        self.parts_of.setdefault(address, block)
        self.parts_at = block if self.parts_at is None else min(self.parts_at, block)

    def traced(self, table: str, handle: Handle) -> Handle:
        """The handler of a table's events, followed by a look at what they leave."""
        left = self._left_by_work if table == _WORK else self._left
        baseline, hashes = self._baseline, self.hashes

        def run(context: CallContext, row: Row) -> None:
            handle(context, row)
            if baseline is None:
                hashes.append(left(row))
                return
            number = self._number
            self._number = number + 1
            addresses = [value for value in row if isinstance(value, str) and len(value) == _ADDRESS]
            # Where all of them have parted before, nothing is to be learned.
            if not self.parts_of.keys() >= {*addresses} and left(row) != baseline[number]:
                for address in addresses:
                    self.changed(address, context.block_number)

        return run

    def _left_by_work(self, row: Row) -> int:
        _, credit, address, keeper_address, *_ = row
        job, keeper = self._keep3r.jobs[address], self._keep3r.keepers[keeper_address]
        return hash(
            (
                job.credits,
                job.period_credits,
                job.rewarded_at,
                job.worked_at,
                job.token_credits.get(credit, 0),
                keeper.bonds.get(credit, 0),
                keeper.work_completed,
            )
        )

    def _left(self, row: Row) -> int:
        keep3r = self._keep3r
        left: list[object] = []
        for value in row:
            if isinstance(value, str) and len(value) == _ADDRESS:
                left.append(dump_job(keep3r.jobs[value]) if value in keep3r.jobs else {})
                left.append(dump_keeper(keep3r.keepers[value]) if value in keep3r.keepers else {})
                left += [keep3r.unbonds.get((value, str(other)), Unbond()) for other in row]
                left += [value in keep3r.job_list, value in keep3r.keeper_list, value in keep3r.disputes]
        # Not Python's own hash of text, which differs from process to process.
        return int.from_bytes(blake2b(repr(left).encode(), digest_size=8).digest(), "big")


def traced(trace: Trace, handlers: Sequence[Handle]) -> list[Handle]:
    """Handlers in the order of `TABLES`, those of Keep3r's events traced."""
    return [
        trace.traced(table, handle) if table.startswith("keep3r.") and table not in _NO_CALLS else handle
        for table, handle in zip(TABLES, handlers, strict=True)
    ]
