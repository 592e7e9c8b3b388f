"""Scripted histories: a replay of one is clean, and known costs come out of it."""

from __future__ import annotations

import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from tests.kuma.recorded import PROTOCOL, engine

YEAR = 365 * 86_400
START = 1_700_006_400
"""A boundary of four hours."""
BACKING = {"at": 0, "do": "issue", "principal": 5_000_000 * 10**18, "term": 10 * YEAR}


def played(folder, calls, **script):
    """The audit of a script's lake."""
    content = {"protocol": "kuma", "version": "1.0", "start": START, "calls": calls, **script}
    simulation = PROTOCOL.scenarios.simulate(content, "script", folder / "lake").record
    return simulation, engine.audit(Lake.open(folder / "lake"), PROTOCOL, ledger=True)


def one_bond() -> list[dict]:
    """A million at 5 % for a year, backed by more, bought thirty days after maturity."""
    return [
        BACKING,
        {"at": 0, "do": "sell", "bond": 1},
        {"at": 0, "do": "issue", "term": YEAR},
        {"at": 0, "do": "sell", "bond": 2},
        {"at": YEAR + 30 * 86_400, "do": "buy", "bond": 2},
    ]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_simulation_replays_clean(version, tmp_path):
    """Every log that a script leaves is predicted, from inputs, failures included."""
    calls = [
        *one_bond(),
        {"at": 100, "do": "transfer", "amount": 10**18},
        {"at": 200, "do": "fees", "variable": 10, "fixed": 10**15},
        {"at": 300, "do": "issue", "coupon": 1000000001847694957439350563, "term": YEAR},
        {"at": 400, "do": "sell", "bond": 3},
        {"at": 20_000, "do": "buy", "bond": 3},
        {"at": 21_000, "do": "claim", "bond": 3},
        {"at": 22_000, "do": "epoch_length", "seconds": 7_200},
        {"at": 23_000, "do": "transmit", "rate": 1000000000937303470807876290},
        {"at": 24_000, "do": "refresh"},
        {"at": 24_500, "do": "pause"},
        {"at": 24_600, "do": "buy", "bond": 1},
        {"at": 24_700, "do": "unpause"},
    ]
    simulation, found = played(tmp_path, calls, version=version, keeper={"least": 0, "most": 100_000})
    assert simulation.reverted == {"script: calls[15]": "Error(Pausable: paused)"}
    assert found.summary["verdict"] == "clean"
    assert found.summary["events"]["mismatched"] == found.summary["calls"]["mismatch"] == 0
    assert found.summary["calls"]["reverted"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("delay", "excess"),
    [(14_400, 23392805043462957257), (14_401, 23394429561910329540), (604_800, 982946668277075439772)],
)
def test_known_costs_of_a_late_keeper(delay, excess, tmp_path):
    """A bond that matures on a boundary: what so many seconds of delay cost against an expiry at maturity."""
    _, found = played(tmp_path, one_bond(), keeper={"least": delay, "most": delay})
    (row,) = found.tables["late_expiries"].to_dicts()
    assert (row["status"], row["excess_strict"]) == ("late, bought", excess)


def test_a_seed_decides(tmp_path):
    """The same seed gives the same lake, another one another delay."""
    lakes = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        played(folder, one_bond(), seed=seed, keeper={"least": 0, "most": 10**6})
        lakes.append((folder / "lake" / "manifest.json").read_bytes())
    assert lakes[0] == lakes[1] != lakes[2]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"version": "3"}, "version"),
        ({"calls": [{"do": "sell"}]}, "calls[0]"),
        ({"calls": [{"at": 0, "do": "steal"}]}, "steal"),
        ({"calls": [{"at": 0, "do": "sell", "bond": 7}]}, "bond 7"),
        ({"calls": [{"at": 0, "do": "refresh", "category": "XX"}]}, "XX"),
        ({"keepers": {}}, "keepers"),
    ],
)
def test_mistakes_are_told_by_their_place(content, word, tmp_path):
    """A script with a mistake is refused, and the place is named."""
    with pytest.raises(UsageError, match=word.replace("[", r"\[").replace("]", r"\]")):
        PROTOCOL.scenarios.simulate({"start": START, **content}, "script", tmp_path / "lake")
