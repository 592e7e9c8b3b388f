"""`keep3r ask question=least`: the least value with which something holds, whether more is better or not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.what_if.goal import goal_from, goal_lines, seek
from pipelines.cli import main

RANGE = (Fraction(0), Fraction(4), Fraction(1, 100))


@pytest.mark.parametrize("least", [Fraction(0), Fraction(1, 100), Fraction(137, 100), Fraction(4)])
def test_of_a_monotone_goal_the_answer_is_exact(least):
    """Whatever the threshold, the search finds it to the step, with few tries, and says that it turns once."""
    sought = seek(lambda value: value >= least, *RANGE, 16)
    assert sought.least == least
    assert sought.is_monotone
    assert len(sought.tried) < 24
    assert all(sought.tried[value] == (value >= least) for value in sought.tried)


def test_a_goal_that_holds_nowhere_or_at_the_wrong_end_has_no_answer():
    """What does not hold at the greatest value is told so, and is not taken for monotone where it held before."""
    nowhere = seek(lambda _: False, *RANGE, 16)
    assert (nowhere.least, nowhere.is_monotone) == (None, True)
    below = seek(lambda value: value < 2, *RANGE, 16)
    assert (below.least, below.is_monotone) == (None, False)
    assert "none: it does not hold at 4" in goal_lines("x", "y", below)[1]


def test_what_is_not_monotone_is_said():
    """With a gap in the middle the answer lies behind the gap, and the turns are named."""
    sought = seek(lambda value: value >= 1 and not Fraction(2) <= value < Fraction(5, 2), *RANGE, 16)
    assert sought.least == Fraction(5, 2)
    assert not sought.is_monotone
    assert sought.turns == [1, 2, Fraction(5, 2)]
    assert any("turns at 1 (holds), 2 (does not), 5/2 (holds)" in line for line in goal_lines("x", "y", sought))


def test_a_goal_compares_numbers_and_names():
    """Of an outcome with itself, or with a number; what is not measured is refused with what is."""
    known = dict.fromkeys(("reverted", "paid_what_if", "paid_baseline"))
    assert goal_from("reverted = 0", known).holds({"reverted": 0})
    assert not goal_from("paid_what_if>paid_baseline", known).holds({"paid_what_if": 5, "paid_baseline": 5})
    assert not goal_from("reverted>=0", known).holds({"reverted": None})
    for text in ("reverted", "reverted=x", "spent=0", "reverted=1.5", ""):
        with pytest.raises(UsageError, match="so_that"):
            goal_from(text, known)


@pytest.mark.slow
def test_the_answer_is_the_last_step_that_a_sweep_changes_at(tmp_path, capfd):
    """One step below the answer the goal fails, and at it it holds, by what-ifs of their own."""
    question = ["ask", "question=least", "parameter=liquidity_factor", "so_that=reverted=0", "high=2", "scan=4"]
    assert main([*question, "step=1/8"]) == 0
    told = capfd.readouterr().out
    (answer,) = [Fraction(line.split()[1]) for line in told.splitlines() if line.startswith("answer")]
    reverted = {}
    for value in (answer, answer - Fraction(1, 8)):
        command = [
            "replay",
            "mode=what_if",
            f"overlay.liquidity_factor={value}",
            f"results={tmp_path}/{value.numerator}",
        ]
        assert main(command) == 0
        line = next(line for line in capfd.readouterr().out.splitlines() if line.startswith("works"))
        reverted[value] = int(line.split(",")[1].split()[0])
    assert reverted[answer] == 0 < reverted[answer - Fraction(1, 8)]
    assert main([*question, "parameter=nothing"]) == 2
