"""What a replay leaves: tables, summary, manifest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest
from audits import audit, strict_audit
from histories import SAMPLE, History

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay.results import write_results

if TYPE_CHECKING:
    from keep3r_replay.replay.audited import Audit

FINDINGS = [
    "number",
    "cause",
    "kind",
    "severity",
    "block_number",
    "log_index",
    "transaction_hash",
    "subject",
    "field",
    "expected",
    "observed",
    "difference",
    "reason",
]
CLASSES = ["exact", "own_payment", "token_payment", "stale_gas", "undetermined", "mismatch"]


class Tampered(NamedTuple):
    """A changed lake, the places of its changes, and what its audit finds."""

    lake: Lake
    places: list[tuple[int, int]]
    found: Audit


@pytest.fixture(scope="module")
def tampered(tmp_path_factory):
    """The lake of the sample with one wei more in two exact payments and one reward."""
    from changes import exact_payment, reward_field

    folder = tmp_path_factory.mktemp("tampered")
    history = History(SAMPLE / "recording")
    import_recording(SAMPLE / "recording", folder / "clean", protocol_recorded)
    clean = audit(Lake.open(folder / "clean"))
    from random import Random

    works, rewards = (list(kind(history, clean, Random(1))) for kind in (exact_payment, reward_field))
    chosen = [works[20], rewards[40], works[-5]]
    changed = history.copy()
    for change in chosen:
        change.apply(changed)
    import_recording(changed.write(folder / "recording"), folder / "lake", protocol_recorded)
    lake = Lake.open(folder / "lake")
    return Tampered(lake, sorted(change.shows_at for change in chosen), audit(lake))


@pytest.mark.slow
def test_summary_has_the_documented_shape(audited, tmp_path):
    """summary.json holds verdict, works by class, events, readings, findings and the state's hash."""
    write_results(audited.audit, tmp_path / "results", {})
    summary = json.loads((tmp_path / "results" / "summary.json").read_bytes())
    assert summary["verdict"] == "clean"
    assert set(CLASSES) <= set(summary["works"])
    assert set(summary["events"]) == {"predicted", "matched", "mismatched"}
    assert set(summary["readings"]) == {"compared", "matched", "mismatched", "undetermined"}
    assert summary["findings"] == {}
    assert len(bytes.fromhex(summary["state_hash"])) == 32
    assert sum(summary["works"].values()) == audited.audit.tables["works"].height


def test_tables_are_there_with_their_columns(audited, tmp_path):
    """Works, rewards, findings, job states and keeper states are Parquet, amounts as Decimal(38, 0)."""
    write_results(audited.audit, tmp_path / "results", {})
    tables = {path.stem: pl.read_parquet(path) for path in (tmp_path / "results").glob("*.parquet")}
    assert {"works", "rewards", "findings", "job_states", "keeper_states"} <= set(tables)
    assert tables["findings"].columns == FINDINGS
    amount = pl.Decimal(38, 0)
    for table, column in (
        ("works", "payment"),
        ("works", "computed_payment"),
        ("rewards", "current_credits"),
        ("findings", "difference"),
        ("job_states", "credits"),
        ("keeper_states", "work_completed"),
    ):
        assert tables[table].schema[column] == amount, (table, column)
    works = tables["works"]
    assert {"block_number", "log_index", "transaction_hash", "job", "keeper", "class", "reason"} <= set(works.columns)
    assert works.select("block_number", "log_index").is_unique().all()
    exact = works.filter(pl.col("class") == "exact")
    assert (exact["payment"] == exact["computed_payment"]).all()
    assert tables["rewards"]["matched"].all()


def test_manifest_names_what_the_results_were_made_from(audited, tmp_path):
    """Hashes of all files and of the lake, the configuration, the code's version."""
    folder = tmp_path / "results"
    write_results(audited.audit, folder, {"mode": "audit"})
    manifest = json.loads((folder / "manifest.json").read_bytes())
    files = {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert set(manifest["files"]) == files
    for name, facts in manifest["files"].items():
        assert facts["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert manifest["configuration"] == {"mode": "audit"}
    lake = (audited.lake.path / "manifest.json").read_bytes()
    assert manifest["inputs"]["manifest.json"] == hashlib.sha256(lake).hexdigest()
    assert str(audited.lake.path) not in json.dumps(manifest)


def test_former_results_are_replaced_and_nothing_else(audited, tmp_path):
    """A second write leaves only its own files; a folder of something else is refused and left alone."""
    folder = tmp_path / "results"
    write_results(audited.audit, folder, {})
    first = {path.name for path in folder.iterdir()}
    write_results(audited.audit, folder, {})
    assert {path.name for path in folder.iterdir()} == first
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="something other"):
        write_results(audited.audit, other, {})
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_findings_stand_in_chain_order(tampered):
    """Findings come by block and log; what concerns a block as a whole after its logs."""
    _, places, found = tampered
    order = [(each.block_number, 2**32 if each.log_index is None else each.log_index) for each in found.findings]
    assert order == sorted(order)
    assert order[0] == places[0]
    assert set(places) <= set(order)
    assert found.summary["verdict"] == "findings"
    assert len(found.findings) == found.tables["findings"].height
    assert sum(found.summary["findings"].values()) == len(found.roots)
    assert found.summary["following"]["count"] == len(found.findings) - len(found.roots)
    assert found.tables["findings"]["transaction_hash"].drop_nulls().str.len_chars().unique().to_list() == [66]
    assert found.summary["events"]["mismatched"] >= len(places)


@pytest.mark.slow
def test_each_change_is_one_root_and_the_rest_follows(tampered):
    """Three changed amounts are three findings; every other one has the number of one of them as its cause."""
    _, places, found = tampered
    assert [(root.block_number, root.log_index) for root in found.roots] == places
    table = found.tables["findings"]
    assert table["number"].to_list() == list(range(1, table.height + 1))
    roots = table.filter(pl.col("cause").is_null())["number"].to_list()
    assert set(table["cause"].drop_nulls()) <= set(roots)
    assert found.summary["works"]["mismatch"] == 2


@pytest.mark.slow
def test_amounts_of_a_finding_are_exact(tampered):
    """Expected and observed stand as decimal text, and their difference is one wei."""
    _, places, found = tampered
    table = found.tables["findings"]
    rows = {(row["block_number"], row["log_index"]): row for row in table.iter_rows(named=True)}
    for place in places:
        row = rows[place]
        assert int(row["observed"]) - int(row["expected"]) == 1 == row["difference"]
        assert row["severity"] == "error"
        assert row["reason"]


@pytest.mark.slow
def test_strict_stops_at_the_first_disagreement(tampered):
    """One finding, the audit's first, and results that end with its block."""
    lake, places, full = tampered
    strict = strict_audit(lake)
    assert strict.findings == full.findings[:1]
    assert strict.summary["findings"] == {full.findings[0].kind: 1}
    assert strict.summary["blocks"][1] == places[0][0]
    assert strict.tables["works"]["block_number"].max() <= places[0][0]


@pytest.mark.slow
def test_strict_and_audit_agree_on_a_clean_history(audited):
    """Without a disagreement the modes give the same."""
    strict = strict_audit(audited.lake)
    assert strict.summary == audited.audit.summary
    assert strict.findings == []
