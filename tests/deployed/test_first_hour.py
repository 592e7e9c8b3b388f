"""What the first hour with a node costs: the questions of each step by method, as the page on deployments says."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from histories import ROOT

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.extract.views import questions_at
from tests.deployed.handover import LAST_HELPER, VERSIONS, HandOver
from tests.deployed.sparse_chain import SparseChain
from tests.deployed.stand_ins import known, stand_ins
from tests.node.lakes import run

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "deployments.md").read_text()


class Counted(SparseChain):
    """Counts what is asked, by method."""

    def __init__(self, history: HandOver, codes: dict[str, str]) -> None:
        super().__init__(history, codes)
        self.calls: Counter[str] = Counter()

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        self.calls[call["method"]] += 1
        return super()._answer(call)


def told(step: str) -> dict[str, int]:
    """The page's row of a step, by method."""
    head, rows = re.split(r"^\| step, calls \|", PAGE, flags=re.MULTILINE)[1].split("|\n", 1)
    row = re.findall(rf"^\| {step} \|(.*)\|$", rows, re.MULTILINE)[0]
    names = [each.strip(" `") for each in head.split("|")]
    values = [int(each.replace(",", "")) for each in row.split("|")]
    return {name: value for name, value in zip(names, values, strict=True) if name.startswith("eth_") and value}


@pytest.mark.slow
def test_each_step_asks_what_the_page_says(tmp_path: Path) -> None:
    """A plan, a rehearsal, the whole history, a run that finds nothing new, readings: call by call."""
    history = HandOver()
    named = {each.keep3r: f"keep3r {each.version}" for each in VERSIONS}
    named |= {each.helper: f"keep3r_helper {each.helper_version}" for each in VERSIONS}
    codes = stand_ins(named | {LAST_HELPER: "keep3r_helper 2.2"})
    deployment, lake = "deployment=keep3r_v2_mainnet", tmp_path / "lake"
    counts: dict[str, dict[str, int]] = {}
    with known(codes.values()), Counted(history, codes) as node:

        def step(name: str, *arguments: str) -> None:
            node.calls.clear()
            assert run(node.url, *arguments) == 0
            counts[name] = dict(node.calls)

        step("first contact and plan", "extract", deployment, f"lake={lake}", "plan=true")
        step("all of it", "extract", deployment, f"lake={lake}")
        node.answer_views(node.head - 19_999, questions_at(Lake.open(lake), node.head))
        step("a rehearsal", "rehearse", deployment, f"lake={tmp_path / 'window'}", "blocks=20000")
        step("at the end", "extract", deployment, f"lake={lake}", f"readings=[{node.head}]")
        step("once more", "extract", deployment, f"lake={lake}")
    assert counts == {name: told(name) for name in counts}
