"""Random scripts on two pools: whatever is called in whatever order, the replay of their lake agrees with them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from audits import audit, keep3r_contracts, replay_contract
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.script import VERSIONS, scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from keep3r_replay.replay.protocol import Options
from tests.scenario.scripts import SETUP, SIDECHAINS
from tests.scenario.test_pools import DAI_POOL, SECOND
from tests.scenario.test_sidechain import SETUP as ON_SIDECHAIN

pytestmark = pytest.mark.slow

ONE = 10**18
jobs = st.sampled_from(["job", "other"])
keepers = st.sampled_from(["keeper", "second_keeper"])
pairs = st.sampled_from(["pair", "dai_pair"])
tokens = st.sampled_from(["dai", "taxed"])
amounts = st.integers(0, 6 * ONE)
gas = st.integers(1_000, 9_000_000)


def call(do, **arguments):
    """A call with random arguments, which may fail."""
    return st.fixed_dictionaries({"do": st.just(do), "may_revert": st.just(True), **arguments})


def calls(version):
    """The calls of a version that a script may make in any order."""
    price = {"usd_per_gas_unit": st.integers(1, 10**15)} if version in SIDECHAINS else {}
    of_job = {"job": jobs, "keeper": keepers, "gas": gas}
    found = [
        st.fixed_dictionaries({"wait": st.integers(1, 700_000)}),
        st.just({"until": "period"}),
        call("work", **of_job, **price),
        call("token_payment", **of_job, token=tokens, amount=amounts),
        call("mint_liquidity", pair=pairs, amount=amounts),
        call("burn_liquidity", pair=pairs, amount=amounts),
        call("add_liquidity", job=jobs, pair=pairs, amount=amounts),
        call("unbond_liquidity", job=jobs, pair=pairs, amount=amounts),
        call("withdraw_liquidity", job=jobs, pair=pairs),
        call("slash_liquidity", job=jobs, pair=pairs, amount=amounts),
        call("approve_liquidity", pair=pairs),
        call("revoke_liquidity", pair=pairs),
        call("force_credits", job=jobs, amount=amounts),
        call("add_token_credits", job=jobs, token=tokens, amount=amounts),
        call("withdraw_token_credits", job=jobs, token=tokens, amount=amounts),
        call("add_job", job=jobs),
        call("migrate_job", job=jobs, to=jobs),
        call("accept_migration", job=jobs, to=jobs),
        call("dispute", subject=st.one_of(jobs, keepers)),
        call("resolve", subject=st.one_of(jobs, keepers)),
        call("bond", keeper=keepers, amount=amounts, token=st.sampled_from(["kp3r", "taxed"])),
        call("activate", keeper=keepers),
        call("unbond", keeper=keepers, amount=amounts),
        call("withdraw", keeper=keepers),
        call("slash", keeper=keepers, amount=amounts),
        call("revoke", keeper=keepers),
        call("swap", tick=st.integers(-24_000, -20_000)),
        call("swap", pool=st.just("dai_pool"), tick=st.integers(-54_000, -50_000)),
        call("provide", liquidity=amounts, lower=st.just(-22_400), upper=st.just(-21_600)),
        call("set_parameter", name=st.just("rewardPeriodTime"), value=st.integers(86_400, 900_000)),
        call("set_parameter", name=st.just("unbondTime"), value=st.integers(0, 900_000)),
    ]
    if version in SIDECHAINS:
        found.append(call("set_oracle", pool=st.sampled_from(["pool", "dai_pool"]), pair=pairs))
        found.append(call("deposit", amount=amounts))
    else:
        # On the sidechain a chosen amount may be what some price in USD gives; elsewhere nothing may be, of nothing.
        found.append(call("bonded_payment", **of_job, amount=st.integers(10**15, 6 * ONE)))
    return st.lists(st.one_of(found), min_size=25, max_size=60)


def scenario(version, script):
    """The script on two pools, a second job, and roles that may dispute and slash."""
    second = [*SECOND[:4], *([{"do": "set_oracle", "pair": "dai_pair", "pool": "dai_pool"}] * (version in SIDECHAINS))]
    setup = [*(ON_SIDECHAIN if version in SIDECHAINS else SETUP), *second, *SECOND[4:]]
    setup += [{"do": "add_job", "job": "other"}, {"do": "add_slasher"}, {"do": "add_disputer"}]
    return scenario_from(
        {
            "name": "random",
            "version": version,
            "setup": setup,
            "script": script,
            "pools": {"dai_pool": DAI_POOL},
            "token_fees": {"taxed": 100},
            "views_every": "4d",
        }
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_random_script_replays_clean_to_the_same_state(version):
    """Every event is predicted, every reading agrees, the ledger balances, and both end in the same state."""

    @settings(max_examples=20, phases=[Phase.generate])
    @given(calls(version))
    def holds(script):
        simulation = simulate(scenario(version, script))
        with tempfile.TemporaryDirectory() as folder:
            write_lake(simulation, Path(folder) / "lake")
            lake = Lake.open(Path(folder) / "lake")
            audited = audit(lake, ledger=True)
            replayed = replay_contract(lake, keep3r_contracts(lake)[0], None, None, Options())
        assert audited.findings == []
        assert audited.summary["readings"]["undetermined"] == 0
        assert replayed.protocol.state() == simulation.world.protocol.state()

    holds()
