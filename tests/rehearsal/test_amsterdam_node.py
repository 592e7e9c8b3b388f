"""A node after Amsterdam: headers have more fields, gas is before refunds, ETH transfers leave logs of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from audits import audit
from histories import DATA
from lakes import imported

from keep3r_replay.chain.forks import SYSTEM_ADDRESS
from keep3r_replay.lake.reader import Lake
from tests.node.lakes import run
from tests.recording.test_amsterdam import BEGIN, amsterdam
from tests.rehearsal.served import ServedRecording
from tests.rehearsal.test_rehearsal import keep3r_of

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = DATA / "open-v2.2-nb-mining-twap"


@pytest.mark.slow
def test_a_node_after_amsterdam_is_extracted_and_replayed(tmp_path: Path) -> None:
    """Logs stand where the node says, among those of the system; the lake knows when the rules began; all is exact."""
    folder = amsterdam(RECORDING, tmp_path / "recording", BEGIN, lambda gas: gas + gas // 10)
    before = Lake.open(imported(RECORDING))
    with ServedRecording(folder, before) as node:
        arguments = ["extract", "deployment=local", f"deployment.keep3r={keep3r_of(before).address}"]
        more = ["deployment.version=v2_2", f"lake={tmp_path / 'lake'}", "deployment.partition_blocks=50"]
        assert run(node.url, *arguments, *more) == 0
    lake = Lake.open(tmp_path / "lake")
    times = dict(before.scan("blocks", columns=["number", "timestamp"]).collect().iter_rows())
    with_logs = set(before.scan("logs", columns=["block_number"]).collect()["block_number"])
    assert lake.deployment.amsterdam_from == min(times[block] for block in with_logs if block >= BEGIN)
    logs = lake.scan("logs").collect()
    assert bytes.fromhex(SYSTEM_ADDRESS[2:]) not in logs["address"].to_list()
    indices = logs.filter(pl.col("block_number") >= BEGIN).group_by("block_number").agg(pl.col("log_index").min())
    assert indices["log_index"].min() == 1
    found = audit(lake)
    assert found.findings == []
    assert found.summary["works"] == audit(before).summary["works"]
