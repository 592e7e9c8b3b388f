"""Calls of a script: what each does to the model, what it emits, and how it fails."""

from __future__ import annotations

import pytest
from audits import audit
from histories import SAMPLE

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import amount, duration
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import CALLS, simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from tests.scenario.scripts import own, played, words

WORK = {"do": "work", "gas": 300_000}
EVERYTHING = (
    {"wait": "6d"},
    {"do": "add_job", "job": "other", "owner": "other_owner"},
    WORK,
    {"do": "bonded_payment", "amount": "0.01e18", "gas": 90_000},
    {"do": "add_token_credits", "job": "job", "token": "dai", "amount": "100e18"},
    {"do": "token_payment", "token": "dai", "amount": "30e18", "gas": 90_000},
    {"do": "swap", "amount_in": "5e18", "sells": "weth"},
    {"do": "set_parameter", "name": "fee", "value": 50},
    {"do": "set_helper_parameter", "name": "minBoost", "value": 11_500},
    {"do": "add_slasher"},
    {"do": "add_disputer"},
    {"do": "force_credits", "job": "job", "amount": "3e18"},
    {"wait": "1h"},
    {"do": "withdraw_token_credits", "job": "job", "token": "dai", "amount": "10e18"},
    {"do": "unbond", "amount": "5e18"},
    {"do": "dispute", "subject": "keeper"},
    {"do": "slash", "keeper": "keeper", "amount": "1e18", "unbonding": "2e18"},
    {"do": "revoke", "keeper": "keeper"},
    {"do": "resolve", "subject": "keeper"},
    {"do": "dispute", "subject": "job"},
    {"do": "slash_tokens", "job": "job", "token": "dai", "amount": "20e18"},
    {"do": "slash_liquidity", "job": "job", "amount": "0.5e18"},
    {"do": "resolve", "subject": "job"},
    {"do": "migrate_job", "job": "job", "to": "other"},
    {"wait": "2m"},
    {"do": "accept_migration", "job": "job", "to": "other"},
    {"do": "change_ownership", "job": "other", "to": "heir"},
    {"do": "accept_ownership", "job": "other", "owner": "heir"},
    {"do": "unbond_liquidity", "job": "other", "amount": "3.5e18"},
    {"do": "mint_liquidity", "amount": "1e18"},
    {"do": "transfer_liquidity", "amount": "1e18", "to": "friend"},
    {"do": "burn_liquidity", "amount": "1e18", "provider": "friend"},
    {"wait": "15d"},
    {"do": "withdraw_liquidity", "job": "other", "receiver": "heir"},
    {"do": "provide", "liquidity": "3e18", "lower": -23_000, "upper": -19_000},
    {"do": "remove", "liquidity": "2e18", "lower": -23_000, "upper": -19_000},
    {"do": "validate"},
    {"do": "propose_governance", "to": "new_governance"},
    {"do": "accept_governance"},
    {"do": "remove_slasher"},
    {"do": "remove_disputer"},
    {"do": "revoke_liquidity"},
    {"do": "withdraw", "may_revert": True},
)
OF_THE_SIDECHAIN = {"set_oracle", "deposit", "deliver", "sync_observations"}
"""Calls that only the sidechain's contracts have."""


def test_every_call_is_played_and_replays_clean(tmp_path):
    """One script uses every call there is on a mainnet; the replay predicts each event and each view, as simulated."""
    simulation = simulate(own(*EVERYTHING, views_every="12h"))
    assert {attempt.call for attempt in simulation.attempts} == set(CALLS) - OF_THE_SIDECHAIN
    assert [(attempt.call, attempt.revert) for attempt in simulation.reverted] == [("withdraw", "UnbondsUnexistent")]
    write_lake(simulation, tmp_path / "lake")
    audited = audit(Lake.open(tmp_path / "lake"), ledger=True)
    assert audited.summary["verdict"] == "clean", audited.findings[:3]
    assert audited.summary["events"]["mismatched"] == 0


def test_a_reverted_call_leaves_a_failed_transaction_and_nothing_else():
    """A work that finds no credits changes nothing in the model and has no logs, but stands in the chain."""
    plain, with_attempt = played(), played({**WORK, "gas": 14_000_000})
    assert [attempt.revert for attempt in with_attempt.reverted] == ["InsufficientFunds"]
    assert with_attempt.chain.transactions[-1].status == 0
    assert len(with_attempt.chain.logs) == len(plain.chain.logs)
    assert with_attempt.world.protocol.state() == plain.world.protocol.state()


def test_events_of_a_work_come_in_the_contract_s_order():
    """The validation comes first, then the reward of the new period and the top-up, then the payment."""
    simulation = played({"wait": "11d"}, {**WORK, "gas": 13_000_000})
    last = [log for log in simulation.chain.logs if log.block == simulation.chain.logs[-1].block]
    assert len(last) == 4
    assert [len(log.data) // 32 for log in last] == [1, 3, 3, 2]


def test_the_payment_is_the_formula_s():
    """In 2.3 a work pays for its gas and the extra gas, at boost and live price, to the wei."""
    simulation = played({"wait": "6d"}, WORK, fees={"base_fee": 40_000_000_000})
    keep3r, now = simulation.world.keep3r, simulation.chain.blocks[-1].timestamp
    helper = keep3r.helpers[keep3r.parameters.keep3r_helper]
    boost, quote, extra = helper.payment_parameters(50 * 10**18, now, 40_000_000_000)
    assert boost == 11_250 * 42_000_000_000
    assert words(simulation, "KeeperWork")[0][3] == (300_000 + extra) * boost // 10_000 * quote // 10**18


def test_a_given_payment_is_for_versions_that_tell_no_gas():
    """In 2.1 the script may give the payment; in 2.3 that is refused, since the gas decides."""
    work = {**WORK, "payment": "0.1e18"}
    assert words(played({"wait": "6d"}, work, version="2.1"), "KeeperWork")[0][3] == 10**17
    with pytest.raises(UsageError, match="the payment follows from the gas"):
        played({"wait": "6d"}, work)


def test_a_period_is_a_day_at_least():
    """Governance cannot set a reward period below the contract's constant, and can set it to that."""
    short = {"do": "set_parameter", "name": "rewardPeriodTime", "value": 86_399, "may_revert": True}
    simulation = played(short, {**short, "value": "1d"})
    assert [attempt.revert for attempt in simulation.reverted] == ["MinRewardPeriod"]
    assert simulation.world.keep3r.parameters.reward_period_time == 86_400


def test_constructor_parameters():
    """Parameters of the script are the constructor's: no event tells them, and the model starts with them."""
    simulation = played(parameters={"rewardPeriodTime": 86_400, "unbondTime": "3600"}, helper={"minBoost": 10_500})
    state = simulation.world.keep3r
    assert (state.parameters.reward_period_time, state.parameters.unbond_time) == (86_400, 3_600)
    assert state.helpers[state.parameters.keep3r_helper].parameters.min_boost == 10_500
    with pytest.raises(UsageError, match="did you mean 'unbondTime'"):
        played(parameters={"unbondtime": 3})


@pytest.mark.slow
def test_contracts_of_a_real_deployment(audited_recordings):
    """A scenario may be played on the contracts of a lake; what it says of parameters still holds."""
    lake = audited_recordings(SAMPLE / "recording").lake
    simulation = played(WORK, version="2.2", deployment=str(lake.path), parameters={"fee": 77})
    keep3r = simulation.world.keep3r
    contract = next(each for each in lake.deployment.contracts if each.role == "keep3r")
    assert keep3r.address == contract.address
    assert keep3r.parameters.fee == 77
    assert str(keep3r.parameters.bond_time) == lake.deployment.initial_state[contract.address]["bondTime"]
    assert lake.deployment.initial_state[contract.address]["fee"] == "30"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"do": "bnod"}, "did you mean 'bond'"),
        ({"do": "bond", "amont": 3}, "did you mean 'amount'"),
        ({"do": "add_liquidity", "job": "job"}, "'amount' is missing"),
        ({"do": "bond", "amount": -1}, "0 or more"),
        ({"do": "bond", "amount": 1.5}, "no amount"),
        ({"do": "bond", "keeper": 7}, "names nobody"),
        ({"do": "activate", "keeper": "bob"}, "activate reverts with BondsUnexistent"),
        ({"do": "add_job", "job": "job"}, "add_job reverts with JobAlreadyAdded"),
        ({"do": "work"}, "one of gas and gas_left"),
        ({"do": "work", "gas": 1, "gas_left": 1}, "one of gas and gas_left"),
        ({"do": "work", "gas": 10**9}, "gas at first"),
        ({"do": "swap"}, "one of tick and sqrt_price_x96"),
        ({"do": "swap", "amount_in": 5, "sells": "eth"}, "of kp3r and weth"),
        ({"do": "swap", "tick": 900_000}, r"swap reverts with Error\(T\)"),
        ({"do": "grow_observations", "to": 70_000}, "at most 65,535"),
        ({"do": "set_parameter", "name": "bondtime", "value": 1}, "unknown 'bondtime'"),
        ({"do": "set_parameter", "name": "rewardPeriodTime", "value": 0}, "divides by zero"),
    ],
)
def test_a_wrong_call_is_named(item, said):
    """What a call asks wrong is told in one line, with its place in the script."""
    with pytest.raises(UsageError, match=said) as caught:
        played(item)
    assert "script[0]" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wei"), [(5, 5), ("5", 5), ("2.5e18", 25 * 10**17), ("1.50e1", 15), ("0e5", 0), ("3e0", 3)]
)
def test_amounts(text, wei):
    """Amounts are exact whole numbers, however they are written."""
    assert amount(text, "here") == wei


@pytest.mark.parametrize("text", ["1.5", "1.55e1", "x", "", 2.0, None, True, "1e38", -1, "1e400", "0x5"])
def test_no_amounts(text):
    """What is not whole, too large or no number is refused, never rounded."""
    with pytest.raises(UsageError, match=r"^here: "):
        amount(text, "here")


def test_durations():
    """Durations are seconds, or a number with its unit."""
    assert [duration(text, "here") for text in (7, "7s", "2m", "36h", "5 d")] == [7, 7, 120, 129_600, 432_000]
