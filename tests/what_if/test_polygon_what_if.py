"""What-ifs of Polygon's build: a helper that divides a job's dollars by the decimals of its pool's."""

from __future__ import annotations

import polars as pl

import keep3r_replay as kr
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.test_polygon import polygon


def payments(works: pl.DataFrame, column: str = "payment_what_if") -> list[int]:
    """What each work pays, in wei."""
    return works[column].cast(pl.Int128).to_list()


def test_another_boost_is_paid_by_the_helper_s_rule(tmp_path):
    """Without a change every payment is the chain's; with higher boosts each is a little more."""
    write_lake(polygon(usdDecimals="6"), tmp_path / "lake")
    lake = kr.open_lake(tmp_path / "lake")
    paid = payments(kr.replay(lake).tables["works"], "payment")
    assert payments(kr.what_if(lake).works) == paid
    dearer = payments(kr.what_if(lake, min_boost=11_500, max_boost=12_500).works)
    assert paid
    # The boost was 11,250 or more, of 10,000, and grows by 500: not by more than a twentieth.
    assert all(before < after < before * 21 // 20 for before, after in zip(paid, dearer, strict=True))
