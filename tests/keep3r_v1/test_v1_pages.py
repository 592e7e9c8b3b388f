"""Pages of Keep3r V1: a what-if beside the history, and what payments were for before all evidence."""

from __future__ import annotations

import re

import polars as pl
import pytest

from keep3r_replay.protocols.keep3r_v1.replay.evaluations import Evaluation, Evaluations
from keep3r_replay.protocols.keep3r_v1.replay.payment_columns import (
    kept_frame,
    payments_frame,
    payments_of,
    seen_by_all,
)
from keep3r_replay.protocols.keep3r_v1.replay.records import Interval, Payment
from keep3r_replay.report.amounts import tokens
from pipelines.cli import main
from tests.keep3r_v1.recorded import BUNDLED

HELPER, OTHER, PLAIN = "0x" + "aa" * 20, "0x" + "bb" * 20, {"0x" + "cc" * 20: "launch"}


def _payment(log_index: int, evaluations: Evaluations, interval: Interval | None, bound: int | None) -> Payment:
    return Payment(
        *(7, log_index, 1, "0x" + "12" * 32, 1_600_000_000, "work", "job", "keeper", "kp3r", 10**20, "origin", 5),
        *(10**11, HELPER, 90_000, bound, "job:25b6488b", "", True, 10**21, "keeper", 10**19, interval, evaluations),
    )


def test_payments_come_back_from_their_columns():
    """A payment that one helper explains, one seen by all, and one without transaction are read back as they were."""
    own = Evaluation(HELPER, 88_000, True, 10**21, 10**18, 10**16)
    other = Evaluation(OTHER, None, False, None, None, None, "stale prices")
    payments = [
        _payment(1, Evaluations({HELPER: own}, PLAIN, 10**20, 10**11, 5, 112_500), Interval(3_600, 60, 2), 112_500),
        _payment(2, Evaluations({HELPER: own, OTHER: other}, {}), None, 112_500),
        _payment(3, Evaluations({HELPER: own}, PLAIN, 10**20, 10**11, 5, 30_000_000), None, None),
    ]
    kept = kept_frame(payments_frame(payments), payments)
    assert kept["gas"].is_null().to_list() == [False, True, True]
    assert list(payments_of(kept, seen_by_all(payments), PLAIN)) == payments


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """The bundled recording as a lake."""
    folder = tmp_path_factory.mktemp("pages") / "lake"
    assert main(["import", f"recording={BUNDLED}", f"lake={folder}"]) == 0
    return folder


def _text(page) -> str:
    body = re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body[body.index("<main") :]))


@pytest.mark.slow
def test_a_what_if_has_a_page_of_what_changes(lake, tmp_path):
    """Sums by job and keeper, changed limits and refusals stand on the page as the results have them."""
    results, page = tmp_path / "results", tmp_path / "page.html"
    changes = ["overlay.helper=launch", "overlay.no_receipts=true"]
    assert main(["replay", f"lake={lake}", "mode=what_if", *changes, f"results={results}"]) == 0
    assert main(["report", f"results={results}", f"report={page}"]) == 0
    told = _text(page)
    works = pl.read_parquet(results / "works_what_if.parquet").cast({pl.Decimal: pl.Int128})
    in_kp3r = works.filter(~pl.col("class").is_in(["token", "eth"]))
    for by in ("job", "keeper"):
        for who in in_kp3r[by].unique():
            own = in_kp3r.filter(pl.col(by) == who)
            before, after = sum(own["payment"]), sum(own["payment_what_if"])
            cells = f"{tokens(before, 6)} {tokens(after, 6)} {tokens(after - before, 6)}"
            assert f"{who[:6]}…{who[-4:]} {own.height:,}" in told
            assert cells in told
    by_gas = works.filter(pl.col("class") == "work_exact")
    assert by_gas.height
    assert (by_gas["limit"] == by_gas["payment"]).all()
    paid = by_gas.filter(pl.col("refused").is_null())
    assert (paid["limit_what_if"] == paid["payment_what_if"]).all()
    assert "no receipts" in told


@pytest.mark.slow
def test_the_page_leads_with_what_was_overpaid(lake, tmp_path):
    """The excess above the limit of the largest plausible gas is told first, in sum and payment by payment."""
    results, page = tmp_path / "results", tmp_path / "page.html"
    assert main(["replay", f"lake={lake}", f"results={results}"]) in {0, 3}
    assert main(["report", f"results={results}", f"report={page}"]) == 0
    told = _text(page)
    excess = [
        paid - limit
        for paid, limit, bound, kind in pl.read_parquet(results / "works.parquet")
        .cast({pl.Decimal: pl.Int128})
        .select("payment", "limit_at_bound", "bound", "class")
        .iter_rows()
        if kind not in {"token", "eth"} and limit is not None and bound is not None and paid > limit
    ]
    assert excess
    assert f"overpaid {tokens(sum(excess), 6)} KP3R" in told
    assert all(tokens(each, 6) in told for each in excess)
    assert told.index("overpaid") < told.index("Payments over time")
