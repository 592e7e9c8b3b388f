"""A lake that lacks something is mended into the bytes of an honest node's, and whoever lied is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.node.lakes import content, run, settings
from tests.proof.proving import LAST, anchor_of
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from pathlib import Path

ANCHOR = f"anchor={anchor_of(recorded())}"


def _worked(log: dict[str, Any]) -> bool:
    """Whether a log is of a block in which Keep3r was worked."""
    return log["address"] == recorded().keep3r.lower()


def _victim() -> tuple[int, str]:
    """A late block with logs of Keep3r: its number, and the transaction that carries them."""
    found = [
        (int(log["blockNumber"], 16), log["transactionHash"])
        for receipts in recorded().receipts[: LAST + 1]
        for receipt in receipts
        for log in receipt["logs"]
        if _worked(log)
    ]
    return found[-1]


def without_logs(method: str, parameters: list[Any], result: Any) -> Any:
    """Leaves one transaction's logs out of ranges and receipts alike: no other question to this node shows it."""
    number, sent = _victim()
    if method == "eth_getLogs":
        return [log for log in result if log["transactionHash"] != sent]
    if method == "eth_getBlockByNumber" and result and result["number"] == hex(number):
        return result
    return result


def extract_from(url: str, lake: Path) -> None:
    """Extract the recorded chain from a node that may lie."""
    more = ("confirmations=0", f"to_block={LAST}", "readings=[40]")
    assert run(url, *settings(recorded().keep3r, lake, *more)) == 0


def _arguments(lake: Path) -> list[str]:
    deployment = ["deployment=local", f"deployment.keep3r={recorded().keep3r}", "deployment.partition_blocks=50"]
    return ["prove", f"lake={lake}", ANCHOR, *deployment, "state=false", "repair=true"]


@pytest.mark.slow
def test_logs_that_a_node_left_out_are_added(
    extracted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even from a node that goes on to leave them out; the second endpoint is honest, and the first is named."""
    lake = tmp_path / "lake"
    with ServedChain(recorded(), without_logs) as liar, ServedChain(recorded()) as honest:
        extract_from(liar.url, lake)
        assert content(lake) != content(extracted)
        capsys.readouterr()
        assert run(liar.url, "prove", f"lake={lake}", ANCHOR, "state=false") == 3
        told = capsys.readouterr().out
        assert f"block {_victim()[0]}: logs" in told
        assert "the lake lacks it" in told
        assert run(f"{liar.url},{honest.url}", *_arguments(lake)) == 0
    told = capsys.readouterr().out
    assert f"endpoint 1 lied: block {_victim()[0]}: eth_getLogs:" in told
    assert "endpoint 2 told the truth" in told
    assert "PROVED  blocks 3 to 43" in told
    mended = {name: file for name, file in content(lake).items() if not name.startswith("proof")}
    assert mended == content(extracted)


@pytest.mark.slow
def test_logs_that_were_invented_are_removed(
    extracted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that no receipt holds, of a kind that the block's bloom allows for, goes, and is told."""
    number, sent = _victim()

    def twice(log: dict[str, Any], logs: list[dict[str, Any]]) -> dict[str, Any]:
        return {**log, "logIndex": hex(max(int(each["logIndex"], 16) for each in logs) + 1)}

    def invent(method: str, parameters: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            mine = [log for log in result if log["transactionHash"] == sent]
            return [*result, twice(mine[-1], mine)] if mine else result
        if method == "eth_getTransactionReceipt" and parameters[0] == sent:
            return {**result, "logs": [*result["logs"], twice(result["logs"][-1], result["logs"])]}
        return result

    lake = tmp_path / "lake"
    with ServedChain(recorded(), invent) as liar, ServedChain(recorded()) as honest:
        extract_from(liar.url, lake)
        capsys.readouterr()
        assert run(f"{liar.url},{honest.url}", *_arguments(lake)) == 0
    told = capsys.readouterr().out
    assert f"mended    block {number}: logs" in told
    assert "no followed contract emitted it" in told
    mended = {name: file for name, file in content(lake).items() if not name.startswith("proof")}
    assert mended == content(extracted)


@pytest.mark.slow
def test_an_input_and_a_base_fee_are_mended(
    extracted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one transaction was asked to do, and the base fee of a block without logs, are what the roots say."""
    number, sent = _victim()
    silent = next(
        block for block in range(LAST, 3, -1) if not any(receipt["logs"] for receipt in recorded().receipts[block])
    )

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        if method == "eth_getTransactionByHash" and parameters[0] == sent:
            return {**result, "input": result["input"][:-2] + "77"}
        if method == "eth_feeHistory":
            place = silent - int(result["oldestBlock"], 16)
            if 0 <= place < len(result["baseFeePerGas"]) - 1:
                result["baseFeePerGas"][place] = hex(int(result["baseFeePerGas"][place], 16) + 1)
        return result

    lake = tmp_path / "lake"
    with ServedChain(recorded(), lie) as liar:
        extract_from(liar.url, lake)
        capsys.readouterr()
        assert run(liar.url, *_arguments(lake)) == 0
    told = capsys.readouterr().out
    assert f"mended    block {number}: transactions transaction" in told
    assert f"mended    block {silent}: blocks base_fee_per_gas" in told
    assert f"endpoint 1 lied: block {silent}: eth_feeHistory" in told
    mended = {name: file for name, file in content(lake).items() if not name.startswith("proof")}
    assert mended == content(extracted)


@pytest.mark.slow
def test_receipts_of_a_second_endpoint_serve_where_the_first_lies(
    lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proof goes on with the endpoint whose receipts have the root, and names the other."""
    number, _ = _victim()

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        return result[:-1] if method == "eth_getBlockReceipts" and int(parameters[0], 16) == number else result

    with ServedChain(recorded(), lie) as liar, ServedChain(recorded()) as honest:
        assert run(f"{liar.url},{honest.url}", "prove", f"lake={lake}", ANCHOR, "state=false") == 0
    told = capsys.readouterr().out
    assert f"endpoint 1 lied: block {number}: receipts: " in told
    assert "endpoint 2 told the truth" in told


@pytest.mark.slow
def test_receipts_are_asked_one_by_one_where_blocks_are_not_answered(lake: Path) -> None:
    """A node without `eth_getBlockReceipts` serves as well."""

    class Older(ServedChain):
        def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
            call = {**call, "method": "eth_nothing"} if call["method"] == "eth_getBlockReceipts" else call
            return super()._answer(call)

    with Older(recorded()) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, "state=false") == 0
