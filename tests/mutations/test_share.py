"""Single changes at places chosen by chance: each is found at its place, or there is a reason why it cannot be."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import pytest
from histories import DATA, History, name_of

from mutations.kinds import Mutation, mutations
from mutations.reasons import reason
from mutations.trial import trial
from mutations.verdicts import AT_PLACE, EARLY, LATE, MISSED, REFUSED

pytestmark = pytest.mark.slow

RECORDINGS = {
    version: DATA / name
    for version, name in {
        "2.0": "open-v2.0-fuzz-gov-102",
        "2.1": "open-v2.1-fuzz-dense-104",
        "2.2": "open-v2.2-fuzz-gov-102",
        "2.3": "open-v2.3-fuzz-mixed-101",
        "sidechain": "open-v2.3s-fuzz-mixed-101",
    }.items()
}
SHARE = 1
"""Changes of each recording, of all kinds."""
MOST_ROOTS = 3


class Claim(NamedTuple):
    """A kind of change (the end of its name) in a version, and whether it is found at its place without readings too.

    Where `alone` is false the readings tell it, at the latest at the end of its block, and without them nobody is
    accused for it.
    """

    kind: str
    version: str
    alone: bool = True


CLAIMS = (
    # No conviction by chance: a lawful own payment that is another lawful one.
    Claim("own_payment payment: 73 wei less", "sidechain", alone=False),
    Claim("own_payment payment: half", "2.1", alone=False),
    # Bounds of 2.0 are narrow.
    Claim("interval payment: 7 to 80 % more", "2.0", alone=False),
    # Who may call; calls both ways; failed transactions; gas; transactions that are missing.
    Claim("direct call: sender replaced by a stranger", "2.2"),
    Claim("a forged KeeperWork behind it", "2.3"),
    Claim("Unbonding doubled (direct call)", "2.1"),
    Claim("direct call: failed, with its logs", "2.0"),
    Claim("call through another contract: gas used one more", "2.1"),
    Claim("with the gas left that fits", "2.3"),
    Claim("direct call: transaction removed", "sidechain"),
    # One cause, one finding: a wrong keeper convicts nobody else.
    Claim("KeeperWork.keeper changed", "2.3"),
    Claim("exact payment: a billionth more", "2.2"),
    # Tokens, prices that are asked once, pools, the order of logs.
    Claim("TokenCreditAddition.amount changed", "2.3"),
    Claim("exact payment: at a price one unit higher", "sidechain", alone=False),
    Claim("IncreaseObservationCardinalityNext removed (direct call)", "2.0"),
    Claim("Mint.amount0 changed", "2.1"),
    Claim("Initialize removed (direct call)", "2.2"),
    Claim("LiquidityCreditsReward and keep3r.KeeperWork change places", "2.3"),
)


@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=name_of)
def test_what_is_not_changed_is_clean(recording, tmp_path):
    """A trial of no change finds and refuses nothing, with the readings and without."""
    history = History(recording)
    block = int(history.blocks[len(history.blocks) // 2]["number"], 16)
    nothing = Mutation("nothing", block, None, "", lambda _: None)
    for outcome in trial(history, nothing, tmp_path / "trial"):
        assert outcome.verdict == MISSED, outcome


@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=name_of)
def test_a_share_of_all_changes_is_found(recording, audited_recordings, tmp_path):
    """With the readings and without: nothing is found before the change, nothing is missed or late without a reason."""
    history, random = History(recording), Random(recording.name)
    chosen = random.sample(list(mutations(history, audited_recordings(recording).audit, random, 1)), SHARE)
    for mutation in chosen:
        for outcome in trial(history, mutation, tmp_path / "trial"):
            assert outcome.verdict != EARLY, outcome
            assert outcome.verdict not in {LATE, MISSED} or reason(mutation.kind), outcome
            assert outcome.roots <= MOST_ROOTS, outcome


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.version} {claim.kind}")
def test_what_is_claimed_of_a_kind_holds_at_a_place_chosen_by_chance(claim, audited_recordings, tmp_path):
    """It is found at its place, with one to three roots, and no payment elsewhere is called wrong."""
    recording = RECORDINGS[claim.version]
    history, random = History(recording), Random(f"{claim.kind} {claim.version}")
    found = [
        mutation
        for mutation in mutations(history, audited_recordings(recording).audit, random, 1)
        if mutation.kind.endswith(claim.kind)
    ]
    assert found, "the recording holds nothing to change so"
    with_readings, without = trial(history, random.choice(found), tmp_path / "trial")
    in_its_block = with_readings.first is not None and with_readings.first.block_number <= with_readings.mutation.block
    assert with_readings.verdict in {AT_PLACE, REFUSED} or (in_its_block and not claim.alone), with_readings
    assert not claim.alone or without.verdict in {AT_PLACE, REFUSED}, without
    assert without.verdict != EARLY, without
    for outcome in (with_readings, without):
        assert outcome.roots <= MOST_ROOTS, outcome
        assert outcome.accused == 0, outcome
