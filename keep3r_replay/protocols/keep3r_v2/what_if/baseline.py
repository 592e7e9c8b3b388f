"""The baseline of what-ifs: the history as the audit sees it, with what each work measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.audit.classes import MISMATCH, OWN_PAYMENT, classify, needs_evidence
from keep3r_replay.protocols.keep3r_v2.audit.states import state_tables
from keep3r_replay.protocols.keep3r_v2.audit.works import WORKS_SCHEMA, works_table
from keep3r_replay.protocols.keep3r_v2.auditing import AUDITS
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    EXACT,
    INTERVAL,
    SILENT_ACCESS,
    SOLVED_GAS,
    STALE_GAS,
    TOKEN_PAYMENT,
)
from keep3r_replay.protocols.keep3r_v2.replay.of_lake import replay_of
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS
from keep3r_replay.protocols.keep3r_v2.what_if.batches import Batch, batches
from keep3r_replay.protocols.keep3r_v2.what_if.history import History, load_history, replay
from keep3r_replay.protocols.keep3r_v2.what_if.names import Names
from keep3r_replay.protocols.keep3r_v2.what_if.prices import (
    FORMULA,
    GIVEN,
    SCALED,
    TOKEN,
    Measured,
    Price,
    cached_price,
)
from keep3r_replay.protocols.keep3r_v2.what_if.recorder import SumRecorder
from keep3r_replay.protocols.keep3r_v2.what_if.start import begin
from keep3r_replay.protocols.keep3r_v2.what_if.trace import Trace, traced
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root
from keep3r_replay.replay.timeline import WHOLE, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import WorkRecord
    from keep3r_replay.replay.protocol import Place, Row
    from keep3r_replay.replay.roots import Start
    from keep3r_replay.replay.snapshots import Snapshot

_BY_FORMULA = frozenset({EXACT, STALE_GAS, SOLVED_GAS, SILENT_ACCESS, INTERVAL})


class WorkSeen(NamedTuple):
    """Whose a work was and in which block, and the number of reward events before it."""

    block_number: int
    job: str
    keeper: str
    rewards: int


@dataclass
class Baseline:
    """A contract's history, and its audit without readings."""

    lake: Lake
    contract: Contract
    until_block: int | None
    start: Snapshot | None
    """Where history and audit begin, if not with the contract."""
    history: History
    works: pl.DataFrame
    measured: list[Measured]
    forced: dict[tuple[int, int], int]
    """Wei that each LiquidityCreditsForced added, by block and log."""
    state: dict[str, Any]
    """State at the end."""
    sums: dict[tuple[str, str], int]
    """Wei by job and kind of change."""
    direct_inputs: dict[tuple[int, int], bytes]
    """Input of the transactions that call Keep3r itself."""
    credits_around: list[tuple[int, int]]
    """A job's credits before and after each work, wei."""
    seen: list[WorkSeen]
    """Of each work what a comparison asks for."""
    known: Names
    """Whom the history knows, over all contracts of the lake."""
    batches: dict[Place, Batch]
    """Transactions of several calls."""
    trace: list[int]
    """What each event left; see `trace.Trace`."""
    states: dict[str, pl.DataFrame]
    """The audit's tables of states at the end."""
    findings: int
    """Disagreements of model and chain: a what-if of such a history starts from what the audit adopted."""

    @property
    def names(self) -> dict[str, list[str]]:
        """Transaction, job and keeper of every work."""
        return {name: self.works[name].to_list() for name in ("transaction_hash", "job", "keeper")}


def measure(lake: Lake, contract: Contract, until_block: int | None = None, start: Start | None = None) -> Baseline:
    """Load a contract's history and replay it as the audit does, from the beginning or from `start`.

    Raises:
        InputError: the lake lacks what the replay needs.
        UsageError: nothing comes after the start, what the contract holds there is known in part only, or nothing tells
            what an oracle was fed.
    """
    journal = Journal()
    protocol = replay_of(lake, contract, journal, until_block)
    beginning = None if start is None else begin(protocol, start)
    span = Span(None if start is None else start.block, until_block)
    history = load_history(lake, contract, span)
    if start is not None and not history.blocks:
        raise UsageError(f"nothing happens after block {start.block}, where the replay starts")
    recorder = SumRecorder(protocol.context, protocol.keep3r)
    protocol.keep3r.ledger = recorder
    seen = _Seen(protocol.keep3r)
    handlers: dict[str, Callable[[CallContext, Row], None]] = {
        name: handler.handle for name, handler in HANDLERS.items()
    }
    handlers["keep3r.KeeperWork"] = seen.wrapped(handlers["keep3r.KeeperWork"])
    trace = Trace(protocol.keep3r)
    replay(history, protocol, traced(trace, list(handlers.values())))
    _refuse_unknown_prices(journal)
    works = works_table(lake, protocol.context.works, span, contract.address)
    evidence = works
    if start is not None and needs_evidence(works.lazy()):
        whole = replay_root(lake, AUDITS, contract, None, None, Options(readings=False)).replay
        evidence = works_table(lake, whole.context.works, WHOLE, contract.address)
    works = classify(works, evidence).select(WORKS_SCHEMA.names())
    addresses = {id(job): address for address, job in protocol.keep3r.jobs.items()}
    return Baseline(
        lake,
        contract,
        until_block,
        beginning,
        history,
        works,
        _measured(works, protocol.context.works.singles, seen),
        dict(protocol.context.forced),
        dump(protocol.keep3r),
        {(addresses[job], kind): amount for (job, kind), amount in recorder.sums().items()},
        dict(protocol.context.direct_inputs),
        list(
            zip(*(works[name].cast(pl.Int128).to_list() for name in ("credits_before", "credits_after")), strict=True)
        ),
        list(map(WorkSeen._make, works.select(WorkSeen._fields).iter_rows())),
        _names(protocol.keep3r, works),
        batches(lake, history),
        trace.hashes,
        state_tables(protocol.keep3r, protocol.context.now),
        len(journal.findings),
    )


def _refuse_unknown_prices(journal: Journal) -> None:
    for finding in journal.findings:
        if finding.kind == "unknown_batch":
            raise UsageError(
                f"nothing tells what was fed to oracle {finding.subject} in block {finding.block_number}, so that a "
                f"changed history has no prices from there on: say until_block={finding.block_number - 1}, or extract "
                "with the transactions' inputs"
            )


def _names(keep3r: Keep3r, works: pl.DataFrame) -> Names:
    """Whom one contract's history knows."""
    jobs = {*keep3r.jobs, *works["job"].to_list()} - {ZERO_ADDRESS}
    liquidities = {*keep3r.approvals, *keep3r.pair_pools} - set(keep3r.pools)
    return Names(
        frozenset(jobs),
        frozenset({*keep3r.keepers, *works["keeper"].to_list()}),
        frozenset(liquidities),
        frozenset(works["transaction_hash"].to_list()),
    )


class _Seen:
    """What the audit's own records do not tell of works: the gas meter after each, and the cached price."""

    def __init__(self, keep3r: Keep3r) -> None:
        self.meters: list[int | None] = []
        self.prices: list[Price] = []
        self._keep3r = keep3r

    def wrapped(self, handle: Callable[[CallContext, Row], None]) -> Callable[[CallContext, Row], None]:
        """The handler of works, watched."""
        keep3r, meters, prices = self._keep3r, self.meters, self.prices
        bounded = keep3r.rules.payment in {Payment.ROOT_PRICE, Payment.CACHED_PRICE}

        def run(context: CallContext, row: Row) -> None:
            before = keep3r.gas_meter
            handle(context, row)
            meters.append(None if keep3r.gas_meter == before else keep3r.gas_meter)
            if bounded:
                prices.append(cached_price(keep3r))

        return run


def _measured(works: pl.DataFrame, records: list[WorkRecord], seen: _Seen) -> list[Measured]:
    bounded = len(seen.prices) == len(records)
    payments, left = (works[name].cast(pl.Int128).to_list() for name in ("payment", "gas_left"))
    result = []
    for number, (record, kind, paid, gas_left) in enumerate(
        zip(records, works["class"].to_list(), payments, left, strict=True)
    ):
        explained = record.explained
        if explained.explanation == TOKEN_PAYMENT:
            amount_is = TOKEN
        elif explained.explanation not in _BY_FORMULA or kind in {OWN_PAYMENT, MISMATCH}:
            amount_is = GIVEN
        else:
            amount_is = SCALED if bounded else FORMULA
        numerator, denominator = seen.prices[number] if bounded else Price(1, 1)
        result.append(
            Measured(
                amount_is,
                paid,
                (explained.initial_gas or 0) - gas_left,
                explained.usd_per_gas_unit or 1,
                seen.meters[number],
                explained.boost or 0,
                numerator,
                denominator,
            )
        )
    return result
