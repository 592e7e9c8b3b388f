"""What a node lied about when a lake was fetched shows at another one, as `verify against_node=true` asks for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from soak.node import FaultyNode, content, extract
from soak.synthetic import POOL, Chain

from pipelines.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = 120
STRANGER = "0x" + "5a" * 20
LIES = {
    "from": ("eth_getTransactionByHash", "from", STRANGER),
    "to": ("eth_getTransactionByHash", "to", STRANGER),
    "input": ("eth_getTransactionByHash", "input", "0x12345678"),
    "gas": ("eth_getTransactionByHash", "gas", "0xfffff"),
    "gas_used": ("eth_getTransactionReceipt", "gasUsed", "0xc351"),
    "effective_gas_price": ("eth_getTransactionReceipt", "effectiveGasPrice", "0xe8d4a51000"),
    "timestamp": ("eth_getBlockByNumber", "timestamp", "a second later"),
    "gas_limit": ("eth_getBlockByNumber", "gasLimit", "0x1c9c381"),
}
"""By column of the lake: the method and the field that the node lies about, and the lie."""
SETTINGS = (
    "deployment=local",
    f"deployment.pools=[{POOL}]",
    "deployment.name=soak",
    "deployment.partition_blocks=1000",
)


class Liar(Chain):
    """A chain of which one field of one method's answers is told otherwise, always."""

    method = field = lie = ""

    def answer(self, call: dict[str, Any]) -> Any:
        """The result of a call."""
        result = super().answer(call)
        if call["method"] != self.method or not result:
            return result
        later = hex(int(result[self.field], 16) + 1) if self.field == "timestamp" else ""
        return {**result, self.field: later or self.lie}


def _verify(lake: Path, url: str, *more: str) -> int:
    with mock.patch.dict(os.environ, {"ETH_RPC_URL": url}):
        return main(["verify", f"lake={lake}", *SETTINGS, *more])


@pytest.fixture
def liar() -> Iterator[FaultyNode]:
    """A node whose chain can be told to lie."""
    with FaultyNode(Liar(HEAD), 0) as node:
        yield node


@pytest.mark.slow
@pytest.mark.parametrize("column", LIES)
def test_what_another_node_tells_otherwise_is_named(
    column: str, liar: FaultyNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lake of a node that lied about this alone is whole by its files; an honest node says where it differs."""
    lake = tmp_path / "lake"
    liar.chain.method, liar.chain.field, liar.chain.lie = LIES[column]  # type: ignore[attr-defined]  # a `Liar`
    extract(lake, liar.url)
    assert _verify(lake, liar.url) == 0
    liar.chain = Chain(HEAD)
    assert _verify(lake, liar.url, "against_node=true") == 3
    said = capsys.readouterr().out
    assert "the node tells" in said
    assert f"otherwise: {column}" in said


@pytest.mark.slow
def test_the_next_run_mends_what_another_node_tells_otherwise(liar: FaultyNode, tmp_path: Path) -> None:
    """After the comparison the lake is fetched again and has the bytes of an honest node's."""
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    liar.chain.method, liar.chain.field, liar.chain.lie = LIES["from"]  # type: ignore[attr-defined]  # a `Liar`
    extract(lake, liar.url)
    liar.chain = Chain(HEAD)
    assert _verify(lake, liar.url, "against_node=true") == 3
    extract(lake, liar.url)
    extract(whole, liar.url)
    assert content(lake) == content(whole)
    assert _verify(lake, liar.url, "against_node=true") == 0


def test_times_that_run_backwards_are_told_without_a_node(
    liar: FaultyNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Blocks that carry logs are no earlier than those before them, also where blocks between have no header."""
    honest = liar.chain.header

    def backwards(block: int) -> dict[str, Any]:
        return {**honest(block), "timestamp": hex(10**9 - block)}

    liar.chain.header = backwards  # type: ignore[method-assign]  # this one node's clock
    extract(tmp_path / "lake", liar.url)
    assert _verify(tmp_path / "lake", liar.url) == 3
    assert "never earlier than the one before it" in capsys.readouterr().out
