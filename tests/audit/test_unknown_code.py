"""Works that a helper of unknown code priced: named with the reason, judged by nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from histories import DATA, SAMPLE, name_of
from test_transactions import Told, _set

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v2.replay.unknown_code import BY_VIEWS
from keep3r_replay.replay import audit as engine
from keep3r_replay.replay.protocol import Options

if TYPE_CHECKING:
    from keep3r_replay.replay.audited import Audit

RECORDINGS = [SAMPLE / "recording", DATA / "open-v2.3-fuzz-mixed-101"]


def once(lake) -> Audit:
    """The audit before causes are looked for, which are many here."""
    return engine.audit_once(lake, PROTOCOL, None, None, Options())


HASH = "ab" * 32


def _with_facts(lake, role, **facts) -> Lake:
    """The lake of a deployment of which the contracts of a role have further facts."""
    contracts = tuple(
        replace(each, facts={**each.facts, **facts}) if each.role == role else each
        for each in lake.deployment.contracts
    )
    return Lake(lake.path, replace(lake.deployment, contracts=contracts), lake.manifest)


@pytest.fixture(params=RECORDINGS, ids=name_of)
def lake(request, audited_recordings) -> Lake:
    """The lake of a recording, which is clean."""
    return audited_recordings(request.param).lake


def _dearer(lake) -> Told:
    """The lake whose helper pays more gas than its version does, in every third block."""

    def change(frame: pl.LazyFrame) -> pl.LazyFrame:
        changed = pl.when(pl.col("block_number") % 3 == 0).then(pl.col("payment") * 2)
        kind = frame.collect_schema()["payment"]
        return frame.with_columns(changed.otherwise("payment").cast(kind).alias("payment"))

    return Told(lake, "events/keep3r.KeeperWork", change)


@pytest.mark.slow
@pytest.mark.parametrize("role", ["keep3r", "keep3r_helper"])
def test_what_unknown_code_pays_otherwise_is_never_wrong(lake, role):
    """Payments that the configured version does not give are undetermined, for that reason; no other class accuses."""
    plain = once(_dearer(lake)).tables["works"]["class"].to_list()
    found = once(_dearer(_with_facts(lake, role, unknown_code=HASH)))
    works = found.tables["works"]
    assert "mismatch" in plain
    assert "mismatch" not in works["class"]
    assert "payment_mismatch" not in found.summary["findings"]
    undetermined = works.filter(pl.col("class") == "undetermined")
    assert undetermined["reason"].str.contains("no known version has the code").sum() >= plain.count("mismatch")
    (notice, *_) = [finding for finding in found.findings if finding.kind == "unknown_code"]
    assert notice.observed == HASH
    assert notice.severity == "notice"


@pytest.mark.slow
def test_a_version_that_the_configuration_says_still_explains(lake):
    """Where the formula gives the payment to the wei, unknown code that the configuration vouches for is exact."""
    plain = once(lake)
    found = once(_with_facts(lake, "keep3r_helper", unknown_code=HASH))
    told = ["exact", "interval", "stale_gas", "token_payment"]
    works = plain.tables["works"].filter(pl.col("class").is_in(told))
    same = found.tables["works"].filter(pl.col("class").is_in(told))
    assert works.height
    assert same.equals(works)
    assert found.summary["verdict"] == plain.summary["verdict"] == "clean"


@pytest.mark.slow
def test_a_version_that_views_suggest_explains_nothing(lake):
    """A helper that nobody vouches for: every payment in KP3R is undetermined, and the verdict accuses nobody."""
    found = once(_with_facts(lake, "keep3r_helper", unknown_code=HASH, **{BY_VIEWS: True}))
    works = found.tables["works"].filter(pl.col("explanation") != "token_payment")
    assert set(works["class"]) <= {"undetermined", "own_payment"}
    assert "undetermined" in works["class"]
    assert found.summary["verdict"] == "clean"


@pytest.mark.slow
def test_more_gas_than_used_accuses_no_unknown_code(lake):
    """A transaction of little gas convicts a payment of a known version only."""
    work = lake.scan("events/keep3r.KeeperWork").sort("block_number").collect().to_dicts()[3]
    told = Told(_with_facts(lake, "keep3r", unknown_code=HASH), "transactions", _set(work, "gas_used", 21_001))
    assert "payment_mismatch" not in once(told).summary["findings"]
