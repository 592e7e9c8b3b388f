"""What-ifs on the market of another pool: of the same lake, of another recording, of a simulation."""

from __future__ import annotations

import json
import shutil
from bisect import bisect_right
from itertools import pairwise

import polars as pl
import pytest
from histories import DATA, SAMPLE, bundled, name_of

from keep3r_replay.errors import Keep3rReplayError, UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump
from keep3r_replay.protocols.keep3r_v2.what_if.market import FollowingPool
from keep3r_replay.protocols.keep3r_v2.what_if.other_market import Moves, at_blocks, market_inputs
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay, overlay_from
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if
from keep3r_replay.replay.audit import state_hash
from keep3r_replay.uniswap_v3.oracle import Pool
from pipelines.cli import main

pytestmark = pytest.mark.slow

DAY = 86_400
OTHER = DATA / "open-v2.3-fuzz-mixed-101"
PRICE_POOL = "0x11b7a6bc0259ed6cf9db8f499988f9ecc7167bf5"
SECOND_POOL = "0xf4aaee4e6ffc79252f131635a0dbd6d630c69c12"
TURNED_POOL = "0x756c418aa973d8605e3de595efd873f2161d112b"
"""Of KP3R as token 1 and a token that is not WETH."""


@pytest.mark.parametrize("recording", bundled(), ids=name_of)
def test_a_lakes_own_market_is_the_identity(recording, audited_recordings, baseline_of):
    """From the beginning or from a block on, works and state are the audit's: every observation of every pool too."""
    audited, baseline = audited_recordings(recording), baseline_of(recording)
    middle = baseline.history.blocks[len(baseline.history.blocks) // 2]
    for block in (None, middle):
        run = what_if(baseline, Overlay(market_lake=str(audited.lake.path), market_from_block=block))
        assert {work.status for work in run.works.done} <= {"paid"}
        assert [work.payment for work in run.works.done] == [work.paid for work in baseline.measured]
        assert [(work.credits_before, work.credits_after) for work in run.works.done] == baseline.credits_around
        assert run.reverted == []
        assert state_hash(dump(run.protocol.keep3r)) == audited.audit.summary["state_hash"]


def _events(lake, pool):
    """Times and ticks of a pool, straight from the lake."""
    parts = [
        pl.read_parquet(lake.path / "events" / f"uniswap_v3_pool.{event}" / "*.parquet")
        .filter(pl.col("address") == pool)
        .select("block_number", "log_index", "timestamp", "tick")
        for event in ("Initialize", "Swap")
    ]
    rows = pl.concat(parts).sort("block_number", "log_index")
    return rows["timestamp"].to_list(), rows["tick"].to_list()


def _average(baseline, lake, pool, ahead, start, end, sign=1):
    """What the tick cumulative gains from `start` to `end`, second by second of our blocks, each with its own tick."""
    times, ticks = _events(lake, pool)
    moments = sorted({fact.timestamp for fact in baseline.history.facts.values()})
    inside = [start, *(moment for moment in moments if start < moment < end), end]
    total = 0
    for here, there in pairwise(inside):
        block = moments[bisect_right(moments, here) - 1]
        total += sign * ticks[bisect_right(times, block + ahead) - 1] * (there - here)
    return total


def _check(run, baseline, lake, pool, ahead, sign=1):
    """Averages over a day and a week, at the end and before, are those of the other market."""
    ours = run.protocol.keep3r.pools[PRICE_POOL]
    now = run.protocol.context.now
    for end in (now, now - 3 * DAY - 5):
        for length in (DAY, 7 * DAY):
            gained = ours.tick_cumulative(end) - ours.tick_cumulative(end - length)
            assert gained == _average(baseline, lake, pool, ahead, end - length, end, sign)


@pytest.fixture(scope="module")
def first_half(audited_recordings):
    """The sample's first 300 blocks, which are shorter than the other recording."""
    return baselines(audited_recordings(SAMPLE / "recording").lake, 300)[0]


def _aligned(baseline, lake, pool):
    """Seconds by which the other pool's beginning is ahead of ours."""
    return _events(lake, pool)[0][0] - min(baseline.history.pools_begin()[pool] for pool in (PRICE_POOL, SECOND_POOL))


def test_another_lakes_market_gives_its_averages(first_half, audited_recordings):
    """Aligned or by the same offset in seconds, the averages are those worked out from the other lake's swaps."""
    other = audited_recordings(OTHER).lake
    ahead = _aligned(first_half, other, PRICE_POOL)
    states = []
    for offset in ("align", str(ahead)):
        changes = {"market_lake": str(other.path), "market_pool": PRICE_POOL, "market_offset": offset}
        run = what_if(first_half, overlay_from(changes))
        _check(run, first_half, other, PRICE_POOL, ahead)
        states.append(dump(run.protocol.keep3r))
    assert states[0] == states[1]
    assert any(work.payment != was.paid for work, was in zip(run.works.done, first_half.measured, strict=True))


def test_a_pool_of_the_other_order_is_turned(first_half, audited_recordings):
    """Where KP3R is token 1 there and token 0 here, every tick has the other sign."""
    other = audited_recordings(OTHER).lake
    changes = {"market_lake": str(other.path), "market_pool": TURNED_POOL, "market_offset": "align"}
    run = what_if(first_half, overlay_from(changes))
    _check(run, first_half, other, TURNED_POOL, _aligned(first_half, other, TURNED_POOL), -1)


def test_scale_and_shift_come_on_top(first_half, audited_recordings):
    """The average of the shifted other market is the other market's plus the shift, for each second."""
    changes = {"market_lake": str(audited_recordings(OTHER).lake.path), "market_offset": "align"}
    runs = [what_if(first_half, overlay_from({**changes, "tick_shift": shift})).protocol for shift in (0, 77)]
    now = runs[0].context.now
    cumulatives = [[run.keep3r.pools[PRICE_POOL].tick_cumulative(at) for at in (now - DAY, now)] for run in runs]
    gains = [after - before for before, after in cumulatives]
    assert gains[1] - gains[0] == 77 * DAY


def test_another_pool_of_the_same_lake(first_half):
    """All pools of KP3R and WETH follow it from the block on; the pool of another token stays."""
    block = 100
    run = what_if(first_half, Overlay(market_pool=SECOND_POOL, market_from_block=block))
    lake, pools = first_half.lake, run.protocol.keep3r.pools
    _check(run, first_half, lake, SECOND_POOL, 0)
    plain = what_if(first_half, Overlay()).protocol.keep3r.pools
    assert pools[TURNED_POOL].dump() == plain[TURNED_POOL].dump()
    assert not isinstance(pools[TURNED_POOL], FollowingPool)


def test_a_simulated_market(first_half, tmp_path, capsys):
    """A recording on the random walk of a simulation: its lake's market, to the last observation of 25 days."""
    assert main(["simulate", "scenario=random_market", f"lake={tmp_path / 'walk'}"]) == 0
    walk = Lake.open(tmp_path / "walk")
    pools = walk.scan("events/uniswap_v3_pool.Swap").select("address", "tick").collect()
    pool = pools["address"].mode().sort()[0]
    times, _ = _events(walk, pool)
    begins = min(first_half.history.pools_begin()[each] for each in (PRICE_POOL, SECOND_POOL))
    last = walk.scan("blocks").select(pl.col("timestamp").max()).collect().item() - times[0] + begins
    until = max(block for block, fact in first_half.history.facts.items() if fact.timestamp <= last)
    baseline = baselines(first_half.lake, until)[0]
    changes = {"market_lake": str(walk.path), "market_pool": pool, "market_offset": "align"}
    ours = what_if(baseline, overlay_from(changes)).protocol
    start, now = baseline.history.pools_begin()[PRICE_POOL], ours.context.now
    assert now - start > DAY
    gained = ours.keep3r.pools[PRICE_POOL].tick_cumulative(now)
    deployment = walk.deployment
    contract = next(each for each in deployment.contracts if each.address == pool)
    sign = 1 if contract.facts["token0"] == deployment.tokens["kp3r_in_pools"] else -1
    assert gained == _average(baseline, walk, pool, times[0] - begins, start, now, sign)
    capsys.readouterr()


def test_moves_fall_into_the_first_block_from_them_on():
    """Of several the last one counts; what comes after the last block does not."""
    moves = Moves([1, 5, 9, 10, 11, 40], [10, 50, 90, 100, 110, 400])
    assert at_blocks(moves, [3, 10, 20]) == Moves([3, 10, 20], [10, 100, 110])


def test_a_move_writes_one_observation_with_the_tick_before_it(first_half):
    """As a swap does; the pool's own swaps write none, and its liquidity stays its own."""
    context = what_if(first_half, Overlay()).protocol.context
    pool = Pool("0x1", context.keep3r.kp3r_in_pools, "0xe")
    following = FollowingPool(pool, Overlay(), Moves([100, 160, 200], [7, -3, 5]), context)
    following.change(0)
    context.now = 100
    following.initialize(100, 1, 999)
    following.grow(10)
    context.now = 180
    following.swap(180, 2, 44, -888)
    assert (following.times, following.tick_cumulatives, following.tick) == ([100, 160], [0, 420], -3)
    following.swap(180, 2, 45, -887)
    context.now = 230
    assert following.tick_cumulative(230) == 420 - 3 * 40 + 5 * 30
    assert (following.times, following.liquidity, following.sqrt_price_x96) == ([100, 160, 200], 45, 2)


def test_a_market_that_is_too_short_is_refused_with_both_ranges(first_half, audited_recordings, baseline_of):
    """One that begins too late or ends too early; the line names the pool and what helps."""
    other = str(audited_recordings(OTHER).lake.path)
    last = max(fact.timestamp for fact in baseline_of(SAMPLE / "recording").history.facts.values())
    with pytest.raises(UsageError, match=rf"to {last}, the other is known from .* say market_offset=align"):
        what_if(baseline_of(SAMPLE / "recording"), Overlay(market_lake=other, market_offset="align"))
    with pytest.raises(UsageError, match="needs the market from"):
        what_if(first_half, Overlay(market_lake=other, market_offset=str(-400 * DAY)))


@pytest.mark.parametrize(
    "values",
    [
        {"market_offset": "soon"},
        {"market_offset": 5},
        {"market_pool": "0x12"},
        {"market_lake": "/nowhere"},
    ],
)
def test_a_market_that_makes_no_sense_is_refused_in_one_line(values, first_half):
    """Each raises an error that names the field or the folder."""
    with pytest.raises(Keep3rReplayError) as refused:
        what_if(first_half, overlay_from(values))
    assert str(next(iter(values.values()))) in str(refused.value) or next(iter(values)) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_other_lake_is_an_input(tmp_path, audited_recordings):
    """Its fingerprint stands in the manifest, with its name for its path; another lake has another one."""
    other = audited_recordings(OTHER).lake
    changes = [f"overlay.market_lake={other.path}", "overlay.market_offset=align", "until_block=300"]
    assert main(["replay", "mode=what_if", f"results={tmp_path / 'r'}", *changes]) == 0
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["inputs"]["market"] == market_inputs({"market_lake": str(other.path)})["market"]
    assert manifest["configuration"]["overlay"]["market_lake"] == other.deployment.name
    assert str(other.path) not in "".join(file.read_text() for file in (tmp_path / "r").glob("*.json"))
    assert market_inputs({"market_lake": str(SAMPLE / "lake")}) != market_inputs({"market_lake": str(other.path)})
    assert market_inputs({"tick_shift": 3}) == {}


def test_a_damaged_market_is_refused(tmp_path, audited_recordings, capsys):
    """Its files are held against its manifest before anything is run: here one byte of the swaps is another."""
    other = tmp_path / "other"
    shutil.copytree(audited_recordings(OTHER).lake.path, other)
    file = min((other / "events" / "uniswap_v3_pool.Swap").glob("*.parquet"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    changes = [f"overlay.market_lake={other}", "overlay.market_offset=align", "until_block=300"]
    for command in (["replay", "mode=what_if"], ["replay", "-m", "overlay.tick_shift=1,2"]):
        assert main([*command, *changes, f"results={tmp_path / 'r'}"]) == 1
        assert "holds something other than was written" in capsys.readouterr().err
