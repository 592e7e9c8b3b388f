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
from tests.kuma.recorded import PROTOCOL, audited, engine, meta
from tests.kuma.served import ServedRecording

CASES = [("open-kuma-clean-1", "v1_0", "address_provider"), ("open-kuma11-clean-1", "v1_1", "swaps")]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def both(request, tmp_path_factory):
    """The recording, its imported lake, and the lake extracted from a node that serves it."""
    name, version, start = request.param
    recording = DATA / name
    told = meta(recording)
    first = told["addressProvider"].lower() if start == "address_provider" else None
    named = f"address_provider='{first}'" if first else f"swaps=['{told['categories'][0]['KUMASwap'].lower()}']"
    folder = tmp_path_factory.mktemp("extracted") / "lake"
    coin = f"+deployment.companions={{stable_coin:['{told['stableCoin'].lower()}']}}"
    arguments = ["extract", "deployment=kuma_local", f"deployment.{named}", f"deployment.version={version}", coin]
    with ServedRecording(recording) as node, mock.patch.dict(os.environ, {"ETH_RPC_URL": node.url}):
        assert main([*arguments, f"lake={folder}", "deployment.partition_blocks=60"]) == 0
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
