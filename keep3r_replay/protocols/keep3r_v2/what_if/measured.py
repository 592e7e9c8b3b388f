"""The baseline of what-ifs: the history as the audit sees it, with what each work measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.audit.works import MISMATCH, OWN_PAYMENT, classify, needs_evidence, works_table
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.replay.calls.payments import (
    EXACT,
    INTERVAL,
    SOLVED_GAS,
    STALE_GAS,
    TOKEN_PAYMENT,
)
from keep3r_replay.protocols.keep3r_v2.replay.calls.work import WORK_COLUMNS
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS, replay_of
from keep3r_replay.protocols.keep3r_v2.what_if.history import History, load_history, replay
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
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root
from keep3r_replay.replay.timeline import WHOLE, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.replay.protocol import Row
    from keep3r_replay.replay.roots import Start
    from keep3r_replay.replay.snapshots import Snapshot

_BY_FORMULA = frozenset({EXACT, STALE_GAS, SOLVED_GAS, INTERVAL})


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
    """Wei by job and kind of move."""
    direct_inputs: dict[tuple[int, int], bytes]
    """Input of the transactions that call Keep3r itself."""
    credits_around: list[tuple[int, int]]
    """A job's credits before and after each work, wei."""
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
        UsageError: nothing comes after the start, or what the contract holds there is known in part only.
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
    replay(history, protocol, list(handlers.values()))
    works = works_table(lake, protocol.context.works, span, contract.address)
    evidence = works
    if start is not None and needs_evidence(works):
        whole = replay_root(lake, PROTOCOL, contract, None, None, Options(readings=False)).replay
        evidence = works_table(lake, whole.context.works, WHOLE, contract.address)
    works = classify(works, evidence)
    addresses = {id(job): address for address, job in protocol.keep3r.jobs.items()}
    return Baseline(
        lake,
        contract,
        until_block,
        beginning,
        history,
        works,
        _measured(works, protocol.context.works, seen),
        dict(protocol.context.forced),
        dump(protocol.keep3r),
        {(addresses[job], kind): amount for (job, kind), amount in recorder.sums().items()},
        dict(protocol.context.direct_inputs),
        list(
            zip(*(works[name].cast(pl.Int128).to_list() for name in ("credits_before", "credits_after")), strict=True)
        ),
        len(journal.findings),
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


def _measured(works: pl.DataFrame, records: list[tuple[Any, ...]], seen: _Seen) -> list[Measured]:
    place = {name: WORK_COLUMNS.index(name) for name in WORK_COLUMNS}
    explanation, initial, usd, boost = (
        place[name] for name in ("explanation", "initial_gas", "usd_per_gas_unit", "boost")
    )
    bounded = len(seen.prices) == len(records)
    payments, left = (works[name].cast(pl.Int128).to_list() for name in ("payment", "gas_left"))
    result = []
    for number, (record, kind, paid, gas_left) in enumerate(
        zip(records, works["class"].to_list(), payments, left, strict=True)
    ):
        if record[explanation] == TOKEN_PAYMENT:
            amount_is = TOKEN
        elif record[explanation] not in _BY_FORMULA or kind in {OWN_PAYMENT, MISMATCH}:
            amount_is = GIVEN
        else:
            amount_is = SCALED if bounded else FORMULA
        numerator, denominator = seen.prices[number] if bounded else Price(1, 1)
        result.append(
            Measured(
                amount_is,
                paid,
                (record[initial] or 0) - gas_left,
                record[usd] or 1,
                seen.meters[number],
                record[boost] or 0,
                numerator,
                denominator,
            )
        )
    return result
