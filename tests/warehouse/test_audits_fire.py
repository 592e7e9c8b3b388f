"""Every audit of Keep3r V2 fires where it should, and not where it should not, on recordings."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import polars as pl
import pytest
from histories import beside, recorded_as
from lakes import imported

import keep3r_replay as kr
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.warehouse.auditing import run_audits
from keep3r_replay.warehouse.audits import chosen, known_audits
from keep3r_replay.warehouse.build import build
from keep3r_replay.warehouse.ranges import Asked, range_of
from keep3r_replay.warehouse.session import MAIN, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

AUDITS = known_audits(PROTOCOL.sql, None, MAIN, what_if=False)


class Fires(NamedTuple):
    """What makes an audit fire: a change of one row of the tables, and parameters; and parameters that do not."""

    change: str = ""
    given: Mapping[str, str] = MappingProxyType({})
    not_given: Mapping[str, str] = MappingProxyType({})


_SPENT = "(select min((block_number, log_index)) from res.ledger where kind = 'spent')"
_KEEP3R = "(select any_value(keep3r) from res.job_states)"
_GIVEN = "update res.ledger set kind = 'forced' where kind = 'minted_reset'"
"""As if governance had given what most jobs mine: they live on what they have then."""
FIRES = {
    "ledger_balances": Fires(f"update res.ledger set amount = amount - 1 where (block_number, log_index) = {_SPENT}"),
    "lots_below_zero": Fires("update res.ledger set amount = -amount where kind like 'minted%'"),
    "migrations_balance": Fires("update res.ledger set amount = amount + 1 where kind = 'migrated_in'"),
    "payments_by_formula": Fires("update res.works set class = 'mismatch' where class = 'stale_gas'"),
    "periods_chain": Fires("update res.periods set closing = closing + 1 where closing > 0"),
    "rewards_as_predicted": Fires("update res.rewards set matched = false where log_index = 1"),
    "spent_is_paid": Fires(f"update res.ledger set amount = amount - 1 where (block_number, log_index) = {_SPENT}"),
    "storage_is_ledger": Fires("update raw.readings set value = '7' where view = '_jobLiquidityCredits'"),
    "disagreements": Fires(
        "insert into res.findings (kind, severity, block_number) values ('event_mismatch', 'error', 300)"
    ),
    "expired_share": Fires(given={"share": "0.5"}, not_given={"share": "1"}),
    "failed_works": Fires(),
    "idle_jobs": Fires(given={"hours": "24"}, not_given={"hours": "100000"}),
    "lake_behind": Fires(given={"head": "891"}, not_given={"head": "890"}),
    "own_payments": Fires(given={"times": "2"}, not_given={"times": "10000"}),
    "paid_beyond_cost": Fires(given={"times": "2"}, not_given={"times": "10000"}),
    "paid_beyond_gas": Fires(given={"times": "1.25"}, not_given={"times": "10000"}),
    "runway": Fires(_GIVEN, {"days": "3650", "pace_days": "3650"}),
    "virtual_reserves": Fires(
        f"insert into raw.readings select 300, {_KEEP3R}, 'virtualReserves', '', '0', null, 'view'"
    ),
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """The sample with its results, all rows in the database, so that a test may change them."""
    folder = tmp_path_factory.mktemp("fires")
    lake = kr.open_lake()
    results = kr.replay(lake, ledger=True).write(folder / "results")
    build(lake, results, folder / "w.duckdb", PROTOCOL, tables=True)
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        yield connection


@pytest.fixture
def connection(warehouse):
    """The same; what a test changes is undone."""
    warehouse.begin()
    yield warehouse
    warehouse.rollback()


def rows(connection, name: str, given: Mapping[str, str], **asked: object) -> list[tuple]:
    """The bad rows that an audit returns."""
    (part,) = parts_of(connection)
    span = range_of(connection, part, Asked(**asked))
    (verdict,) = run_audits(connection, chosen(AUDITS, [name]), {name: given}, span)
    assert verdict.answer is not None, verdict.problem
    return verdict.answer.rows


def test_every_audit_is_tried():
    """No audit comes along that is not tried here."""
    assert set(FIRES) == set(AUDITS)


@pytest.mark.parametrize("name", FIRES)
def test_an_audit_fires_and_does_not(connection, name):
    """As it is, or with the lenient parameter, it returns nothing; with the change, or the strict one, it does."""
    fires = FIRES[name]
    if fires.change:
        assert rows(connection, name, fires.given) == []
        connection.execute(fires.change)
    elif fires.given:
        assert rows(connection, name, fires.not_given) == []
    assert rows(connection, name, fires.given) != []
    # Nothing is left of it in a range before everything.
    if name != "lake_behind":
        assert rows(connection, name, fires.given, to_block=100) == []


def test_no_failed_work_is_none(connection):
    """Where no transaction failed, no work did."""
    connection.execute("update raw.transactions set status = 1")
    assert rows(connection, "failed_works", {}) == []


@pytest.mark.parametrize("name", ["own_payments", "paid_beyond_gas", "failed_works", "paid_beyond_cost"])
def test_a_range_parts_the_rows(connection, name):
    """The rows of two ranges that make up the whole are the rows of the whole; days cut where blocks of that day do."""
    whole = rows(connection, name, FIRES[name].given)
    low, high = (rows(connection, name, FIRES[name].given, **each) for each in ({"to_block": 390}, {"from_block": 391}))
    assert low != []
    assert high != []
    assert low + high == whole
    day = connection.execute("select utc::DATE::VARCHAR from raw.blocks where number = 390").fetchone()[0]
    later = rows(connection, name, FIRES[name].given, from_day=day)
    first = connection.execute("select min(number) from raw.blocks where utc >= ?::DATE", [day]).fetchone()[0]
    assert later == [row for row in whole if row[0] >= first] != []


def test_own_payments_are_those_of_the_table(connection):
    """Counted another way: in Python's whole numbers."""
    works = connection.execute("select class, payment, computed_payment from res.works").fetchall()
    many = [each for each in works if each[0] == "own_payment" and each[2] and int(each[1]) > 3 * int(each[2])]
    assert len(rows(connection, "own_payments", {"times": "3"})) == len(many) > 0


def test_the_shares_are_those_of_the_totals(connection):
    """Expired and capped, of these and what was spent, by job: in whole numbers."""
    sums: dict[str, dict[str, int]] = {}
    for job, kind, amount in connection.execute(
        "select job, kind, sum(amount) from res.ledger group by all"
    ).fetchall():
        sums.setdefault(job, {})[kind] = -int(amount)
    expected = {}
    for job, by_kind in sums.items():
        lost = by_kind.get("expired", 0) + by_kind.get("capped", 0)
        if lost * 2 > lost + by_kind.get("spent", 0):
            expected[job] = lost
    found = rows(connection, "expired_share", {"share": "0.5"})
    assert {row[1]: int(row[3] * 10**18) for row in found} == expected != {}


def test_runway_is_credits_by_the_pace(connection):
    """Of each job told: the credits it has, by what it loses a second, in hours; others spend less than they mine."""
    connection.execute(_GIVEN)
    (end,) = connection.execute("select max(timestamp) from raw.blocks").fetchone()
    expected = {}
    states = connection.execute("select job from res.job_states where listed and not disputed").fetchall()
    listed = {job for (job,) in states}
    for (job,) in connection.execute("select distinct job from res.ledger").fetchall():
        entries = connection.execute("select timestamp, kind, amount from res.ledger where job = ?", [job]).fetchall()
        held = sum(int(amount) for _, _, amount in entries)
        loss = -sum(int(amount) for _, kind, amount in entries if kind == "spent" or kind.startswith("minted"))
        if loss > 0 and job in listed:
            seconds = min(3650 * 86_400, end - min(time for time, _, _ in entries))
            expected[job] = held * seconds // loss // 3600
    found = rows(connection, "runway", {"days": "3650", "pace_days": "3650"})
    told = {job: hours for job, hours in expected.items() if hours < 3650 * 24}
    assert {row[1]: row[6] for row in found} == told != {}


def test_reserves_of_a_recorded_sidechain_run_out(tmp_path: Path):
    """A recording in which they do makes the audit fire at every such block, and at no other."""
    recording = next(path for path in beside() if recorded_as(path) == "open-v2.3s-fuzz-gov-102")
    lake = Lake.open(imported(recording))
    results = kr.replay(lake, ledger=True).write(tmp_path / "results")
    build(lake, results, tmp_path / "w.duckdb", PROTOCOL)
    read = lake.scan("readings").filter(pl.col("view") == "virtualReserves").collect()
    low = [block for block, value in read.select("block_number", "value").rows() if value and int(value) <= 0]
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        assert [row[0] for row in rows(connection, "virtual_reserves", {})] == low != []
