"""Local chains for the tests of extraction. A chain starts in a third of a second, so every test has its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.node.anvil import Anvil
from tests.node.keep3r_chain import Keep3rChain

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder as needing a node."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.node)


@pytest.fixture
def node() -> Iterator[Anvil]:
    """Return a fresh local chain."""
    with Anvil("--hardfork", "london") as anvil:
        yield anvil


@pytest.fixture
def chain(node: Anvil) -> Keep3rChain:
    """Return Keep3r 2.0 after 150 lively blocks and 64 quiet ones, so that the lively ones are final."""
    keep3r = Keep3rChain(node)
    keep3r.live(150, seed=1)
    node.mine(64)
    return keep3r
