"""Extraction of Keep3r V1: a node that serves a recording gives its logs, its events and its audit."""

from __future__ import annotations

import os
from unittest import mock

import polars as pl
import pytest
from histories import name_of

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.replay.audit import audit
from pipelines.cli import main
from tests.keep3r_v1.recorded import BUNDLED, recorded, recordings
from tests.keep3r_v1.served import served

pytestmark = pytest.mark.slow

FOUND = {"chainlink_aggregator", "keep3r_v1_governance", "keep3r_v2_oracle_factory", "token", "uniswap_v2_pair"}
"""Roles of contracts that no setting names."""


def extracted(recording, folder, *more: str, **node_is: bool):
    """The lake extracted from a node that serves a recording, and what the node was asked."""
    companions = "+deployment.companions={weth:['0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'],uniswap_v2_factory:"
    companions += "['0x5c69bee701ef814a2b6a3edd4b1652cb9cc5aa6f']}"
    settings = ["extract", "deployment=keep3r_v1_local", f"lake={folder}", "deployment.partition_blocks=200"]
    with served(recording, **node_is) as (url, node), mock.patch.dict(os.environ, {"ETH_RPC_URL": url}):
        assert main([*settings, companions, *more]) == 0
    return Lake.open(folder), node


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """The bundled recording, extracted by blocks' bodies."""
    return extracted(BUNDLED, tmp_path_factory.mktemp("extracted") / "lake")


def same_history(one: Lake, recording) -> None:
    """The lake holds every log and event of the imported recording, and its audit is the same."""
    found = recorded(recording)
    events = [name for name in found.lake.tables() if name.startswith("events/")]
    assert [name for name in one.tables() if name.startswith("events/")] == events
    for name in ("logs", *events):
        assert one.scan(name).collect().equals(found.lake.scan(name).collect()), name
    made = audit(one, PROTOCOL)
    for name in PROTOCOL.tables:
        if name in made.tables and name not in {"ledger", "ledger_totals", "keeper_accounts"}:
            assert made.tables[name].equals(found.audit.tables[name]), name
    for name in ("works", "applications", "events", "verdict"):
        assert made.summary[name] == found.audit.summary[name]
    assert made.summary["state_hash"] == found.audit.summary["state_hash"]


@pytest.mark.slow
@pytest.mark.parametrize("folder", recordings(), ids=name_of)
def test_a_served_recording_is_extracted_whole(folder, tmp_path):
    """From its addresses alone: all else is found, and the audit is that of the import."""
    lake, _ = extracted(folder, tmp_path / "lake")
    same_history(lake, folder)


def test_the_bundled_recording_is_extracted_whole(bundled):
    """What no setting names is found by views, by events, and by what is sent to the contract and to the feed."""
    lake, node = bundled
    same_history(lake, BUNDLED)
    contracts = recorded(BUNDLED).lake.deployment.contracts
    wanted = {(each.role, each.address) for each in contracts if each.role in FOUND}
    # TKA is a token of a pair; no job was ever credited with it.
    wanted.discard(("token", node.meta["tokens"]["TKA"].lower()))
    assert wanted <= {(each.role, each.address) for each in lake.deployment.contracts}
    assert lake.deployment.transactions == "followed"


def test_a_history_with_traces_needs_no_bodies(tmp_path):
    """Where the node tells who called whom, calls inside of transactions are in the lake."""
    lake, node = extracted(BUNDLED, tmp_path / "lake", "follow=traces", traces=True)
    same_history(lake, BUNDLED)
    calls = lake.scan("calls").collect()
    governance = node.meta["governanceContract"].lower()
    assert calls.height > 500
    assert (calls["from"] == governance).any()


def test_traces_tell_what_a_governor_executes(tmp_path):
    """Where governance executes proposals by number, no input names the call: the trace does, and nothing lacks."""
    lake, node = extracted(BUNDLED, tmp_path / "lake", "follow=traces", traces=True, opaque=True)
    governed = lake.scan("transactions").collect().filter(pl.col("to") == node.meta["governanceContract"].lower())
    assert governed.height > 5
    assert set(governed["input"].bin.encode("hex").str.slice(0, 8)) == {"fe0d94c1"}
    same_history(lake, BUNDLED)


def test_a_node_without_traces_is_told_so(tmp_path):
    """Asking for traces where there are none is refused in words, with what to say instead."""
    with pytest.raises(AssertionError):
        extracted(BUNDLED, tmp_path / "lake", "follow=traces")


def test_without_followed_transactions_only_those_with_logs_are_there(tmp_path):
    """With follow=logs the lake has the same logs, and says what transactions it lacks."""
    aggregators = [each.lower() for each in recorded(BUNDLED).meta["fastgasAggregators"]]
    lake, _ = extracted(BUNDLED, tmp_path / "lake", "follow=logs", f"deployment.aggregators={aggregators}")
    assert lake.deployment.transactions == "with_logs"
    assert lake.scan("logs").collect().equals(recorded(BUNDLED).lake.scan("logs").collect())


def test_blocks_before_london_have_no_base_fee(bundled):
    """The recording is of Istanbul's rules: no block has a base fee, though the node's history says 0."""
    lake, _ = bundled
    assert lake.scan("blocks").collect()["base_fee_per_gas"].null_count() == lake.scan("blocks").collect().height


@pytest.mark.parametrize(
    "change",
    [
        {"keep3r": ""},
        {"keep3r": "0x12"},
        {"helpers": {"best": "0x" + "1" * 40}},
        {"companions": {"pool": ["0x" + "1" * 40]}},
        {"jobs": "some"},
        {"pools": []},
    ],
)
def test_wrong_settings_are_refused(change):
    """A configuration that makes no sense is refused before a node is asked."""
    settings = dict.fromkeys(("keep3r", "weth", "kp3r_weth", "fastgas"), "0x" + "2" * 40) | {"helpers": {}}
    PROTOCOL.extractor(None, settings)
    with pytest.raises(UsageError):
        PROTOCOL.extractor(None, settings | change)
