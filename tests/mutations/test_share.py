"""A seeded share of all single changes: each is found at its place, or there is a reason why logs cannot tell it."""

from __future__ import annotations

from random import Random

import pytest
from histories import DATA, History, name_of

from mutations.kinds import mutations
from mutations.reasons import reason
from mutations.trial import AT_PLACE, EARLY, LATE, MISSED, REFUSED, trial

RECORDINGS = [
    DATA / name
    for name in (
        "open-v2.0-fuzz-gov-102",
        "open-v2.1-fuzz-dense-104",
        "open-v2.2-fuzz-gov-102",
        "open-v2.3-fuzz-mixed-101",
        "open-v2.3s-fuzz-mixed-101",
    )
]
SHARE = 6
"""Changes of each recording."""
TO_BE_FOUND = (
    "Mint.amount0 changed",
    "Burn.amount1 changed",
    "Mint.tick_lower changed",
    "Initialize.tick changed",
    "LiquidityCreditsReward and pair_manager.Transfer change places",
    "LiquidityCreditsReward and keep3r.KeeperWork change places",
    "with the gas left that fits",
)
"""Ends of the names of kinds that events alone tell at their place, in every version that has them."""


@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS, ids=name_of)
def test_a_share_of_all_changes_is_found(recording, audited_recordings, tmp_path):
    """With the readings and without: nothing is found before the change, nothing is missed or late without a reason."""
    history, random = History(recording), Random(recording.name)
    chosen = random.sample(list(mutations(history, audited_recordings(recording).audit, random, 1)), SHARE)
    for mutation in chosen:
        for outcome in trial(history, mutation, tmp_path / "trial"):
            assert outcome.verdict != EARLY, outcome
            assert outcome.verdict not in {LATE, MISSED} or reason(mutation.kind), outcome


@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS, ids=name_of)
def test_what_events_alone_tell_is_found_at_its_place(recording, audited_recordings, tmp_path):
    """Without readings too: amounts and ticks of pools, their first event, the order of logs, gas that was not used."""
    history, random = History(recording), Random(recording.name)
    found = [
        mutation
        for mutation in mutations(history, audited_recordings(recording).audit, random, 1)
        if mutation.kind.endswith(TO_BE_FOUND)
    ]
    assert found
    for mutation in found:
        for outcome in trial(history, mutation, tmp_path / "trial"):
            assert outcome.verdict in {AT_PLACE, REFUSED}, outcome
            assert outcome.accused == 0 or not mutation.kind.startswith("uniswap"), outcome
