"""What stands in the open recordings, counted: calls, statuses, costs, keepers' gas, stale yields."""

from __future__ import annotations

import polars as pl
import pytest
from histories import name_of

from tests.kuma.figures import CALLS, EXCESS, KEEPERS, LATE
from tests.kuma.recorded import audited, recordings


@pytest.fixture(params=[each for each in recordings() if name_of(each) in CALLS], ids=name_of)
def recording(request):
    """Each open recording in turn."""
    return request.param


def test_calls(recording):
    """Sales, purchases, clones, expiries, refreshes, epoch lengths, self-transfers and failures."""
    found = audited(recording)
    calls, expiries = found.tables["calls"], found.tables["keeper_calls"]
    done = calls.filter(pl.col("class") != "reverted")
    functions = done["function"]
    issued = found.lake.scan("events/kbc_token.CloneBondIssued").collect()
    assert CALLS[name_of(recording)] == (
        (functions == "sell_bond").sum(),
        functions.is_in(["buy_bond", "buy_bond_for_stable_coin"]).sum(),
        issued.height,
        issued.filter(pl.col("coupon") == 10**27).height,
        (functions == "expire_bond").sum(),
        (expiries["judgement"] == "repeated").sum(),
        (functions == "refresh_yield").sum(),
        done.filter((pl.col("function") == "refresh_yield") & (pl.col("class") == "silent")).height,
        found.tables["epoch_changes"]["is_alone"].sum(),
        found.tables["self_transfers"].height,
        calls.height - done.height,
    )


def test_late_bonds_and_what_they_cost(recording):
    """Statuses of bonds, purchases to rerun, clean cases, and the excess of all of them."""
    summary = audited(recording).summary
    bonds, late = summary["bonds"], summary["late_expiries"]
    assert LATE[name_of(recording)] == (
        bonds["in time, bought"] + bonds["in time, still in reserve"],
        bonds["late, bought"],
        bonds["late, still in reserve"],
        bonds["never expired, bought late"],
        bonds["never expired, currently late"],
        late["purchases"],
        late["clean_strict"],
        late["clean_grace"],
    )
    excess = (late[f"excess_{world}_{which}"] for which in ("clean", "all") for world in ("strict", "grace"))
    assert EXCESS[name_of(recording)] == tuple(map(int, excess))


def test_keepers(recording):
    """Keepers' calls and gas, and how often a yield was stale."""
    found = audited(recording)
    keepers = found.tables["keepers"].sum().row(0, named=True)
    columns = ("expiries", "expiries_gas", "expiries_failed", "expiries_failed_gas", "refreshes", "refreshes_gas")
    assert KEEPERS[name_of(recording)] == (*(keepers[each] for each in columns), found.summary["stale_readings"])
    calls = found.tables["keeper_calls"]
    assert set(calls["gas_price"].cast(pl.Int64)) == {31 * 10**9}
    assert keepers["outlay"] == (calls["gas_used"].sum()) * 31 * 10**9
