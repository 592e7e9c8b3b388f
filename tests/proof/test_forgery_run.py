"""Whatever is false in a lake, or told by a node that is asked for proofs, is found at its block and named."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.proof.lies import KINDS
from tests.proof.proving import contradictions
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proof.told import Told


def found(told: Told, lake: Path) -> list[str]:
    """Prove a lake about which something is false; return the contradictions, which must name it, as lines."""
    if told.change is not None:
        told.change(lake)
    with ServedChain(recorded(), told.lie) as node:
        wrong = contradictions(lake, node.url, state=told.state)
    lines = [each.line() for each in wrong]
    assert any(each.block == told.block and each.subject == told.subject for each in wrong), (told, lines)
    assert any(told.names in line for line in lines), (told, lines)
    return lines


QUICK = {"dropped_log", "doubled_log", "changed_input", "changed_header", "receipt_left_out", "other_code"}
"""Kinds of the fast run, one for each way of finding a lie; the seeded run has them all."""


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[] if kind.__name__ in QUICK else [pytest.mark.slow]) for kind in KINDS],
    ids=lambda kind: kind.__name__,
)
def test_a_lie_is_found_at_its_block(kind, lake: Path) -> None:
    """Each kind of lie once."""
    found(kind(Random(1)), lake)


def test_the_lake_that_is_changed_is_proved_unchanged(lake: Path) -> None:
    """Without a lie there is no contradiction, so that what is found above is the lie."""
    with ServedChain(recorded()) as node:
        assert contradictions(lake, node.url, state=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_two_hundred_lies_are_found(seed: int, lake: Path) -> None:
    """Seeded kinds at seeded places: all are found, each at its block and by its name."""
    choose = Random(1_000 + seed)
    found(KINDS[seed % len(KINDS)](choose), lake)
