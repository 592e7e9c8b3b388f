"""The command line on a lake of KUMA: import, replay, what-if, questions, states, explanations, SQL."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest
from histories import DATA
from lakes import imported

from pipelines.cli import main
from pipelines.replay import PARTIAL

pytestmark = pytest.mark.slow

CLEAN = DATA / "open-kuma-clean-1"
ONE_OF_KUMA = (
    "job=, keeper=: a page of KUMA is about all bonds: what lateness cost, who paid and who gained, with a table of "
    "keepers; leave them out"
)


@pytest.fixture(scope="module")
def lake():
    """The lake of a recording."""
    return imported(CLEAN)


@pytest.fixture(scope="module")
def results(lake, tmp_path_factory):
    """Results of its replay, with the ledger."""
    folder = tmp_path_factory.mktemp("kuma") / "results"
    assert main(["replay", f"lake={lake}", f"results={folder}", "ledger=true"]) == 0
    return folder


def test_notices_leave_the_verdict_clean(results):
    """Late expiries are facts: the verdict is clean and the exit code 0."""
    summary = json.loads((results / "summary.json").read_text())
    assert summary["verdict"] == "clean"
    assert summary["findings"]["late_expiry"] == 13
    assert summary["late_expiries"]["purchases"] == 15


def test_a_what_if_is_written_and_told(lake, tmp_path, capsys):
    """A change by name gives results of both worlds, and lines for people."""
    folder = tmp_path / "what_if"
    given = ["replay", f"lake={lake}", "mode=what_if", "overlay.expire=all", "overlay.expire_at=maturity"]
    assert main([*given, f"results={folder}"]) == 0
    assert "would have been" in capsys.readouterr().out
    outcome = json.loads((folder / "summary.json").read_text())["outcome"]
    assert int(outcome["excess"]) > 0


def test_the_cost_of_lateness_can_be_asked(lake, tmp_path, capsys):
    """Of all bonds, and of one over delays."""
    assert main(["ask", "question=cost_of_lateness", f"lake={lake}"]) == 0
    drawn = tmp_path / "curve.svg"
    asked = ["ask", "question=cost_of_lateness", f"lake={lake}", "bond=7", "delays=[0,14400]", f"draw={drawn}"]
    assert main(asked) == 0
    assert "14,400 s" in capsys.readouterr().out
    assert drawn.read_bytes().startswith(b"<svg")
    assert main(["ask", "question=cost_of_lateness", f"lake={lake}", "delays=[-1]"]) == 2


def test_states_and_explanations(lake, capsys):
    """A bond's state at a block, and a purchase term by term."""
    assert main(["state", f"lake={lake}", "block=150", "bond=16", "results=none"]) == 0
    assert json.loads(capsys.readouterr().out)["bond"]["expired"] is True
    assert main(["explain", f"lake={lake}", "block=105", "log_index=3"]) == 0
    assert "realized" in capsys.readouterr().out


def test_questions_in_sql(lake, results, tmp_path, capsys):
    """Every bundled question and audit of the protocol runs; audits have no rows."""
    from keep3r_replay.protocols.kuma.protocol import PROTOCOL
    from keep3r_replay.warehouse.query import bundled, query

    database = tmp_path / "kuma.duckdb"
    assert main(["warehouse", f"lake={lake}", f"results={results}", f"database={database}"]) == 0
    for statement in bundled(PROTOCOL.sql, "queries").values():
        assert query(database, statement).rows
    for name, statement in bundled(PROTOCOL.sql, "audits").items():
        assert query(database, statement).rows == [], name
    queries = bundled(PROTOCOL.sql, "queries")
    assert tuple(query(database, queries["history_counts"]).rows[0]) == (21, 17, 4, 4, 15, 0, 20, 0, 1, 0, 0)
    assert tuple(map(int, query(database, queries["keepers_outlay"]).rows[0])) == (15, 2838166, 0, 0, 20, 2338288, 0, 0)
    stale = "select count(*) from raw.readings where revert = 'ORACLE_ANSWER_IS_STALE'"
    assert int(query(database, stale).rows[0][0]) == 0
    assert main(["sql", "cost_of_lateness", f"database={database}"]) == 0
    assert "3042279063381024074658" in capsys.readouterr().out


def test_the_page(results, tmp_path, capsys):
    """The page holds each late bond, and says of the reimbursement that it is not verified; it is of all bonds."""
    file, again = tmp_path / "kuma.html", tmp_path / "again.html"
    assert main(["report", f"results={results}", f"report={file}"]) == 0
    assert main(["report", f"results={results}", f"report={again}"]) == 0
    assert file.read_bytes() == again.read_bytes()
    assert "reconstructed, not verified" in file.read_text()
    assert "962.145360" in file.read_text()
    capsys.readouterr()
    for one in ("job=16", "keeper=0x1"):
        assert main(["report", f"results={results}", f"report={again}", one]) == 2
        assert capsys.readouterr().err == f"keep3r: error: {ONE_OF_KUMA}\n"


def test_the_page_leads_with_what_lateness_cost_whom(results, tmp_path):
    """Before any chart stand, in words and KIBT: the sum, who paid, each late bond, who gained."""
    report = tmp_path / "report.html"
    assert main(["report", f"results={results}", f"report={report}"]) == 0
    page = report.read_text()
    lead = re.sub(r"<[^>]+>", "", page[page.index("<main") : page.index("<figure")])
    for words in (
        *("lateness cost buyers2,856.43 KIBT", "3,042.28 more than with one at maturity"),
        *("who paid most2,852.96 KIBT", "burned so much too much for 14 bonds; 1 more buyer 3.47"),
        *("dearest bond: DE 7939.78 KIBT", "expired 7 days late", "27,693.68 KIBT", "late by nownone"),
        "DE 9. Due by 2023-11-16 00:00, expired 5 days late: 0x8c03…7216 burned 671.28 KIBT too much and got the bond",
        "US 13. Due by 2024-04-02 16:00, never expired, bought 4 days late",
        "all holders together had 5,642.99 more, of it 0x8c03…7216 4,703.21",
    ):
        assert words in lead
    assert lead.index("lateness cost buyers") < lead.index("bond by bond") < lead.index("Who paid")
    assert lead.index("Who paid") < lead.index("Who gained") < lead.index("Late expiries")


def test_the_page_shows_all_of_it(lake, results, tmp_path):
    """Yield and price, bonds on a time line, what each late expiry cost and who paid, keepers, a cost curve."""
    report = tmp_path / "report.html"
    assert main(["report", f"results={results}", f"lake={lake}", f"report={report}"]) == 0
    page = report.read_text()
    for anchor in ("cost", "curve", "yield", "price", "bonds"):
        assert page.count(f'<figure class="chart" id="{anchor}">') == 1
    for words in ("Late expiries", "Who paid", "Keepers", "over 200 delays", "Findings"):
        assert words in page
    late = pl.read_parquet(results / "late_expiries.parquet")
    for row in late.iter_rows(named=True):
        assert f'title="{row["buyer"]}"' in page
    assert main(["report", f"results={results}", f"report={tmp_path / 'short.html'}"]) == 0
    assert "over 200 delays" not in (tmp_path / "short.html").read_text()
    charts = tmp_path / "charts"
    assert main(["report", f"results={results}", f"report={report}", f"charts={charts}", "format=svg"]) == 0
    assert {file.stem for file in charts.iterdir()} == {"cost", "yield", "price", "bonds"}


def test_the_page_of_a_what_if(lake, tmp_path):
    """Both worlds beside each other; of the reimbursement it says what it is."""
    folder, report = tmp_path / "what_if", tmp_path / "report.html"
    given = ["overlay.expire=all", "overlay.expire_at=maturity", "overlay.reward=1000000000000000"]
    assert main(["replay", f"lake={lake}", "mode=what_if", f"results={folder}", *given]) == 0
    assert main(["report", f"results={folder}", f"report={report}"]) == 0
    page = report.read_text()
    for words in ("Purchases at another price", "Bonds of another fate", "late, bought", "in time, bought"):
        assert words in page
    assert page.count("reconstructed, not verified") == 4


@pytest.mark.slow
def test_two_hundred_delays_are_swept(lake, tmp_path):
    """A sweep over a delay has a row a delay, each with the excess of the single what-if, and draws the curve."""
    folder = tmp_path / "sweep"
    delays = ",".join(str(each) for each in range(0, 200 * 3_600, 3_600))
    given = ["overlay.expire=[7]", "overlay.expire_at=maturity", f"overlay.delay={delays}", "chart=excess"]
    assert main(["replay", "-m", f"lake={lake}", f"results={folder}", "workers=1", *given]) == 0
    table = pl.read_parquet(folder / "sweep.parquet").sort(pl.col("overlay.delay").cast(pl.Int64))
    assert table.height == 200
    excess = table["excess"].to_list()
    assert excess == sorted(excess, reverse=True)
    assert (folder / "sweep-excess.svg").exists()


def test_a_resumed_replay_is_the_straight_one(lake, tmp_path):
    """From a snapshot on, the state and the bonds are those of one run from the beginning."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["replay", f"lake={lake}", f"results={first}", "until_block=140", "snapshot_every=50"]) == 0
    assert main(["replay", f"lake={lake}", f"results={second}", f"resume={first}"]) == PARTIAL
    straight = tmp_path / "straight"
    assert main(["replay", f"lake={lake}", f"results={straight}"]) == 0
    found, wanted = (json.loads((each / "summary.json").read_text()) for each in (second, straight))
    assert found["state_hash"] == wanted["state_hash"]
    assert found["late_expiries"] == wanted["late_expiries"]
    for name in ("bonds", "late_expiries", "categories"):
        assert (second / f"{name}.parquet").read_bytes() == (straight / f"{name}.parquet").read_bytes()
