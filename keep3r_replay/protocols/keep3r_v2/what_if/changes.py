"""What an overlay does at a place of the history: parameters, bonds, liquidity, works that are added, the market."""

from __future__ import annotations

from bisect import bisect_right
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.what_if.calls import NOBODY, SYNTHETIC
from keep3r_replay.protocols.keep3r_v2.what_if.history import TABLES, Change
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import HELPER_PARAMETERS, KEEP3R_PARAMETERS
from keep3r_replay.protocols.keep3r_v2.what_if.prices import FORMULA, GIVEN, SCALED, Measured
from keep3r_replay.protocols.keep3r_v2.what_if.works import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.calls import Handle
    from keep3r_replay.protocols.keep3r_v2.what_if.liquidity import Difference, ScaledLiquidity
    from keep3r_replay.protocols.keep3r_v2.what_if.market import ChangedPool
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.protocols.keep3r_v2.what_if.trace import Trace
    from keep3r_replay.protocols.keep3r_v2.what_if.works import Works
    from keep3r_replay.protocols.keep3r_v2.what_if.yields import ReactingLiquidity
    from keep3r_replay.replay.engine import Folding

_MOST_WORKS = 1_000_000
_UINT256 = 1 << 256
_LAST = 1 << 62
"""Order of what comes after every other change of its place."""


class Changes:
    """Collects the changes of one what-if; `all` are they, in no order."""

    def __init__(
        self,
        protocol: Keep3rV2,
        model: Folding,
        baseline: Baseline,
        handlers: Sequence[Handle],
        overlay: Overlay,
        trace: Trace,
    ) -> None:
        self.all: list[Change] = []
        self._protocol = protocol
        self._keep3r = protocol.keep3r
        self._model = model
        self._history = baseline.history
        self._last = baseline.until_block
        self._handlers = handlers
        self._overlay = overlay
        self._trace = trace
        self._places = count(SYNTHETIC)

    def _call(self, table: str, *values: Any) -> None:
        """Make a call that the history does not hold, through the handler of its event."""
        self._handlers[TABLES.index(table)](self._protocol.context, values)

    def _at(self, block: int | None, apply: Callable[[], None], *, after_events: bool = False, order: int = 0) -> None:
        if block is None:
            self.all.append(Change(-1, after_events=False, order=order, apply=apply))
        elif self._last is None or block <= self._last:
            self.all.append(Change(block, after_events=after_events, order=order, apply=apply))

    def set_parameters(self, change_period: Callable[[Any, Any], None]) -> None:
        """Parameters from a block on; initial values stand at once. `change_period` is the handler of its event."""
        overlay = self._overlay
        for name, value in overlay.parameters().items():
            if overlay.from_block is None:
                self._set(name, value)
            elif name == "reward_period_time":
                self._at(overlay.from_block, partial(change_period, self._protocol.context, (SYNTHETIC, value)))
            else:
                self._at(overlay.from_block, partial(self._set, name, value))

    def _set(self, name: str, value: int) -> None:
        if name in KEEP3R_PARAMETERS:
            setattr(self._keep3r.parameters, name, value)
        else:
            assert name in HELPER_PARAMETERS
            for helper in self._keep3r.helpers.values():
                setattr(helper.parameters, name, value)

    def change_market(self, pools: Sequence[ChangedPool]) -> None:
        """Let the changed market begin."""
        block = self._overlay.market_from_block
        for pool in pools:
            if block is None:
                pool.change(0)
            else:
                self._at(block, partial(self._change_pool, pool))

    def _change_pool(self, pool: ChangedPool) -> None:
        pool.change(self._protocol.context.now)

    def change_bonds(self) -> None:
        """Keepers' bonded KP3R."""
        overlay = self._overlay
        entries = list(overlay.bonds)
        if overlay.bond_add:
            entries.append({"keeper": overlay.bond_keeper, "add": overlay.bond_add})
        for order, entry in enumerate(entries):
            self._at(entry.get("block"), partial(self._bond, entry), order=order)

    def _bond(self, entry: dict[str, Any]) -> None:
        """Set or add to a keeper's bond. Raises `UsageError` if it would be no uint256."""
        token = self._keep3r.parameters.keep3r_v1
        bonds = self._keep3r.keepers[entry["keeper"]].bonds
        before = bonds[token]
        after = entry["set"] if "set" in entry else before + entry["add"]
        if not 0 <= after < _UINT256:
            when = f"at block {entry['block']}" if "block" in entry else "at the beginning"
            limit = "takes more than that" if after < 0 else "makes it more than 256 bits"
            raise UsageError(
                f"overlay.bonds: {entry['keeper']} has {before} wei bonded {when}; add={entry['add']} {limit}"
            )
        bonds[token] = after
        if bonds[token] != before:
            self._parts(entry["keeper"])
        if self._keep3r.rules.has_total_bonds:
            self._keep3r.total_bonds = max(0, self._keep3r.total_bonds + bonds[token] - before)

    def change_liquidity(self) -> None:
        """Liquidity that a job gets or loses, after the events of a block."""
        for order, entry in enumerate(self._overlay.liquidity):
            job, liquidity, amount = entry["job"], entry["liquidity"], entry["amount"]
            place = next(self._places)
            if amount >= 0:
                values: tuple[Any, ...] = ("keep3r.LiquidityAddition", place, job, liquidity, "", amount)
            else:
                values = ("keep3r.Unbonding", place, job, liquidity, -amount)
            self._at(entry["block"], partial(self._change, job, *values), after_events=True, order=order)

    def _change(self, job: str, table: str, *values: Any) -> None:
        self._call(table, *values)
        self._parts(job)

    def _parts(self, address: str) -> None:
        """Somebody's state is another from here on; before the first event that is where the history begins."""
        self._trace.changed(address, self._protocol.context.block_number or self._history.blocks[0])

    def give_credits(self) -> None:
        """KP3R credits that a job is given after a block's events. Raises `UsageError` where no block is said."""
        overlay = self._overlay
        entries = list(overlay.credits)
        if overlay.credits_add:
            if overlay.credits_block is None:
                raise UsageError("overlay.credits_add: say overlay.credits_block=NUMBER; jobs come with the history")
            job, amount, block = overlay.credits_job, overlay.credits_add, overlay.credits_block
            entries.append({"job": job, "amount": amount, "block": block})
        for order, entry in enumerate(entries):
            values = ("keep3r.LiquidityCreditsForced", next(self._places), entry["job"], entry["amount"], 0)
            self._at(entry["block"], partial(self._change, entry["job"], *values), after_events=True, order=order)

    def scale_liquidity(self, liquidity: ScaledLiquidity) -> None:
        """Let liquidity in place be scaled at a block, after all else that happens at its start."""
        if liquidity.from_block is not None:
            self._at(liquidity.from_block, partial(self._scale, liquidity), order=_LAST)

    def _scale(self, liquidity: ScaledLiquidity) -> None:
        for difference in liquidity.begin():
            if self._move(difference):
                liquidity.note(difference)

    def let_liquidity_react(self, liquidity: ReactingLiquidity) -> None:
        """Let liquidity leave and join at the start of each reward period, after all else that happens there."""
        for block in dict.fromkeys(self._history.blocks):
            self._at(block, partial(self._react, liquidity), order=_LAST)

    def _react(self, liquidity: ReactingLiquidity) -> None:
        for difference in liquidity.reacts(self._protocol.context.now):
            self._move(difference)

    def _move(self, difference: Difference) -> bool:
        """A job's liquidity becomes more or less, as by nobody; whether it did."""
        job, token, amount = difference
        amounts = self._keep3r.jobs[job].liquidity_amounts
        before = amounts[token]
        table = "keep3r.LiquidityAddition" if amount > 0 else "keep3r.JobSlashLiquidity"
        self._call(table, next(self._places), job, token, NOBODY, abs(amount))
        if amounts[token] == before:
            return False
        self._parts(job)
        return True

    def add_works(self, works: Works) -> None:
        """Works at intervals, each at its own time, between the blocks of the history.

        Raises:
            UsageError: more than a million.
        """
        blocks = list(dict.fromkeys(self._history.blocks))
        times = [self._history.facts[block].timestamp for block in blocks]
        if not blocks:
            return
        for entry in self._overlay.add_works:
            first = bisect_right(blocks, entry.get("from_block", blocks[0]) - 1)
            last = bisect_right(blocks, entry.get("until_block", blocks[-1])) - 1
            if first >= len(blocks) or last < first:
                continue
            if (times[last] - times[first]) // entry["every"] > _MOST_WORKS:
                raise UsageError(f"overlay.add_works: more than {_MOST_WORKS:,} works; say a longer interval")
            work = _measured(entry, self._keep3r.rules.payment)
            for time in range(times[first], times[last] + 1, entry["every"]):
                place = next(self._places)
                works.wanted[place] = Wanted(work, validates=entry.get("validates", True))
                block = blocks[bisect_right(times, time) - 1]
                self._at(block, self._work(works, block, time, place, entry), after_events=True, order=time)

    def _work(self, works: Works, block: int, time: int, place: int, entry: dict[str, Any]) -> Callable[[], None]:
        fact = self._history.facts[block]

        def apply() -> None:
            if not works.is_listed(entry["job"]):
                return
            if time != fact.timestamp:
                self._model.begin_block(fact._replace(timestamp=time))
            token = self._keep3r.parameters.keep3r_v1
            self._call("keep3r.KeeperWork", place, token, entry["job"], entry["keeper"], 0, 0)

        return apply


def _measured(entry: dict[str, Any], rule: Payment) -> Measured:
    if "payment" in entry:
        return Measured(GIVEN, entry["payment"])
    by_bounds = rule in {Payment.ROOT_PRICE, Payment.CACHED_PRICE}
    return Measured(SCALED if by_bounds else FORMULA, 0, entry["gas"])


def dropped_works(overlay: Overlay, columns: dict[str, list[str]]) -> frozenset[int]:
    """Numbers of the works that do not happen.

    Args:
        overlay: the changes.
        columns: `transaction_hash`, `job` and `keeper` of the history's works.
    """
    named = set(overlay.drop_works)
    rows = list(zip(columns["transaction_hash"], columns["job"], columns["keeper"], strict=True))
    dropped = {number for number, row in enumerate(rows) if named.intersection(row)}
    share_of = [number for number, (_, job, _) in enumerate(rows) if overlay.drop_job in {"", job}]
    numerator, denominator = overlay.share
    for place, number in enumerate(share_of):
        if (place + 1) * numerator // denominator > place * numerator // denominator:
            dropped.add(number)
    return frozenset(dropped)
