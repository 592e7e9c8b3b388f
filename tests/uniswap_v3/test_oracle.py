"""The pool's oracle against a ring buffer written from the rules, and against what real pools answered."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ring import RingOracle

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.uniswap_v3.oracle import Pool

START = 1_600_000_000
RANGE = (-887_200, 887_200)
TICKS = st.integers(-500, 500)
STEP = st.tuples(
    st.integers(0, 4_000),
    st.one_of(
        st.tuples(st.just("swap"), TICKS, st.integers(1, 10**24)),
        st.tuples(st.just("mint"), st.sampled_from([RANGE, (-200, 200), (200, 400)]), st.integers(0, 10**22)),
        st.tuples(st.just("grow"), st.integers(0, 5), st.just(0)),
    ),
)


def both(steps):
    """The model and the reference after the same events."""
    pool, ring, now = Pool("0xpool", "0x0", "0x1", 200), RingOracle(START, 3), START
    pool.initialize(START, 2**96, 3)
    for seconds, (event, first, second) in steps:
        now += seconds
        if event == "swap":
            pool.swap(now, 2**96, second, first)
            ring.swap(now, first, second)
        elif event == "mint":
            pool.change_liquidity(now, *first, second)
            ring.change_liquidity(now, *first, second)
        else:
            pool.grow(pool.cardinality_next + first)
            ring.grow(ring.cardinality_next + first)
    return pool, ring, now


def answer(observe, *arguments):
    """What `observe` gives, or the name of its revert."""
    try:
        return observe(*arguments)
    except Revert as revert:
        return revert.name


@given(st.lists(STEP, max_size=25), st.lists(st.integers(0, 60_000), min_size=1, max_size=12))
def test_observe_equals_the_ring_buffer(steps, ages):
    """Both cumulatives, at any past time, are those of the ring, OLD included."""
    pool, ring, now = both(steps)
    for age in ages:
        expected = answer(ring.observe, now - age)
        if expected == "Error(OLD)":
            assert answer(pool.tick_cumulative, now - age) == expected
            assert answer(pool.seconds_per_liquidity_cumulative, now - age) == expected
        else:
            assert pool.tick_cumulative(now - age) == expected[0]
            assert pool.seconds_per_liquidity_cumulative(now - age) == expected[1]


@pytest.mark.slow
@given(st.lists(STEP, max_size=25))
def test_ring_position_equals_the_ring_buffers(steps):
    """Index and cardinalities are the contract's, which slot0 tells."""
    pool, ring, _ = both(steps)
    assert (pool.index, pool.cardinality, pool.cardinality_next) == (
        ring.index,
        ring.cardinality,
        ring.cardinality_next,
    )


@given(st.lists(STEP, max_size=25))
def test_one_observation_a_second_at_most(steps):
    """Times of observations rise strictly."""
    pool, _, _ = both(steps)
    assert all(earlier < later for earlier, later in zip(pool.times, pool.times[1:], strict=False))


def test_a_burn_of_nothing_writes_nothing():
    """Bringing fees up to date leaves the ring alone."""
    pool, _, now = both([])
    pool.change_liquidity(now + 100, *RANGE, 0)
    assert pool.times == [START]


def test_a_full_ring_forgets_its_oldest():
    """With one slot, a swap makes everything before it OLD; with two, only what was before the last but one."""
    pool, _, _ = both([])
    pool.swap(START + 100, 2**96, 1, 50)
    assert pool.tick_cumulative(START + 100) == 300
    with pytest.raises(Revert, match="OLD"):
        pool.tick_cumulative(START + 99)
    pool.grow(2)
    pool.swap(START + 200, 2**96, 1, 7)
    assert pool.tick_cumulative(START + 150) == 300 + 50 * 50
    with pytest.raises(Revert, match="OLD"):
        pool.tick_cumulative(START + 99)


def test_a_pool_that_was_not_initialized_answers_nothing():
    """Before Initialize, observe reverts with the letter I."""
    with pytest.raises(Revert) as raised:
        Pool("0xpool", "0x0", "0x1").tick_cumulative(START)
    assert raised.value.name == "Error(I)"


def test_real_pools_answered_the_same(audited):
    """Every recorded `observe`, both cumulatives or the revert, follows from the pool's logs by the reference ring."""
    lake = audited.lake
    times = dict(lake.scan("blocks", columns=["number", "timestamp"]).collect().iter_rows())
    readings = lake.scan("readings").filter(pl.col("view") == "observe").collect()
    asked = {}
    for block, contract, _, arguments, value, revert, _ in readings.iter_rows():
        asked.setdefault(contract, {}).setdefault(block, []).append((arguments, value, revert))
    compared = 0
    for pool, by_block in asked.items():
        events = pool_events(lake, pool)
        ring = None
        for block, questions in sorted(by_block.items()):
            while events and events[0][0] <= block:
                number, _, name, *fields = events.pop(0)
                ring = follow(ring, times[number], name, fields)
            for arguments, value, revert in questions:
                answers = [answer(ring.observe, times[block] - int(age)) for age in arguments.split(",")]
                if revert is not None:
                    assert revert in answers
                else:
                    expected = [[str(part) for part in parts] for parts in zip(*answers, strict=True)]
                    observed = json.loads(value)
                    assert (observed if isinstance(observed[0], list) else [observed]) == expected[: len(observed)]
                compared += 1
    assert compared == readings.height
    assert compared > 0


def follow(ring, now, name, fields):
    """Tell the reference one event."""
    if name == "Initialize":
        return RingOracle(now, *fields)
    if name == "Swap":
        ring.swap(now, *fields)
    elif name == "IncreaseObservationCardinalityNext":
        ring.grow(*fields)
    else:
        lower, upper, amount = fields
        ring.change_liquidity(now, lower, upper, amount if name == "Mint" else -amount)
    return ring


def pool_events(lake, pool):
    """The events of a pool that its oracle depends on, in order."""
    wanted = {
        "Initialize": ["tick"],
        "Swap": ["tick", "liquidity"],
        "Mint": ["tick_lower", "tick_upper", "amount"],
        "Burn": ["tick_lower", "tick_upper", "amount"],
        "IncreaseObservationCardinalityNext": ["observation_cardinality_next_new"],
    }
    events = []
    for name, columns in wanted.items():
        table = f"events/uniswap_v3_pool.{name}"
        if lake.has(table):
            frame = lake.scan(table).filter(pl.col("address") == pool).with_columns(pl.col(pl.Decimal).cast(pl.Int128))
            rows = frame.select("block_number", "log_index", *columns).collect().iter_rows()
            events += [(block, index, name, *fields) for block, index, *fields in rows]
    return sorted(events)
