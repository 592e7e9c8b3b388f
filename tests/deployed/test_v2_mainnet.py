"""Keep3r V2's configuration for mainnet, as it is, on a chain where 2.0, 2.1 and 2.2 follow each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from audits import audit

from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.extract.views import questions_at
from tests.deployed.handover import LAST_HELPER, VERSIONS, HandOver
from tests.deployed.sparse_chain import SparseChain
from tests.deployed.stand_ins import known, stand_ins
from tests.node.lakes import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def codes() -> Iterator[dict[str, str]]:
    """Stand-ins by address, known as the code of their versions."""
    named = {each.keep3r: f"keep3r {each.version}" for each in VERSIONS}
    named |= {each.helper: f"keep3r_helper {each.helper_version}" for each in VERSIONS}
    made = stand_ins(named | {LAST_HELPER: "keep3r_helper 2.2"})
    with known(made.values()):
        yield made


@pytest.fixture(scope="module")
def history() -> HandOver:
    """The three versions' history."""
    return HandOver()


@pytest.fixture(scope="module")
def lake(history: HandOver, codes: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake of the whole history."""
    folder = tmp_path_factory.mktemp("extracted") / "lake"
    with SparseChain(history, codes) as node:
        assert run(node.url, "extract", "deployment=keep3r_v2_mainnet", f"lake={folder}") == 0
    return Lake.open(folder)


def test_the_configuration_as_it_is_takes_the_whole_history(history: HandOver, lake: Lake) -> None:
    """Every contract and log of all three is found, at its block; each Keep3r replays clean to its last work."""
    assert lake.scan("logs").collect().height == len(history.chain.logs)
    made = audit(lake)
    assert made.summary["verdict"] == "clean"
    assert made.summary["findings"] == {}
    for version, found in zip(VERSIONS, made.summary["contracts"], strict=True):
        assert (found["keep3r"], found["version"]) == (version.keep3r, version.version)
        assert found["events"]["mismatched"] == 0
        assert found["works"]["exact"] + found["works"]["interval"] == sum(found["works"].values()) >= 18


def test_the_configuration_as_it_is_is_rehearsed(
    history: HandOver, codes: dict[str, str], lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last 20,000 blocks, from the readings of all three before them: nothing is found, and no reading differs."""
    blocks = 20_000
    with SparseChain(history, codes) as node:
        node.answer_views(node.head - blocks + 1, questions_at(lake, node.head))
        arguments = ["deployment=keep3r_v2_mainnet", f"blocks={blocks}", f"lake={tmp_path / 'lake'}"]
        assert run(node.url, "rehearse", *arguments) == 0
    page = capsys.readouterr().out
    assert "from its readings" in page
    assert ", 0 not as predicted" in page
    assert ", 0 differ" in page
    assert int(re.search(r"readings +(\d+)  compared", page.replace(",", ""))[1]) > 100


def test_code_of_another_version_is_refused(
    history: HandOver, codes: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where 2.1's code stands at 2.0's address, first contact ends the run at that setting."""
    first, second = VERSIONS[:2]
    with SparseChain(history, codes | {first.keep3r: codes[second.keep3r]}) as node:
        assert run(node.url, "extract", "deployment=keep3r_v2_mainnet", f"lake={tmp_path / 'lake'}") == 2
    said = capsys.readouterr()
    assert "code of keep3r 2.1" in said.out
    assert first.keep3r in said.out
