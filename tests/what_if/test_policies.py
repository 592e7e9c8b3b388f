"""Keepers that leave out what is not worth its gas, the gas of a reset, credits that a job is given."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from histories import DATA

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.audit.gas_shares import GasShare, gas_shares
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from keep3r_replay.protocols.keep3r_v2.what_if.policies import Policies
from keep3r_replay.protocols.keep3r_v2.what_if.prices import FORMULA
from keep3r_replay.protocols.keep3r_v2.what_if.run import what_if

RECORDING = DATA / "open-v2.3-fuzz-mixed-101"
OLD = DATA / "open-v2.1-fuzz-dense-104"
pytestmark = pytest.mark.slow


def _paid_gas(baseline, number):
    """What a work's transaction paid for gas, from the lake's table, over its works; None if it is not there."""
    works = baseline.works
    digest = works["transaction_hash"][number]
    rows = baseline.lake.scan("transactions").filter(pl.col("hash") == digest).collect().rows(named=True)
    count = (works["transaction_hash"] == digest).sum()
    return None if count != 1 else rows[0]["gas_used"] * int(rows[0]["effective_gas_price"])


def test_the_first_work_below_its_cost_is_the_first_left_out(baseline_of):
    """Up to it all is as it was; its payment, at its quote, is worth less than the gas, as none before is."""
    baseline = baseline_of(RECORDING)
    plain = what_if(baseline, Overlay()).works.done
    worths = [
        (number, done.payment * 10**18 // done.one_eth_quote, cost)
        for number, done in enumerate(plain)
        if done.one_eth_quote and done.status == "paid" and (cost := _paid_gas(baseline, number))
    ]
    ratios = sorted(worth * 100 // cost for _, worth, cost in worths)
    least = ratios[len(ratios) // 2]
    run = what_if(baseline, Overlay(skip_below=f"{least}/100")).works.done
    skipped = [number for number, done in enumerate(run) if done.error == "BelowCost"]
    expected = next(number for number, worth, cost in worths if worth * 100 < cost * least)
    alone = [number for number in skipped if _paid_gas(baseline, number)]
    assert alone[0] == expected
    assert run[:expected] == plain[:expected]
    assert (run[expected].status, run[expected].payment) == ("dropped", 0)
    assert run[expected].credits_after == run[expected].credits_before
    shares = gas_shares(baseline.lake, baseline.works, None)
    kept = [(done, share.paid) for done, share in zip(run, shares, strict=True) if done.status == "paid"]
    assert all(
        done.payment * 10**18 // done.one_eth_quote * 100 >= paid * least
        for done, paid in kept
        if done.one_eth_quote and paid is not None
    )


def test_what_an_overlay_adds_to_the_base_fee_is_cost():
    """A share of 10 gas that paid 100 wei costs 110 where the base fee is one higher; at cost a work is done."""
    policies = Policies([GasShare(100, 10)], Fraction(1))
    assert not policies.skips(0, 100, 10**18)
    assert policies.skips(0, 99, 10**18)
    policies.added_fee = 1
    assert policies.skips(0, 109, 10**18)
    assert not policies.skips(0, 110, 10**18)
    assert not policies.skips(None, 0, 10**18)


def test_smaller_payments_leave_out_more(baseline_of):
    """With boosts of a hundredth more works are not worth their gas."""
    baseline = baseline_of(RECORDING)
    cheap, dear = (
        sum(done.error == "BelowCost" for done in what_if(baseline, Overlay(skip_below="1", **more)).works.done)
        for more in ({"max_boost": 11_000}, {"max_boost": 100, "min_boost": 100})
    )
    assert dear > cheap


def test_a_reset_that_moves_takes_its_gas_along(baseline_of):
    """Without another change nothing happens; where the work of a reset is dropped, the job's next one pays for it."""
    baseline = baseline_of(RECORDING)
    plain = what_if(baseline, Overlay()).works
    assert what_if(baseline, Overlay(reset_gas=50_000)).works.done == plain.done
    jobs, hashes = baseline.works["job"].to_list(), baseline.works["transaction_hash"].to_list()
    formula = [number for number, work in enumerate(baseline.measured) if work.amount_is == FORMULA]
    for number in formula:
        following = next((each for each in formula if each > number and jobs[each] == jobs[number]), None)
        alone = hashes.count(hashes[number]) == 1
        if not plain.resets[number] or following is None or plain.resets[following] or not alone:
            continue
        dropped = Overlay(drop_works=[hashes[number]], reset_gas=50_000)
        run = what_if(baseline, dropped).works
        if not run.resets[following] or run.done[following].status != "paid":
            continue
        done, gas = run.done[following], baseline.measured[following].gas
        used = gas + 50_000 + done.extra_gas
        assert done.payment == used * done.boost // 10_000 * done.one_eth_quote // 10**18
        return
    raise AssertionError("no reset of the recording moves so")


def test_credits_given_are_the_jobs(baseline_of):
    """So many wei are forced, and nothing else is: the sums of the job balance, and it holds more right after."""
    baseline = baseline_of(RECORDING)
    job = baseline.works["job"].mode().sort()[0]
    block = int(baseline.works.filter(pl.col("job") == job)["block_number"][-1])
    given = {"credits_job": job, "credits_add": 7 * 10**18, "credits_block": block}
    plain, run, listed = (
        what_if(baseline, overlay)
        for overlay in (
            Overlay(),
            Overlay(**given),
            Overlay(credits=[{"job": job, "amount": 7 * 10**18, "block": block}]),
        )
    )
    forced = [each.sums.get((job, "forced"), 0) for each in (plain, run)]
    assert forced[1] - forced[0] == 7 * 10**18
    assert run.sums == listed.sums
    assert run.works.done[: len(plain.works.done)] == plain.works.done


def test_policies_that_cannot_be_are_refused(baseline_of):
    """Versions without a quote of ETH, amounts below 0, credits of nobody or at no block."""
    with pytest.raises(UsageError, match="skip_below"):
        what_if(baseline_of(OLD), Overlay(skip_below="1"))
    with pytest.raises(UsageError, match="reset_gas"):
        what_if(baseline_of(OLD), Overlay(reset_gas=1))
    for wrong in (
        {"credits_add": 1},
        {"credits_add": -1, "credits_job": "0x1"},
        {"reset_gas": -1},
        {"skip_below": "-1"},
    ):
        with pytest.raises(UsageError, match="overlay"):
            Overlay(**wrong)
    baseline = baseline_of(RECORDING)
    with pytest.raises(UsageError, match="credits_block"):
        what_if(baseline, Overlay(credits_add=1, credits_job=baseline.works["job"][0]))
