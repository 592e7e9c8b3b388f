"""What people read of Keep3r V1: questions and audits in SQL, explanations, states, the ledger."""

from __future__ import annotations

from importlib import resources

import duckdb
import polars as pl
import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v1.protocol import PROTOCOL
from keep3r_replay.protocols.keep3r_v1.what_if.helper_cost import helper_costs
from keep3r_replay.replay.audit import audit
from keep3r_replay.replay.results import write_results
from keep3r_replay.replay.roots import roots
from keep3r_replay.warehouse.build import build
from pipelines.cli import main
from tests.keep3r_v1.recorded import BUNDLED, KP3R, recorded, replayed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def audited():
    """The audit of the bundled recording, with the ledger."""
    return audit(recorded(BUNDLED).lake, PROTOCOL, ledger=True)


@pytest.fixture(scope="module")
def database(audited, tmp_path_factory):
    """Its warehouse."""
    folder = tmp_path_factory.mktemp("warehouse")
    write_results(audited, folder / "results", {})
    build(audited.lake, folder / "results", folder / "v1.duckdb", PROTOCOL)
    return folder / "v1.duckdb"


def _statements(kind: str) -> list[str]:
    folder = resources.files(PROTOCOL.sql).joinpath(kind)
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".sql"))


def _asked(database, kind: str, name: str) -> list[tuple]:
    text = resources.files(PROTOCOL.sql).joinpath(kind, name).read_text()
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(text).fetchall()


@pytest.mark.parametrize("name", _statements("queries"))
def test_every_question_has_an_answer(database, name):
    """Every question runs over the results; all but those about what this history lacks give rows."""
    rows = _asked(database, "queries", name)
    assert rows or name in {"moved_reserves.sql", "young_intervals.sql"}


@pytest.mark.parametrize("name", _statements("audits"))
def test_every_audit_finds_nothing(database, name):
    """No row contradicts its class."""
    assert _asked(database, "audits", name) == []


def test_the_ledger_conserves_credits(audited):
    """What came in less what went out is what the contract holds, by job and token, and the log's own credits."""
    totals = audited.tables["ledger_totals"].with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    kinds = ("paid_in", "fee", "minted", "applied", "work", "receipt", "burned")
    assert (totals.select(pl.sum_horizontal(kinds)).to_series() == totals["credits"]).all()
    held = audited.tables["job_credits"]
    assert totals.filter(pl.col("credits") > 0).height == held.height
    works = audited.tables["works"].filter(pl.col("credit") == KP3R)["payment"].cast(pl.Int128).sum()
    in_kp3r = totals.filter(pl.col("token") == KP3R)
    assert works == -(in_kp3r["work"].sum() + in_kp3r["receipt"].sum())


def test_tables_are_as_they_are_declared(audited):
    """Every result table has the schema that the protocol declares."""
    for name, schema in PROTOCOL.tables.items():
        assert audited.tables[name].schema == schema


def test_a_payment_is_explained_from_feed_to_kp3r(audited):
    """The terms lead from the feed and the oracle to the payment's gas, and name its class."""
    lake = audited.lake
    row = audited.tables["works"].filter(pl.col("class") == "work_exact").row(0, named=True)
    (found,) = PROTOCOL.explain(lake, roots(lake, PROTOCOL)[0], (row["block_number"], row["log_index"], ""))
    terms = {term.name: term.value for term in found.terms}
    assert (terms["amount"], terms["gas"], terms["class"]) == (int(row["payment"]), int(row["gas"]), "work_exact")
    assert terms["wei"] == terms["gas"] * terms["feed"]


def test_a_transaction_is_explained_by_its_hash(audited):
    """Its hash tells every payment of a transaction, as the places of its logs do."""
    lake, works = audited.lake, audited.tables["works"]
    row = works.filter(pl.col("class") == "work_exact").row(0, named=True)
    found = PROTOCOL.explain(lake, roots(lake, PROTOCOL)[0], (0, None, row["transaction_hash"]))
    same = works.filter(pl.col("transaction_hash") == row["transaction_hash"])
    assert [each.log_index for each in found] == same["log_index"].to_list()


def test_what_the_lake_does_not_hold_is_not_explained(audited, capsys):
    """No such transaction, no such log, a block beyond the lake: an error; a log that is no payment is none."""
    lake, end = audited.lake.path, audited.lake.manifest.coverage.to_block
    for place in (["tx=0x" + "ab" * 32], ["block=5", "log_index=999"], [f"block={end + 1}", "log_index=0"]):
        assert main(["explain", f"lake={lake}", *place]) == 2
        assert "the lake holds no such transaction" in capsys.readouterr().err
    logs = audited.lake.scan("logs").select("block_number", "log_index").collect()
    other = logs.join(audited.tables["works"], on=["block_number", "log_index"], how="anti").row(0, named=True)
    assert main(["explain", f"lake={lake}", f"block={other['block_number']}", f"log_index={other['log_index']}"]) == 0
    assert "nothing to explain" in capsys.readouterr().out


def test_states_tell_of_jobs_and_keepers(audited):
    """The overview names helper and jobs; a job and a keeper are told by address; a stranger is refused."""
    replay, _ = replayed(audited.lake)
    overview = replay.describe({})
    job, keeper = next(iter(overview["jobs"])), overview["keepers"][0]
    assert overview["helper_version"] == "h24e1"
    assert replay.describe({"job": job})["job"]["address"] == job
    assert replay.describe({"keeper": keeper})["keeper"]["is_keeper"] in {True, False}
    with pytest.raises(UsageError):
        replay.describe({"job": "0x" + "77" * 20})


def test_a_snapshot_is_the_whole_state(audited):
    """A replay that takes over a snapshot has the state of the one that gave it."""
    replay, _ = replayed(audited.lake)
    other = PROTOCOL.begin(audited.lake, roots(audited.lake, PROTOCOL)[0], _NoJournal(), None, _Options())
    other.restore(replay.snapshot(), lambda _: pl.LazyFrame())
    assert other.state() == replay.state()
    assert other.snapshot() == replay.snapshot()


def test_the_page_tells_what_each_payment_was_for(audited, tmp_path, capsys):
    """`keep3r report` writes one page with every class, all five charts; or one job's."""
    results, file = tmp_path / "results", tmp_path / "report.html"
    write_results(audited, results, {})
    assert main(["report", f"results={results}", f"report={file}", f"charts={tmp_path / 'charts'}"]) == 0
    page = file.read_text()
    for name in audited.tables["works"]["class"].unique():
        assert f"<td>{name.replace('_', ' ')}</td>" in page
    assert page.count("<figure") == len(list((tmp_path / "charts").iterdir())) == 5
    assert "://" not in page.partition("</main>")[0]
    job = audited.tables["works"].filter(pl.col("class") == "work_exact")["job"][0]
    assert main(["report", f"results={results}", f"report={tmp_path / 'job.html'}", f"job={job[:8]}"]) == 0
    assert (tmp_path / "job.html").read_text() != page
    assert main(["report", f"results={results}", f"report={tmp_path / 'job.html'}", "job=0x99999999"]) == 2
    assert main(["report", f"results={results}", f"report={tmp_path / 'again.html'}"]) == 0
    assert (tmp_path / "again.html").read_bytes() == file.read_bytes()


def test_the_spot_price_is_that_of_the_pair(audited):
    """Each payment's spot price is the reserves' of the last Sync of KP3R/WETH before it."""
    pair = audited.lake.deployment.tokens["kp3r_weth"]
    syncs = [
        ((block, index), int(first), int(second))
        for block, index, address, first, second in audited.lake.scan("events/uniswap_v2_pair.Sync")
        .select("block_number", "log_index", "address", "reserve0", "reserve1")
        .collect()
        .iter_rows()
        if address == pair
    ]
    works = audited.tables["works"].filter(pl.col("spot_price").is_not_null())
    for row in works.head(60).iter_rows(named=True):
        place = (row["block_number"], row["log_index"])
        _, kp3r, weth = [each for each in syncs if each[0] < place][-1]
        assert int(row["spot_price"]) == kp3r * 10**18 // weth
    assert works.height > 100


class _NoJournal:
    block_number = 0


class _Options:
    ledger = False


def test_what_each_helper_would_have_cost(audited):
    """The launch helper takes wei for KP3R, so it pays less than the seed's here; a tenfold one pays most."""
    costs = {cost.version: cost for cost in helper_costs(audited.lake, PROTOCOL.what_ifs)}
    assert costs["launch"].pays < costs["launch"].paid
    assert costs["h1530"].pays > costs["h24e1"].pays > costs["launch"].pays
    assert costs["h2720"].priced == 0
