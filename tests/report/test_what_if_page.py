"""The page of a what-if in a browser."""

from __future__ import annotations

import polars as pl
import pytest
from histories import DATA

from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.what_if.history import Source
from pipelines import cli
from tests.report.chromium import Browser

pytestmark = pytest.mark.slow

DESK, PHONE = (1280, 900), (420, 844)


@pytest.fixture(scope="module")
def folder(audited_recordings, tmp_path_factory):
    """Results with the ledger of a random history, with a third of the liquidity and twice the base fees late on."""
    lake = audited_recordings(DATA / "open-v2.3-fuzz-mixed-101").lake
    overlay = {"liquidity_factor": "1/3", "liquidity_from_block": 300, "base_fee_factor": "2"}
    results = tmp_path_factory.mktemp("what_if") / "results"
    Source(PROTOCOL, lake).baseline().run(results, overlay, ledger=True)
    return results


@pytest.fixture(scope="module")
def page(folder):
    """The page."""
    file = folder.parent / "report.html"
    assert cli.main(["report", f"results={folder}", f"report={file}"]) == 0
    return file


@pytest.mark.parametrize(("size", "phone"), [(DESK, False), (PHONE, True)], ids=["desk", "phone"])
def test_charts_of_the_comparison_are_there(size, phone, folder, page, tmp_path):
    """All payments, each job's credits and payments, and the keepers are drawn within the screen; nothing is asked."""
    with Browser(tmp_path / "profile") as browser:
        browser.open(page.as_uri(), *size, phone=phone)
        charts = browser.value(
            "[...document.querySelectorAll('figure.chart')].map(f => {"
            "const b = f.querySelector('svg').getBoundingClientRect();"
            "return {name: f.id, right: b.right, marks: f.querySelectorAll('svg path').length}})"
        )
        jobs = pl.read_parquet(folder / "compared_jobs.parquet").filter(pl.col("paid") + pl.col("reverted") > 0)["job"]
        expected = {f"{kind}-{job}" for job in jobs for kind in ("credits", "paid")} | {"keepers", "paid"}
        assert {chart["name"] for chart in charts} == expected
        for chart in charts:
            assert chart["marks"] > 5
            assert chart["right"] <= size[0]
        assert browser.value("document.documentElement.scrollWidth") <= size[0]
        assert browser.console == []
        assert [url for url in browser.requests if not url.startswith(("data:", page.as_uri()))] == []
        there = "[...document.querySelectorAll('a')].every(a => document.getElementById(a.hash.slice(1)) != null)"
        assert browser.value(there)
