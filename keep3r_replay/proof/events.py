"""Event tables follow from logs: they are decoded once more, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keep3r_replay.chain.logs import from_arrow
from keep3r_replay.dataset.decode import decode_logs
from keep3r_replay.proof.contradictions import Contradiction
from keep3r_replay.proof.rows import Place, places_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.evm.abi import EventsByRole
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.rows import LakeRows

_BASIS = "the table of logs"


def compare_events(
    rows: LakeRows,
    logs: Any,
    headers: Sequence[Header],
    contracts: Mapping[str, Contract],
    events: EventsByRole,
    *,
    times: bool,
) -> Iterator[Contradiction]:
    """Yield the first row of each event table of some blocks that is not what their logs decode to.

    Args:
        rows: of the lake.
        logs: the lake's, of these blocks, which are proved; as an Arrow table.
        headers: of the blocks, proved, one after the other.
        contracts: of the deployment, by address.
        events: what they can emit.
        times: whether the tables hold their blocks' times.
    """
    first, last = headers[0].number, headers[-1].number
    batch = from_arrow(logs)
    clock = np.array([header.timestamp for header in headers], np.int64)
    decoded = decode_logs(batch, contracts, events, clock[batch.block_number.astype(np.int64) - first])
    for name in sorted({*rows.event_tables(), *decoded.tables}):
        stored = rows.of(name, first, last)
        if name not in decoded.tables:
            if stored.num_rows:
                yield _extra(name, places_of(stored)[0])
            continue
        yield from _compare(name, stored, decoded.tables[name], times=times)
    found = [Place(each.block_number, each.log_index) for each in decoded.anomalies]
    kept = places_of(rows.of("undecoded", first, last))
    if kept != found:
        wrong = _misplaced("undecoded", kept, found)
        block, index = wrong.block, wrong.place.split()[1]
        yield Contradiction(block, "undecoded", f"log {index}", "another verdict", "whether it can be decoded", _BASIS)


def _compare(name: str, stored: Any, true: Any, *, times: bool) -> Iterator[Contradiction]:
    if stored.num_rows == 0:
        stored = true.schema.empty_table()
    if stored.column_names != true.column_names:
        yield Contradiction(
            places_of(true)[0].block_number, name, "", "other columns", ", ".join(true.column_names), _BASIS
        )
        return
    for column in true.column_names:
        if column == "timestamp" and not times:
            continue
        mine, proved = stored.column(column), true.column(column)
        proved = proved.cast(mine.type) if mine.type != proved.type else proved
        if mine.equals(pa.chunked_array(proved.chunks, mine.type) if isinstance(proved, pa.ChunkedArray) else proved):
            continue
        places, own = places_of(true), places_of(stored)
        if places != own:
            yield _misplaced(name, own, places)
            return
        told, right = mine.to_pylist(), proved.to_pylist()
        first = next(i for i in range(len(told)) if told[i] != right[i])
        block, index = places[first]
        yield Contradiction(block, name, f"log {index} {column}", str(told[first])[:80], str(right[first])[:80], _BASIS)


def _misplaced(name: str, own: Sequence[Place], places: Sequence[Place]) -> Contradiction:
    """The first place at which a table has a row that it must not have, lacks one, or has it out of order or twice."""
    differing = {*own} ^ {*places}
    if differing:
        place = min(differing)
        return _extra(name, place, missing=place in places)
    place = next((mine for mine, true in zip(own, places, strict=False) if mine != true), own[-1])
    told, proved = "out of order or twice", "once, in order"
    return Contradiction(place.block_number, name, f"log {place.log_index}", told, proved, _BASIS)


def _extra(name: str, place: Place, *, missing: bool = False) -> Contradiction:
    told = "the lake lacks it" if missing else "the lake has it"
    proved = "it was emitted" if missing else "there is none"
    return Contradiction(place.block_number, name, f"log {place.log_index}", told, proved, _BASIS)
