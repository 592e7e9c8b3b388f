"""Extraction: a node that serves a recording gives the recording, found from a swap or from the address provider."""

from __future__ import annotations

import os
from unittest import mock

import pytest
from histories import DATA
from lakes import imported

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from pipelines.cli import main
from tests.kuma.recorded import PROTOCOL, audited, engine, lines, meta
from tests.kuma.served import ServedRecording

pytestmark = pytest.mark.slow

CASES = [
    ("open-kuma-clean-1", "v1_0", "address_provider"),
    ("open-kuma11-clean-1", "v1_1", "swaps"),
    pytest.param(("open-kuma-mixed-301", "v1_0", "swaps"), marks=pytest.mark.slow),
]
"""Recordings with what leads to their contracts; in the last, calls fail, refreshes are silent, clones are claimed."""


def read_at(recording) -> list[int]:
    """A few blocks with readings."""
    blocks = [each["block"] for each in lines(recording, "views")]
    return blocks[:: len(blocks) // 4]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def both(request, tmp_path_factory):
    """The recording, its imported lake, and the lake extracted from a node that serves it."""
    name, version, start = request.param
    recording = DATA / name
    told = meta(recording)
    first = told["addressProvider"].lower() if start == "address_provider" else None
    named = f"address_provider='{first}'" if first else f"swaps=['{told['categories'][0]['KUMASwap'].lower()}']"
    folder = tmp_path_factory.mktemp("extracted") / "lake"
    arguments = ["extract", "deployment=kuma_local", f"deployment.{named}", f"deployment.version={version}"]
    blocks = read_at(recording)
    with ServedRecording(recording, blocks) as node, mock.patch.dict(os.environ, {"ETH_RPC_URL": node.url}):
        asked = f"readings={blocks}".replace(" ", "")
        assert main([*arguments, f"lake={folder}", "deployment.partition_blocks=25", asked]) == 0
    return recording, Lake.open(imported(recording)), Lake.open(folder)


def test_every_contract_is_found(both):
    """Roles, addresses, versions and categories are those of the recording."""
    _, recorded, extracted = both
    for contract in recorded.deployment.contracts:
        found = extracted.deployment.by_address()[contract.address]
        assert (found.role, found.version) == (contract.role, contract.version)
        assert found.facts.get("risk_category") == contract.facts.get("risk_category")
    assert len(extracted.deployment.contracts) == len(recorded.deployment.contracts)


def test_logs_and_events_agree(both):
    """Every raw log and every row of every event table is the same."""
    _, recorded, extracted = both
    events = [name for name in recorded.manifest.tables() if name.startswith("events/")]
    assert [name for name in extracted.manifest.tables() if name.startswith("events/")] == events
    for name in ("logs", *events):
        assert extracted.scan(name).collect().rows() == recorded.scan(name).collect().rows(), name


def test_the_replay_agrees(both):
    """The extracted lake replays clean, to the same state and the same late expiries."""
    recording, _, extracted = both
    found, wanted = engine.audit(extracted, PROTOCOL), audited(recording)
    assert found.summary["verdict"] == "clean"
    assert found.summary["state_hash"] == wanted.summary["state_hash"]
    assert found.summary["late_expiries"]["excess_strict_all"] == wanted.summary["late_expiries"]["excess_strict_all"]


def test_readings_are_those_of_the_recording(both):
    """Every view that a node can be asked answers as the recording has it, and the replay agrees with each."""
    recording, recorded, extracted = both
    told = meta(recording)
    names = {each["riskCategory"].lower()[2:]: each["KUMASwap"].lower() for each in told["categories"]}
    bonds = recorded.scan("events/kuma_bond_token.BondIssued").collect()
    swaps = {str(row["token_id"]): names[row["risk_category"].hex()] for row in bonds.iter_rows(named=True)}
    read = {row[:-1] for row in extracted.scan("readings").collect().iter_rows() if row[1]}
    known = {
        (block, swaps[argument] if view.startswith("swap.") else contract, view.removeprefix("swap."), argument, *rest)
        for block, contract, view, argument, *rest, _ in recorded.scan("readings").collect().iter_rows()
    }
    assert {row for row in read if row not in known} == set()
    at, asked = {row[0] for row in read}, {row[:4] for row in read}
    left_out = {row[2] for row in known if row[0] in at and row[1] and row[:4] not in asked}
    # A storage word, and accounts, coupons and categories' bonds that no event has named by then.
    assert left_out <= {"_previousEpochCumulativeYield", "balanceOf", "getBaseBalance", "getCouponInventory"}


def test_failed_calls_and_silent_refreshes_are_found(both):
    """What leaves no log is found in the blocks: as many calls of every class as from the recording's transactions."""
    recording, _, extracted = both
    found, wanted = engine.audit(extracted, PROTOCOL), audited(recording)
    assert found.summary["calls"] == wanted.summary["calls"]
    assert found.summary["readings"]["mismatched"] == found.summary["readings"]["undetermined"] == 0
    assert found.summary["readings"]["compared"] > 500


def test_a_category_added_later_is_followed(tmp_path):
    """An extraction that ends before the last category goes on with it, its aggregator, collector and logs."""
    recording = DATA / "open-kuma-clean-1"
    told, folder = meta(recording), tmp_path / "lake"
    arguments = ["extract", "deployment=kuma_local", f"deployment.address_provider='{told['addressProvider'].lower()}'"]
    arguments += ["deployment.version=v1_0", "deployment.partition_blocks=10", f"lake={folder}"]
    with ServedRecording(recording) as node, mock.patch.dict(os.environ, {"ETH_RPC_URL": node.url}):
        assert main([*arguments, "to_block=50"]) == 0
        early = Lake.open(folder).deployment.contracts
        assert sum(each.role == "kib_token" for each in early) == 2
        assert main(arguments) == 0
    extracted, recorded = Lake.open(folder), Lake.open(imported(recording))
    assert sum(each.role == "kib_token" for each in extracted.deployment.contracts) == 3
    assert {each.address for each in extracted.deployment.contracts} == {
        each.address for each in recorded.deployment.contracts
    }
    assert (
        extracted.scan("logs").collect().sort("block_number", "log_index").rows()
        == recorded.scan("logs").collect().rows()
    )


def test_stablecoins_are_left_out_where_they_are_many(tmp_path):
    """Without `follow_stable_coins` their logs are not fetched, and the replay is clean all the same."""
    recording = DATA / "open-kuma-clean-1"
    swap = meta(recording)["categories"][0]["KUMASwap"].lower()
    settings = ["deployment.follow_stable_coins=false", "deployment.follow_calls=false", "deployment.version=v1_0"]
    with ServedRecording(recording) as node, mock.patch.dict(os.environ, {"ETH_RPC_URL": node.url}):
        arguments = ["extract", "deployment=kuma_local", f"deployment.swaps=['{swap}']", *settings]
        assert main([*arguments, f"lake={tmp_path / 'lake'}"]) == 0
    lake = Lake.open(tmp_path / "lake")
    assert "stable_coin" not in {each.role for each in lake.deployment.contracts}
    assert engine.audit(lake, PROTOCOL).summary["verdict"] == "clean"


@pytest.mark.parametrize(
    "settings",
    [
        {"version": "v9", "swaps": ["0x" + "1" * 40]},
        {"version": "v1_1"},
        {"version": "v1_1", "swaps": ["0x12"]},
        {"version": "v1_1", "swaps": ["0x" + "1" * 40], "companions": {"pool": ["0x" + "1" * 40]}},
        {"version": "v1_1", "swaps": ["0x" + "1" * 40], "keep3r": ""},
    ],
)
def test_wrong_settings_are_refused(settings):
    """A configuration that makes no sense is refused before a node is asked."""
    with pytest.raises(UsageError):
        PROTOCOL.extractor(None, settings)
