from __future__ import annotations

import polars as pl
import pytest
from histories import DATA

from pipelines import cli

BLOCK = 400


@pytest.fixture(scope="module")
def middle(audited_recordings, tmp_path_factory):
    """The tables of a replay that starts in the middle of a history."""
    folder = tmp_path_factory.mktemp("middle") / "results"
    lake = audited_recordings(DATA / "open-v2.3-fuzz-mixed-101").lake.path
    arguments = [f"lake={lake}", f"results={folder}", f"start_block={BLOCK}", "ledger=true"]
    assert cli.main(["replay", *arguments]) == 4
    return {file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}


@pytest.mark.slow
def test_what_jobs_held_is_their_opening(middle, ledger_audits):
    """The first period of each job opens with what it held at the start, and ends as in a replay of all."""
    whole = ledger_audits(DATA / "open-v2.3-fuzz-mixed-101").tables
    before = whole["job_history"].filter(pl.col("block_number") <= BLOCK).group_by("job").last()
    held = {job: amount for job, amount in before.select("job", "credits").iter_rows() if amount}
    opening = middle["periods"].group_by("job", maintain_order=True).first()
    assert {job: amount for job, amount in opening.select("job", "opening").iter_rows() if amount} == held
    closing = middle["periods"].group_by("job", maintain_order=True).last().select("job", "closing")
    expected = whole["periods"].group_by("job", maintain_order=True).last().select("job", "closing")
    assert dict(closing.iter_rows()) == {job: n for job, n in expected.iter_rows() if job in set(closing["job"])}


@pytest.mark.slow
def test_credits_from_before_have_an_origin(middle):
    """What was there at the start is spent and expires as lots of their own origin."""
    origins = middle["ledger"].filter(pl.col("origin") == "opening")
    assert set(origins["kind"].unique()) & {"spent", "expired"}
    assert middle["ledger"]["block_number"].min() > BLOCK
