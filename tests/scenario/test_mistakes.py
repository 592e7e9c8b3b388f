"""Mistakes in a scenario: each is one line that says where and what to do, and leaves no lake behind."""

from __future__ import annotations

import pytest

from keep3r_replay.errors import Keep3rReplayError, UsageError
from keep3r_replay.protocols.keep3r_v2.scenario.script import scenario_from
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from pipelines.cli import main
from tests.scenario.scripts import SETUP, played, words

WORK = {"do": "work", "gas": 300_000}
FILE = """
name: mine
setup:
  - {do: create_pool, tick: -22000}
  - {do: grow_observations, to: 100}
  - {do: provide, liquidity: "9000e18"}
  - {wait: 12d}
  - {do: approve_liquidity}
  - {do: add_job, job: job}
  - {do: bond, amount: "50e18"}
  - {wait: 73h}
  - {do: activate}
  - {do: mint_liquidity, amount: "4e18"}
  - {do: add_liquidity, job: job, amount: "4e18"}
script:
  - {wait: 6d}
  - {do: work, gas: 300000}
"""


@pytest.mark.parametrize(
    ("script", "place", "said"),
    [
        ([{**WORK, "keeper": "bob"}], 0, "KeeperInvalid at .* s; bond and activate the keeper first"),
        ([{**WORK, "job": "other"}], 0, "JobUnapproved at .* s; add_job first"),
        ([{"do": "add_job", "job": "poor"}, {**WORK, "job": "poor"}], 1, "the job never had credits: add_liquidity"),
        ([{"do": "token_payment", "token": "dai", "amount": 5, "gas": 5}], 0, "add_token_credits first"),
        ([{"do": "bond", "keeper": "bob"}, {"do": "activate", "keeper": "bob"}], 1, "wait longer than bondTime"),
        ([{"do": "unbond"}, {"do": "withdraw"}], 1, "UnbondsUnexistent at .* s; unbond first"),
        ([{"do": "unbond", "amount": 5}, {"do": "withdraw"}], 1, "wait longer than unbondTime"),
        ([{"do": "dispute", "subject": "job"}], 0, "add_disputer first"),
        (
            [{"do": "add_liquidity", "job": "job", "amount": "5e18"}],
            0,
            r"Panic\(0x11\) at .* more is taken than there is",
        ),
        ([{"do": "burn_liquidity", "amount": 5, "provider": "bob"}], 0, "more is taken than there is"),
        ([{"do": "add_liquidity", "job": "job", "amount": 5, "provider": "bob"}], 0, "more is taken"),
        ([{"do": "provide", "liquidity": "1e37"}], 0, "more liquidity than a pool takes"),
        ([{"do": "remove", "liquidity": "1e37"}], 0, "less liquidity in that position"),
        ([{**WORK, "gas": -5}], 0, "gas: -5 is below 0"),
        ([{**WORK, "may_revert": "yes"}], 0, "may_revert is true or false"),
        ([{"do": "add_token_credits", "job": "job", "token": "kp3r", "amount": 5}], 0, "name another token"),
        ([{"do": "set_parameter", "name": "fee", "value": 20_000}], 0, "more than the whole"),
        ([{"do": "set_parameter", "name": "kp3rWethPool", "value": "pool"}], 0, "has no such function"),
        ([{"do": "set_parameter", "name": 5, "value": 5}], 0, "goes by the name of its view"),
        ([{"do": "set_helper_parameter", "name": "minbost", "value": 5}], 0, "did you mean 'minBoost'"),
        (
            [{"do": "set_parameter", "name": "keep3rHelper", "value": "new"}, {"wait": "6d"}, WORK],
            2,
            "is none of these",
        ),
        ([{"do": "accept_governance"}], 0, "propose_governance first"),
        ([{"do": "propose_governance", "to": "heir", "of": "job"}], 0, "there is no helper 'job'"),
        ([{"do": "bond", "keeper": "0x12"}], 0, "0x and 40 digits"),
        ([{"do": "swap", "amount_in": 0}], 0, "swap more than nothing"),
        ([{"do": "create_pool", "tick": 5}], 0, "the pool exists already"),
        ([{"do": "bond", "amount": 2**128 - 1}], 0, "amount: an amount is 0 or more, and of at most 38 digits"),
        ([{"do": "bond", "amount": "3.4e38"}], 0, "amount: an amount is 0 or more, and of at most 38 digits"),
        ([{"do": "bond", "amount": "1e999999999"}], 0, "at most 38 digits"),
        ([{"do": "bond", "amount": "9" * 5_000}], 0, "is no amount"),
        ([{"do": "bond", "amount": "\u0665"}], 0, "is no amount"),
        ([{"wait": "\u0665d"}], 0, "is no duration"),
        ([{"wait": "9" * 5_000 + "d"}], 0, "is no duration"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_a_way_out(script, place, said):
    """A call that can not be as it stands ends the simulation with one line: the step, the error, what to do."""
    with pytest.raises(UsageError, match=said) as caught:
        played(*script)
    assert str(caught.value).startswith(f"scenario.script[{place}]: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"fees": {"path": "walk", "seed": 1, "step": -1}}, "fees.step: -1 is not between 0 and 1000"),
        ({"fees": {"path": "walk", "seed": 1, "floor": 9, "cap": 5}}, "the floor of 9 wei lies above the cap"),
        ({"fees": {"path": "walk"}}, "scenario.fees: 'seed' is missing"),
        ({"fees": {"path": "lake", "lake": "/nowhere"}}, "no such lake"),
        ({"market": {"path": "lake", "lake": "/nowhere"}}, "no such lake"),
        ({"market": [5]}, "a mapping is wanted"),
        ({"token_fees": {"dai": 20_000}}, "token_fees.dai: 20000 is not between 0 and 10000"),
        ({"parameters": {"rewardPeriodTime": 0}}, "a rewardPeriodTime of 0 divides by zero"),
        ({"parameters": {"bondTime": "3 weeks"}}, "parameters.bondTime: '3 weeks' is no amount"),
        ({"views_every": 1, "script": [{"wait": "20d"}]}, "readings are more than 1,000,000"),
        ({"start": 10**12}, "the contracts' clock ends"),
    ],
)
def test_a_part_that_can_not_be(parts, said):
    """What is wrong with a part beside the script is told in one line, with its name."""
    with pytest.raises(Keep3rReplayError, match=said) as caught:
        simulate(scenario_from({"name": "x", "setup": SETUP, **parts}))
    assert "\n" not in str(caught.value)


def test_a_scenario_without_calls_is_refused():
    """There is nothing to play in it."""
    with pytest.raises(UsageError, match="neither setup nor script calls anything"):
        simulate(scenario_from({"name": "x"}))


def test_a_mistake_may_be_meant():
    """A work of somebody who is no keeper goes on as a failed transaction where the script says that it may."""
    simulation = played({**WORK, "keeper": "bob", "may_revert": True})
    assert [attempt.revert for attempt in simulation.reverted] == ["KeeperInvalid"]
    with pytest.raises(UsageError, match="InsufficientFunds"):
        played({**WORK, "gas": 14_000_000, "may_revert": False})


def test_times_may_be_durations():
    """Parameters that are times take durations, as waits do."""
    simulation = played(
        {"do": "set_parameter", "name": "unbondTime", "value": "10d"},
        {"do": "set_helper_parameter", "name": "quote_twap_time", "value": "20m"},
        parameters={"bondTime": "2d"},
    )
    keep3r = simulation.world.keep3r
    assert (keep3r.parameters.bond_time, keep3r.parameters.unbond_time) == (172_800, 864_000)
    assert words(simulation, "QuoteTwapTimeChange") == [[1_200]]


def test_tokens_of_a_pair_are_whose_they_are():
    """Who was given a pair manager's tokens can add them; a call that reverts gives them back."""
    simulation = played(
        {"do": "mint_liquidity", "amount": "5e18"},
        {"do": "transfer_liquidity", "amount": "3e18", "to": "friend"},
        {"do": "add_liquidity", "job": "nobody", "amount": "3e18", "provider": "friend", "may_revert": True},
        {"do": "add_liquidity", "job": "job", "amount": "3e18", "provider": "friend"},
    )
    assert [attempt.revert for attempt in simulation.reverted] == ["JobUnavailable"]
    assert words(simulation, "LiquidityAddition")[-1][3] == 3 * 10**18


@pytest.mark.slow
def test_a_scenario_of_a_file(tmp_path, capsys):
    """A YAML file anywhere is played as it stands, with the changes of the command line."""
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    arguments = [f"lake={tmp_path / 'lake'}", "scenario.version=v2_2", "scenario.fees={path: constant, base_fee: 5}"]
    assert main(["simulate", f"scenario={path}", *arguments]) == 0
    assert "simulated mine (Keep3r 2.2)" in capsys.readouterr().out
    assert main(["replay", f"lake={tmp_path / 'lake'}", f"results={tmp_path / 'results'}"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        (None, [], "no such file; say scenario=NAME"),
        ("script: [", [], "while parsing"),
        ("- 5", [], "a scenario is a mapping"),
        ("", [], "'name' is missing"),
        ("defaults: [x]", [], "'defaults' are for scenarios in conf/scenario"),
        (FILE, ["scenario.fees.base_fee=[1"], "say scenario.PART=VALUE"),
        (FILE, ["scenario.versoin=v2_2"], "did you mean 'version'"),
        (FILE, ["draw=charts"], "say scenario.views_every=4h"),
        (FILE.replace("300000", "2.5e5"), [], "gas: 250000.0 is no whole number"),
        (FILE.replace('"4e18"', "4e18"), [], r"setup[9]: amount: 4e+18 is no amount; say a whole number or a text"),
        (FILE.replace("12d", "12 moons"), [], "'12 moons' is no duration"),
        (FILE.replace("do: approve", "do: aprove"), [], "did you mean 'approve_liquidity'"),
    ],
)
def test_a_mistake_in_a_file_is_one_line(text, more, said, tmp_path, monkeypatch, capsys):
    """A file that can not be read or played is refused with one line, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "mine.yaml").write_text(text)
    assert main(["simulate", "scenario=mine.yaml", "lake=lake", *more]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ([] if text is None else ["mine.yaml"])
