"""A lake that reaches the chain's first block: the hash that it notes of it follows from the anchor, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.swap_chain import POOL, build
from tests.node.anvil import Anvil
from tests.node.lakes import run

if TYPE_CHECKING:
    from pathlib import Path

ANOTHER = "0x" + "ab" * 32


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 1])
def test_the_first_blocks_hash_is_proved(first: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no exception of a lake from block 0 or 1 on; another one contradicts, with a node and without."""
    lake = tmp_path / "lake"
    with Anvil("--hardfork", "prague") as node:
        build(node, 40)
        pool = f"deployment.pools=[{POOL}]"
        asked = ("detail=logs", "confirmations=0", f"deployment.search_from_block={first}")
        assert run(node.url, "extract", "deployment=local", pool, f"lake={lake}", *asked) == 0
        anchor = f"anchor='{node.rpc('eth_getBlockByNumber', 'latest', False)['hash']}'"
        assert run(node.url, "prove", f"lake={lake}", anchor, "keep=true") == 0
        said = json.loads((lake / "proof.json").read_bytes())
        assert said["blocks"][0] == first
        assert not any("genesis" in each for each in said["except"])
        assert run("", "prove", f"lake={lake}", anchor, "offline=true") == 0
        manifest = json.loads((lake / "manifest.json").read_bytes())
        manifest["extraction"]["genesis"] = ANOTHER
        (lake / "manifest.json").write_text(json.dumps(manifest))
        capsys.readouterr()
        assert run(node.url, "prove", f"lake={lake}", anchor) == 3
    assert f"block 0: manifest hash: {ANOTHER}, but the header says" in capsys.readouterr().out
