"""What stands in the open recordings, counted: calls, statuses, costs, keepers' gas, stale yields."""

from __future__ import annotations

import polars as pl
import pytest
from histories import name_of

from tests.kuma.recorded import audited, recordings

CALLS = {
    "kuma-clean-1": (21, 17, 4, 4, 15, 0, 20, 0, 1, 0, 0),
    "kuma-deprec-301": (59, 50, 43, 21, 15, 2, 73, 19, 6, 0, 99),
    "kuma-epochs-301": (67, 52, 45, 18, 14, 0, 86, 22, 24, 0, 88),
    "kuma-late-301": (72, 44, 32, 22, 28, 1, 69, 8, 0, 0, 86),
    "kuma-late-302": (58, 43, 33, 20, 15, 0, 59, 25, 2, 0, 105),
    "kuma-mixed-301": (74, 56, 49, 9, 11, 0, 74, 20, 3, 3, 97),
    "kuma11-clean-1": (21, 17, 4, 4, 15, 0, 20, 0, 1, 0, 0),
    "kuma11-deprec-301": (57, 41, 32, 13, 11, 0, 88, 10, 0, 0, 101),
    "kuma11-epochs-301": (65, 48, 39, 8, 14, 0, 74, 9, 9, 0, 96),
    "kuma11-late-301": (87, 54, 45, 22, 29, 0, 71, 5, 0, 0, 78),
    "kuma11-late-302": (77, 43, 36, 20, 20, 0, 78, 31, 1, 0, 82),
    "kuma11-mixed-301": (83, 57, 52, 12, 17, 0, 70, 3, 3, 0, 96),
    "kuma11-stale-301": (56, 40, 35, 22, 17, 0, 113, 41, 1, 0, 84),
}
"""Sold, bought, clones, at zero percent, expired, again, refreshed, silently, lengths alone, to oneself, failed."""

LATE = {
    "kuma-clean-1": (2, 13, 0, 2, 0, 15, 15, 15),
    "kuma-deprec-301": (9, 4, 0, 1, 0, 5, 5, 5),
    "kuma-epochs-301": (9, 4, 1, 3, 1, 7, 4, 4),
    "kuma-late-301": (9, 18, 0, 1, 6, 19, 14, 14),
    "kuma-late-302": (5, 10, 0, 1, 3, 11, 10, 10),
    "kuma-mixed-301": (10, 1, 0, 2, 0, 3, 3, 3),
    "kuma11-clean-1": (2, 13, 0, 2, 0, 15, 15, 15),
    "kuma11-deprec-301": (7, 4, 0, 1, 0, 5, 4, 4),
    "kuma11-epochs-301": (9, 5, 0, 3, 1, 8, 4, 4),
    "kuma11-late-301": (11, 18, 0, 3, 4, 21, 16, 17),
    "kuma11-late-302": (5, 14, 1, 2, 4, 16, 13, 13),
    "kuma11-mixed-301": (15, 1, 1, 2, 2, 3, 2, 2),
    "kuma11-stale-301": (7, 10, 0, 0, 2, 10, 9, 10),
}
"""In time, late and bought, late in reserve, unexpired and bought late, late by now, to rerun, clean strict, grace."""

EXCESS = {
    "kuma-clean-1": (3042279063381024074658, 2856429999256432504591, 3042279063381024074658, 2856429999256432504591),
    "kuma-deprec-301": (702110218708443, 200712184671, 702110218708443, 200712184671),
    "kuma-epochs-301": (225483055329903331443, 192672387673031264202, 225486049699368352240, 192675260903239405326),
    "kuma-late-301": (7763557441604370136740, 7497373573850638107653, 7911209371624616467294, 7623683707602690588154),
    "kuma-late-302": (479423948861416097799, 455017112656399531262, 1443083377545972430369, 1393446872212255709086),
    "kuma-mixed-301": (2743427984029628886, 2581549461294676921, 2743427984029628886, 2581549461294676921),
    "kuma11-clean-1": (3042279063381024074658, 2856429999256432504591, 3042279063381024074658, 2856429999256432504591),
    "kuma11-deprec-301": (19427888900443692912, 9455735297722771410, 19889465628720584718, 9716433337575668782),
    "kuma11-epochs-301": (11694080888098734607, 6397152205844148725, 2323783597675854304924, 2310104586621623761526),
    "kuma11-late-301": (908860496808225301166, 433919710512376098576, 1795731879238576154501, 994247636320535933276),
    "kuma11-late-302": (253055264863801146161, 162734246756188300505, 9205878698144443660882, 9014036304086996629406),
    "kuma11-mixed-301": (51843806994847, 38115499913814, 40014367862000904, 39934933463569551),
    "kuma11-stale-301": (134060461834043758152, 113224019586187043017, 134063340027799186980, 113224019586187043017),
}
"""Excess in wei of KIBT: strict and grace of clean cases, strict and grace of all."""

KEEPERS = {
    "kuma-clean-1": (15, 2838166, 0, 0, 20, 2338288, 0),
    "kuma-deprec-301": (15, 2580596, 23, 964413, 73, 7323078, 7),
    "kuma-epochs-301": (14, 2570039, 24, 825153, 86, 9419995, 36),
    "kuma-late-301": (28, 5102623, 17, 724469, 69, 7332307, 13),
    "kuma-late-302": (15, 2694966, 27, 1089819, 59, 6253786, 21),
    "kuma-mixed-301": (11, 1976830, 22, 820999, 74, 8034774, 28),
    "kuma11-clean-1": (15, 2870401, 0, 0, 20, 2381768, 0),
    "kuma11-deprec-301": (11, 1997427, 17, 708320, 88, 8972445, 17),
    "kuma11-epochs-301": (14, 2609220, 19, 686316, 74, 8197001, 16),
    "kuma11-late-301": (29, 5245597, 15, 631222, 71, 7702759, 13),
    "kuma11-late-302": (20, 3644096, 14, 464192, 78, 8501394, 22),
    "kuma11-mixed-301": (17, 3135008, 19, 752244, 70, 7784052, 30),
    "kuma11-stale-301": (17, 3057764, 15, 629036, 113, 11809995, 38),
}
"""Calls and gas of expireBond, of those that failed, of refreshYield; readings of a category with a stale yield."""


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
