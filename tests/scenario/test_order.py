"""The events of a call, and their order, are those that the real contracts emit for the same function."""

from __future__ import annotations

from itertools import groupby

import polars as pl
import pytest
from histories import bundled, name_of

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import HELPER_CALLS, KEEP3R_CALLS
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.scripts import own
from tests.scenario.test_calls import EVERYTHING

pytestmark = pytest.mark.slow

SIGNATURES = {selector: call.signature for selector, call in (KEEP3R_CALLS | HELPER_CALLS).items()}
NEVER_RECORDED = frozenset({"removeSlasher(address)", "removeDisputer(address)", "revoke(address)"})
"""Functions that a version's recordings in the repository may lack; those beside it have them."""


def sequences(lake):
    """For each function called directly, the sequences of events that its transactions left."""
    place = ["block_number", "transaction_index"]
    frames = [
        lake.scan(name).select(*place, "log_index", pl.lit(name.removeprefix("events/")).alias("event"))
        for name in lake.manifest.tables()
        if name.startswith(("events/keep3r", "events/pair_manager.Transfer"))
    ]
    rows = pl.concat(frames).sort("block_number", "log_index").collect()
    events = {key: tuple(row[3] for row in group) for key, group in groupby(rows.rows(), lambda row: row[:2])}
    calls = lake.scan("transactions").filter(pl.col("status") == 1).select(*place, "input").collect()
    found: dict[str, set[tuple[str, ...]]] = {}
    for block, index, data in calls.iter_rows():
        signature = SIGNATURES.get(data[:4].hex())
        if signature is not None:
            found.setdefault(signature, set()).add(events.get((block, index), ()))
    return found


@pytest.mark.parametrize("version", ["2.0", "2.2", "2.3"])
def test_events_come_as_the_contracts_emit_them(version, audited_recordings, tmp_path):
    """Each function's events of the simulation are a sequence that a recording of its version has for the function."""
    recorded: dict[str, set[tuple[str, ...]]] = {}
    for path in bundled():
        if name_of(path).startswith(f"v{version}-") or (version == "2.2" and name_of(path) == "sample"):
            for signature, found in sequences(audited_recordings(path).lake).items():
                recorded.setdefault(signature, set()).update(found)
    # The helper of 2.0 has constants only.
    script = [item for item in EVERYTHING if version != "2.0" or item.get("do") != "set_helper_parameter"]
    write_lake(simulate(own(*script, version=version)), tmp_path / "lake")
    simulated = sequences(Lake.open(tmp_path / "lake"))
    compared = {signature: made for signature, made in simulated.items() if signature in recorded}
    assert simulated.keys() - compared.keys() <= NEVER_RECORDED
    assert len(compared) >= 20
    for signature, made in compared.items():
        assert made <= recorded[signature], signature
