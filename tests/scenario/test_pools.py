"""Several pools and liquidities in one scenario: credits of all together, markets of each, tokens in either order."""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.actors import made_address
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.reckoned import Q96, average_tick, root_price, rows, ticks
from tests.scenario.scripts import own, played, simulated, words

T, INFLATION = 432_000, 2_937_600
DAI_POOL = {"tokens": ["dai", "kp3r"], "fee": 3_000, "pair": "dai_pair"}
SECOND = (
    {"do": "create_pool", "pool": "dai_pool", "tick": -52_000},
    {"do": "grow_observations", "pool": "dai_pool", "to": 100},
    {"do": "provide", "pool": "dai_pool", "liquidity": "80000e18"},
    {"wait": "12d"},
    {"do": "approve_liquidity", "pair": "dai_pair"},
    {"do": "mint_liquidity", "pair": "dai_pair", "amount": "500e18"},
)


@pytest.fixture(scope="module")
def two_pools(tmp_path_factory):
    """The lake of the scenario with two pools."""
    folder = tmp_path_factory.mktemp("two_pools") / "lake"
    write_lake(simulated("two_pools"), folder)
    return Lake.open(folder)


def changes(lake):
    """What changes a job's liquidity, or an approval: block, what, of whom, of which liquidity, by how much."""
    found = []
    for block, job, pair, amount in rows(
        lake, "keep3r.LiquidityAddition", "block_number", "job", "liquidity", "amount"
    ):
        found.append((block, "add", job, pair, amount))
    for block, job, pair, amount in rows(
        lake, "keep3r.Unbonding", "block_number", "keeper_or_job", "unbonding", "amount"
    ):
        found.append((block, "add", job, pair, -amount))
    for block, source, target in rows(lake, "keep3r.JobMigrationSuccessful", "block_number", "from_job", "to_job"):
        found.append((block, "move", source, target, 0))
    for block, pair in rows(lake, "keep3r.LiquidityApproval", "block_number", "liquidity"):
        found.append((block, "approve", pair, "", 0))
    for block, pair in rows(lake, "keep3r.LiquidityRevocation", "block_number", "liquidity"):
        found.append((block, "revoke", pair, "", 0))
    return sorted(found)


def holdings(lake, until):
    """Amounts by job and pair, and the approved pairs, at the end of a block."""
    amounts, approved = {}, set()
    for block, what, first, second, amount in changes(lake):
        if block > until:
            break
        if what == "add":
            amounts[first, second] = amounts.get((first, second), 0) + amount
        elif what == "move":
            for job, pair in [key for key in amounts if key[0] == first]:
                amounts[second, pair] = amounts.get((second, pair), 0) + amounts.pop((job, pair))
        elif what == "approve":
            approved.add(first)
        else:
            approved.discard(first)
    return amounts, approved


@pytest.mark.slow
def test_credits_of_two_liquidities_are_the_sum_by_hand(two_pools):
    """A period's credits of a job, at every reading, are those of its liquidities at each pool's own average price."""
    first, second = made_address("pair"), made_address("dai_pair")
    pool_of = {
        each.address: each.facts["pool"] for each in two_pools.deployment.contracts if each.role == "pair_manager"
    }
    paths = {pair: ticks(two_pools, pool_of[pair]) for pair in (first, second)}
    read = two_pools.scan("readings").filter(pl.col("view") == "jobPeriodCredits").collect()
    times = dict(two_pools.scan("blocks").select("number", "timestamp").collect().iter_rows())
    seen = set()
    for block, job, value in read.select("block_number", "arguments", "value").iter_rows():
        start = times[block] - times[block] % T
        amounts, approved = holdings(two_pools, block)
        expected = 0
        for pair, sign in ((first, 1), (second, -1)):
            if pair in approved:
                # KP3R is token 0 of the one, token 1 of the other pool.
                root = root_price(sign * average_tick(paths[pair], start - T, start))
                expected += Q96 * amounts.get((job, pair), 0) // root * T // INFLATION
        assert int(value) == expected, (block, job)
        seen.add(expected)
    assert len(seen) > 15
    assert 0 in seen


@pytest.mark.slow
def test_a_new_period_rewards_what_both_liquidities_mine(two_pools):
    """A reward one period after the last gives the job the period's credits, and what was left over is gone."""
    columns = ("job", "rewarded_at", "current_credits", "period_credits")
    rewards = rows(two_pools, "keep3r.LiquidityCreditsReward", *columns)
    last, resets = {}, []
    for job, rewarded_at, current, period in rewards:
        if rewarded_at == last.get(job, 0) + T:
            resets.append(current == period)
        last[job] = rewarded_at
    assert len(resets) >= 5
    assert all(resets)


@pytest.mark.slow
def test_each_pool_has_its_market(two_pools):
    """A ramp moves one pool to its end, a walk the other; neither touches the other's price."""
    pools = {each.address for each in two_pools.deployment.contracts if each.role == "uniswap_v3_pool"}
    ends = {ticks(two_pools, pool)[-1][1] for pool in pools}
    assert len(pools) == 2
    assert -50_000 in ends
    assert all(-30_000 < end < -15_000 for end in ends - {-50_000})


def test_migration_takes_both_liquidities(two_pools):
    """The new job holds what the old one had of each, beside its own, and the old one nothing."""
    (block,) = [at for at, what, *_ in changes(two_pools) if what == "move"]
    before, after = (holdings(two_pools, at)[0] for at in (block - 1, block))
    read = two_pools.scan("readings").filter(pl.col("view") == "liquidityAmount").collect()
    job, new_job = made_address("job"), made_address("new_job")
    for pair in (made_address("pair"), made_address("dai_pair")):
        total = before[job, pair] + before.get((new_job, pair), 0)
        assert before[job, pair] > 0
        assert after[new_job, pair] == total
        shown = read.filter((pl.col("arguments") == f"{new_job},{pair}") & (pl.col("block_number") > block))
        assert int(shown["value"][0]) == total


def test_a_swap_in_one_pool_leaves_the_other(tmp_path):
    """A swap names its pool and a token of it; the other pool stays where it was."""
    swap = {"do": "swap", "pool": "dai_pool", "sells": "dai", "amount_in": "500e18"}
    simulation = played(*SECOND, swap, pools={"dai_pool": DAI_POOL})
    world = simulation.world
    assert world.pool("dai_pool").tick < -52_000
    assert world.pool().tick == -22_000
    assert words(simulation, "Swap")[-1][2] == 500 * 10**18
    write_lake(simulation, tmp_path / "lake")
    assert audit(Lake.open(tmp_path / "lake")).summary["verdict"] == "clean"


def test_liquidity_moves_from_one_pool_to_the_other(tmp_path):
    """What a job unbonds of one liquidity, waits for and withdraws is of that one; the other goes on mining."""
    simulation = played(
        *SECOND,
        {"do": "add_liquidity", "job": "job", "pair": "dai_pair", "amount": "500e18"},
        {"wait": "6d"},
        {"do": "unbond_liquidity", "job": "job", "amount": "4e18"},
        {"wait": "15d"},
        {"do": "withdraw_liquidity", "job": "job"},
        {"do": "work", "gas": 300_000},
        pools={"dai_pool": DAI_POOL},
    )
    job = simulation.world.keep3r.jobs[made_address("job")]
    assert job.liquidities.values() == [made_address("dai_pair")]
    assert words(simulation, "LiquidityWithdrawal")[0][3] == 4 * 10**18
    assert [attempt.revert for attempt in simulation.attempts][-1] == ""
    write_lake(simulation, tmp_path / "lake")
    assert audit(Lake.open(tmp_path / "lake"), ledger=True).summary["verdict"] == "clean"


def test_a_token_that_keeps_a_part_of_transfers(tmp_path):
    """Of such a token the job is credited what arrived, less Keep3r's fee; a keeper's bond is what arrived."""
    sent, arrived = 100 * 10**18 + 7, 99 * 10**18 + 7
    simulation = played(
        {"do": "add_token_credits", "job": "job", "token": "taxed", "amount": sent},
        {"do": "add_token_credits", "job": "job", "token": "plain", "amount": sent},
        {"do": "token_payment", "token": "taxed", "amount": "5e18", "gas": 90_000},
        {"do": "bond", "token": "taxed", "amount": sent},
        {"wait": "4d"},
        {"do": "activate", "token": "taxed"},
        token_fees={"taxed": 100},
        views_every="12h",
    )
    keep3r = simulation.world.keep3r
    held = keep3r.jobs[made_address("job")].token_credits
    assert [word[3] for word in words(simulation, "TokenCreditAddition")] == [arrived, sent]
    assert held[made_address("taxed")] == arrived - arrived * 30 // 10_000 - 5 * 10**18
    assert held[made_address("plain")] == sent - sent * 30 // 10_000
    assert keep3r.keepers[made_address("keeper")].bonds[made_address("taxed")] == arrived
    write_lake(simulation, tmp_path / "lake")
    audited = audit(Lake.open(tmp_path / "lake"))
    assert audited.summary["verdict"] == "clean"
    assert audited.summary["works"]["token_payment"] == 1


@pytest.mark.parametrize(
    ("pools", "said"),
    [
        ({"p": {"fee": 3_000}}, "'tokens' is missing"),
        ({"p": {"tokens": ["kp3r", "kp3r"]}}, "two different tokens"),
        ({"p": {"tokens": "kp3r"}}, "two different tokens"),
        ({"p": {"tokens": ["kp3r", "dai"], "fee": 1}}, "no pool has 1 millionths"),
        ({"p": {"tokens": ["kp3r", "dai"], "pear": "x"}}, "did you mean 'pair'"),
        ({"pool": {"tokens": ["kp3r", "dai"]}}, "the name 'pool' is taken"),
        ({"p": {"tokens": ["kp3r", "dai"], "pair": "pair"}}, "the name 'pair' is taken"),
        ({"p": {"tokens": ["kp3r", "dai"], "market": {"path": "constant"}}}, "does not create the pool 'p'"),
        ({"p": 5}, "a mapping is wanted"),
    ],
)
def test_a_pool_that_can_not_be(pools, said):
    """What is wrong with a pool is told in one line, with its name."""
    with pytest.raises(UsageError, match=said) as caught:
        played(pools=pools)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"do": "swap", "pool": "puddle", "tick": 5}, "there is no pool 'puddle'"),
        ({"do": "add_liquidity", "job": "job", "amount": 5, "pair": "pear"}, "there is no pair manager 'pear'"),
        ({"do": "provide", "liquidity": 5, "lower": 7, "upper": 400}, "multiples of 200"),
        ({"do": "provide", "liquidity": 5, "lower": 200}, "lower and upper"),
    ],
)
def test_a_call_on_no_pool(item, said):
    """A call that names no pool, or no position, is told in one line with its place."""
    with pytest.raises(UsageError, match=said) as caught:
        played(item)
    assert "script[0]" in str(caught.value)


def test_positions_above_and_below_the_price():
    """Liquidity above the price is all KP3R, below it all WETH, and both come back but for the rounding."""
    above, below = {"lower": -21_000, "upper": -19_000}, {"lower": -25_000, "upper": -23_000}
    items = [{"do": do, "liquidity": "3e18", **bounds} for bounds in (above, below) for do in ("provide", "remove")]
    simulation = played(*items)
    minted, burned = words(simulation, "Mint")[-2:], words(simulation, "Burn")[-2:]
    (above0, above1), (below0, below1) = (word[-2:] for word in minted)
    assert above0 > 0 == above1
    assert below1 > 0 == below0
    assert [word[-2:] for word in burned] == [[above0 - 1, 0], [0, below1 - 1]]


def test_own_contracts_may_have_given_addresses():
    """Addresses that a script gives its contracts are theirs; two of one address, and other tokens', are refused."""
    address = "0x" + "ab" * 20
    assert played(addresses={"keep3r": address}).world.keep3r.address == address
    with pytest.raises(UsageError, match="two contracts have the address"):
        played(addresses={"keep3r": address, "helper": address})
    with pytest.raises(UsageError, match=r"addresses\.kp3r: in these contracts it is 0x1ceb"):
        played(addresses={"kp3r": address})
    assert own(addresses={"job": address}).addresses == {"job": address}
