"""Every audit of Keep3r V1 and of KUMA fires where it should, and not where it should not, on recordings."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pytest
from histories import DATA
from lakes import imported

import keep3r_replay as kr
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import protocol_named
from keep3r_replay.warehouse.auditing import run_audits
from keep3r_replay.warehouse.audits import chosen, known_audits
from keep3r_replay.warehouse.build import build
from keep3r_replay.warehouse.ranges import Asked, range_of
from keep3r_replay.warehouse.session import MAIN, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.slow


class Fires(NamedTuple):
    """A change before which an audit does not fire and after which it does; or parameters that do, and do not."""

    change: str = ""
    given: Mapping[str, str] = MappingProxyType({})
    not_given: Mapping[str, str] = MappingProxyType({})


_FINDING = "insert into res.findings (kind, severity, block_number) values ('event_mismatch', 'error', 300)"
_BEHIND = Fires(given={"head": "100000"}, not_given={"head": "1"})
V1 = {
    "gas_within_bounds": Fires("update res.works set gas = gas_used + 1 where class = 'work_exact'"),
    "own_amounts_within_limit": Fires("update res.works set payment = limit_at_bound + 1 where class = 'work_own'"),
    "payments_are_limits": Fires("update res.works set payment = payment + 1 where class = 'work_exact'"),
    "disagreements": Fires(),
    "failed_works": Fires(),
    "idle_jobs": Fires(given={"hours": "1"}, not_given={"hours": "100000"}),
    "lake_behind": _BEHIND,
    "oracle_gaps": Fires(given={"hours": "1"}, not_given={"hours": "100000"}),
    "own_payments": Fires(given={"times": "1"}, not_given={"times": "99999"}),
    "paid_beyond_gas": Fires(given={"times": "1"}, not_given={"times": "99999"}),
    "runway": Fires(given={"days": "7"}, not_given={"days": "0"}),
}
_LATE = "(select min(bond_id) from res.late_expiries where bought_at is not null)"
KUMA = {
    "closed_form_is_rerun": Fires(
        "update res.late_expiries set clean_grace = true, realized_grace = closed_form_grace + 1"
        f" where bond_id = {_LATE}"
    ),
    "excess_is_never_negative": Fires(f"update res.late_expiries set excess_grace = -1 where bond_id = {_LATE}"),
    "undercollateralised": Fires("update res.tokens set undercollateralisation = 101; delete from res.self_transfers"),
    "disagreements": Fires(_FINDING),
    "failed_keeper_calls": Fires(),
    "lake_behind": _BEHIND,
    "late_expiries": Fires(given={"hours": "1"}, not_given={"hours": "100000"}),
    "overdue_expiries": Fires(
        "update res.bonds set expired_at = null, bought_at = null where status = 'in time, bought'"
    ),
    "stale_yields": Fires(given={"hours": "1"}, not_given={"hours": "100000"}),
}
CASES = {
    ("keep3r_v1", "open-v1-gov-305"): V1,
    ("kuma", "open-kuma-mixed-301"): KUMA,
}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def warehouse(request, tmp_path_factory):
    """A recording with its results, all rows in the database, so that a test may change them."""
    name, recording = request.param
    folder = tmp_path_factory.mktemp(name)
    lake = Lake.open(imported(DATA / recording))
    results = kr.replay(lake, ledger=True).write(folder / "results")
    build(lake, results, folder / "w.duckdb", protocol_named(name), tables=True)
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        yield known_audits(protocol_named(name).sql, None, MAIN, what_if=False), CASES[request.param], connection


def rows(connection, audit, given: Mapping[str, str], **asked: object) -> list[tuple]:
    """The bad rows that an audit returns."""
    (part,) = parts_of(connection)
    (verdict,) = run_audits(connection, [audit], {audit.name: given}, range_of(connection, part, Asked(**asked)))
    assert verdict.answer is not None, verdict.problem
    return verdict.answer.rows


def test_every_audit_fires_and_does_not(warehouse):
    """As it is, or with the lenient parameter, each returns nothing; with the change, or the strict one, it does."""
    audits, cases, connection = warehouse
    assert set(cases) == set(audits)
    for audit in chosen(audits, ["all"]):
        fires = cases[audit.name]
        connection.begin()
        if fires.change:
            assert rows(connection, audit, fires.given) == [], audit.name
            for statement in fires.change.split("; "):
                connection.execute(statement)
        elif fires.given:
            assert rows(connection, audit, fires.not_given) == [], audit.name
        assert rows(connection, audit, fires.given) != [], audit.name
        if audit.name != "lake_behind":
            assert rows(connection, audit, fires.given, to_block=10) == [], audit.name
        connection.rollback()


def test_every_table_and_column_has_a_comment(warehouse):
    """Nothing in these warehouses is without one."""
    _, _, connection = warehouse
    columns = "select table_name, column_name from duckdb_columns() where not internal and comment is null"
    assert connection.execute(columns).fetchall() == []
