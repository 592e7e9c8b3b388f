"""A node with each of the named faults, one after the other: what docs/extraction.md promises of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from histories import ROOT
from soak.faults import BREAKAGES, FAULTS, LIES
from soak.node import FaultyNode, content, extract
from soak.synthetic import Chain

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 900


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a lake that an honest node gave."""
    lake = tmp_path_factory.mktemp("honest") / "lake"
    with FaultyNode(Chain(HEAD), 0) as node:
        extract(lake, node.url)
    return content(lake)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_now_and_then_changes_no_byte(fault: str, tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    """Where a fifth of the answers has the fault, the lake has the bytes of an honest node's."""
    with FaultyNode(Chain(HEAD), 1) as node:
        node.on, node.share = (fault,), 0.2 if fault in BREAKAGES else 0.5
        node.left = 1 if "once" in fault else 3
        extract(tmp_path / "lake", node.url)
        assert node.served.get(fault, 0) > 0
    assert content(tmp_path / "lake") == undisturbed


def test_the_docs_tell_of_every_fault_and_of_no_other() -> None:
    """The table in the docs names the faults of these tests, in their order."""
    page = (ROOT / "docs" / "extraction.md").read_text()
    table = page.split("## Fault by fault\n")[1].split("\n## ")[0]
    named = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert named == [*LIES, *BREAKAGES]
