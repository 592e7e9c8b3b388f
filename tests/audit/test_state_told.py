"""What `keep3r state` tells of jobs and keepers: everybody who was paid, and no order that nothing tells."""

from __future__ import annotations

import polars as pl
import pytest
from audits import keep3r_contracts, replay_contract
from histories import DATA
from lakes import imported

from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.starts import readings_start

BLOCK = 450
ORDERS = {"liquidities": "liquidities_order", "tokens": "tokens_order"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lake():
    """A history in which jobs list several liquidities, and a stranger is paid KP3R."""
    return Lake.open(imported(DATA / "open-v2.3-fuzz-mixed-101"))


def _replay(lake, start=None, until_block=None):
    (contract,) = keep3r_contracts(lake)
    return replay_contract(lake, contract, until_block, start, Options(readings=False)).protocol


def test_the_overview_names_whoever_was_paid(lake):
    """Keepers that are not listed, too, each with the sum of what it was paid in KP3R."""
    keepers = _replay(lake, until_block=BLOCK).describe({})["keepers"]
    works = lake.scan("events/keep3r.KeeperWork", until_block=BLOCK)
    paid = works.filter(pl.col("credit").is_in(list(lake.deployment.tokens.values())))
    sums = paid.group_by("keeper").agg(pl.col("payment").cast(pl.Int128).sum()).collect()
    told = {address: int(each["work_completed"]) for address, each in keepers.items() if each["work_completed"] != "0"}
    assert told == dict(sums.iter_rows())
    assert {address for address in told if not keepers[address]["listed"]}
    assert {address for address in told if keepers[address]["listed"]}


def test_an_order_that_no_reading_tells_is_said_to_be_unknown(lake):
    """A start from readings tells each job's order as the straight run does, or says that it is unknown."""
    straight, started = _replay(lake), _replay(lake, readings_start(lake, BLOCK))
    unknown = 0
    for address in straight.describe({})["jobs"]:
        known, told = (each.describe({"job": address})["job"] for each in (straight, started))
        for name, order in ORDERS.items():
            assert order not in known
            unknown += order in told
            assert sorted(told.get(name, [])) == sorted(known.get(name, []))
            assert told.get(order) == "unknown" or told.get(name) == known.get(name)
    assert unknown
