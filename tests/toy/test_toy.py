"""A protocol is only a folder: one of one event, which no file of the engine knows, does all that protocols do."""

from __future__ import annotations

import os
from unittest import mock

import pytest

import keep3r_replay as kr
from keep3r_replay.protocols.registry import known_protocols, protocol_named
from keep3r_replay.warehouse.query import bundled
from pipelines.cli import main
from tests.toy.history import ALICE, BLOCKS, BOB, COUNTER, LONDON, SENT, History
from tests.toy.node import served
from tests.toy.registered import registered


@pytest.fixture(autouse=True)
def _toy_is_a_protocol(monkeypatch):
    with registered(monkeypatch):
        yield


@pytest.fixture
def lake(tmp_path):
    """The recording, imported."""
    return kr.import_recording(History().write(tmp_path / "recording"), tmp_path / "lake")


@pytest.fixture
def extracted(tmp_path):
    """The lake that a node gives, with readings at two blocks."""
    settings = ("name=toy-1", "chain_id=1337", "protocol=toy", f"counter='{COUNTER}'")
    deployment = ["deployment=none", *(f"++deployment.{setting}" for setting in settings)]
    arguments = ["extract", *deployment, f"lake={tmp_path / 'extracted'}", "readings=[3,12]"]
    with served(History()) as url, mock.patch.dict(os.environ, {"ETH_RPC_URL": url}):
        assert main(arguments) == 0
    return kr.open_lake(tmp_path / "extracted")


def test_a_folder_is_a_protocol():
    """The registry finds the toy by its folder's name."""
    assert "toy" in known_protocols()
    assert protocol_named("toy").title == "Toy"


def test_a_recording_is_imported(lake):
    """The lake names its protocol, holds every event decoded, and no base fee where the chain had none yet."""
    assert lake.deployment.protocol == "toy"
    rows = lake.scan("events/counter.Counted").select("who", "amount").collect()
    assert rows["who"].to_list() == [ALICE, BOB, BOB, BOB, ALICE, BOB, BOB]
    assert [int(amount) for amount in rows["amount"]] == [amount for sent in SENT for amount in sent.amounts]
    fees = lake.scan("blocks").collect()["base_fee_per_gas"]
    assert fees.is_null().to_list() == [number < LONDON for number in range(BLOCKS)]


def test_an_audit_is_clean(lake):
    """All events are predicted and all readings matched."""
    results = kr.replay(lake)
    assert results.verdict == "clean"
    assert results.summary["counts"] == {"exact": 7, "silent": 1, "failed": 2, "mismatch": 0}
    assert results.summary["events"] == {"predicted": 7, "matched": 7, "mismatched": 0}
    assert results.summary["readings"] == {"compared": 4, "matched": 4, "mismatched": 0, "undetermined": 0}
    assert results.tables["counts"].schema == results.protocol.tables["counts"]
    assert "7 as predicted" in str(results)


def test_calls_without_logs_have_their_place(lake):
    """Calls that fail or leave no log stand among the events in chain order, also before their block's other events."""
    table = kr.replay(lake).tables["counts"]
    assert list(table.select("block_number", "transaction_index", "log_index", "class").iter_rows()) == [
        (2, 0, 0, "exact"),
        (2, 1, 1, "exact"),
        (3, 0, None, "failed"),
        (5, 0, None, "silent"),
        (5, 1, 0, "exact"),
        (5, 1, 1, "exact"),
        (8, 0, 0, "exact"),
        (8, 2, None, "failed"),
        (8, 3, 1, "exact"),
        (11, 0, 0, "exact"),
    ]
    assert table["base_fee"].is_null().to_list() == [number < LONDON for number in table["block_number"]]


def test_a_changed_total_is_one_root_finding(tmp_path):
    """A total that is told wrongly is found at its log; what follows from it is told as following, and acquitted."""
    recording = History(wrong_total=(4, -1)).write(tmp_path / "recording")
    results = kr.replay(kr.import_recording(recording, tmp_path / "lake"))
    (root,) = results.audit.roots
    assert (root.kind, root.block_number, root.log_index, root.field) == ("event_mismatch", 8, 0, "total")
    assert (root.difference, root.subject, results.verdict) == (-1, ALICE, "findings")
    assert results.summary["counts"] == {"exact": 6, "silent": 1, "failed": 2, "mismatch": 1}
    assert [each.cause for each in results.findings] == results.tables["findings"]["cause"].to_list()
    assert len(results.findings) > 1
    for each in results.findings:
        assert each is root if each.cause is None else results.findings[each.cause - 1] is root


def test_a_changed_reading_is_a_finding(tmp_path):
    """A reading that is not the model's is found at its block."""
    history = History()
    history.totals[6] += 1
    lake = kr.import_recording(history.write(tmp_path / "recording"), tmp_path / "lake")
    (found,) = kr.replay(lake).findings
    assert (found.kind, found.block_number, found.field, found.difference) == ("reading_mismatch", 6, "total()", 1)


@pytest.mark.slow
def test_snapshots_and_states(lake, tmp_path):
    """A replay that goes on from a snapshot or from readings ends in the same state; so does every state asked for."""
    whole = kr.replay(lake, snapshot_every=2)
    assert whole.tables["snapshots"].height >= 2
    results = whole.write(tmp_path / "results")
    last = whole.tables["snapshots"]["block_number"].max()
    for partial, after in ((kr.replay(lake, resume=results), last), (kr.replay(lake, start_block=6), 6)):
        assert (partial.verdict, partial.summary["blocks"]) == ("partial", [after + 1, BLOCKS - 1])
        assert partial.summary["state_hash"] == whole.summary["state_hash"]
    for block, total in enumerate(History().totals):
        assert kr.state_at(lake, block).overview() == {"total": total}
        assert kr.state_at(lake, block, results=results).overview() == {"total": total}


def test_a_warehouse_answers(lake):
    """The toy's view, question and audit work on a warehouse of its results; amounts are exact."""
    package = protocol_named("toy").sql
    with kr.warehouse(lake, kr.replay(lake)) as database:
        (question,) = bundled(package, "queries").values()
        added = {who: sum(sum(sent.amounts) for sent in SENT if sent.origin == who) for who in (ALICE, BOB)}
        assert [(who, int(amount)) for who, _, amount in database.execute(question).fetchall()] == list(added.items())
        (check,) = bundled(package, "audits").values()
        assert database.execute(check).fetchall() == []


@pytest.mark.slow
def test_the_commands_work(tmp_path, capsys):
    """The command line does with a toy what it does with any protocol, and says what a toy has not."""
    recording, lake, results = History().write(tmp_path / "recording"), tmp_path / "lake", tmp_path / "results"
    database = f"database={tmp_path / 'warehouse.duckdb'}"
    assert main(["import", f"recording={recording}", f"lake={lake}"]) == 0
    assert main(["replay", f"lake={lake}", f"results={results}"]) == 0
    assert main(["warehouse", f"lake={lake}", f"results={results}", database]) == 0
    capsys.readouterr()
    assert main(["sql", database, "callers_by_amount"]) == 0
    assert "3000000000100000000000000000000" in capsys.readouterr().out
    assert main(["state", f"lake={lake}", "block=3"]) == 0
    assert '"total": 100000000000000000007' in capsys.readouterr().out
    assert main(["replay", "mode=what_if", f"lake={lake}", f"results={tmp_path / 'other'}"]) == 2
    assert "Toy has no what-ifs" in capsys.readouterr().err


@pytest.mark.slow
def test_an_extraction_is_the_import(lake, extracted):
    """What a node answers becomes the same events, base fees, calls and results as the recording."""
    place = ["block_number", "log_index"]
    for name in ("logs", "events/counter.Counted"):
        assert extracted.scan(name).sort(place).collect().rows() == lake.scan(name).sort(place).collect().rows()
    columns = ["number", "base_fee_per_gas"]
    wanted = lake.scan("blocks", from_block=1).select(columns).collect().rows()
    assert extracted.scan("blocks").select(columns).collect().rows() == wanted
    results = kr.replay(extracted)
    assert (results.verdict, results.summary["readings"]["matched"]) == ("clean", 2)
    assert results.tables["counts"].rows() == kr.replay(lake).tables["counts"].rows()
