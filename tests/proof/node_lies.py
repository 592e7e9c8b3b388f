"""Lies that a node tells to a proof: headers, blooms, receipts and proofs of state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.proof.proving import LAST
from tests.proof.served_chain import recorded
from tests.proof.told import Told, flip, followed_logs

if TYPE_CHECKING:
    from random import Random

_HEADER = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "gasLimit", "gasUsed"),
    *("timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot"),
)


def changed_header(choose: Random) -> Told:
    """A node tells a header with another field."""
    block, name = choose.randrange(3, recorded().head + 1), choose.choice(_HEADER)

    def other(text: str) -> str:
        if name in {"gasLimit", "gasUsed", "timestamp", "baseFeePerGas"}:
            return hex(int(text, 16) + 1)
        content = bytes.fromhex(text[2:]) or b"\0"
        return f"0x{flip(content, choose).hex()}"

    value = other(recorded().blocks[block][name])

    def lie(method: str, _: list[Any], result: Any) -> Any:
        if method.startswith("eth_getBlockBy") and result and int(result["number"], 16) == block:
            result[name] = value
        return result

    return Told(block, "header", "hashes to", lie=lie)


def cleared_bloom(choose: Random) -> Told:
    """A node tells of a block with logs that its bloom is empty."""
    block = int(choose.choice(followed_logs())["blockNumber"], 16)

    def lie(method: str, _: list[Any], result: Any) -> Any:
        if method.startswith("eth_getBlockBy") and result and int(result["number"], 16) == block:
            result["logsBloom"] = "0x" + "00" * 256
        return result

    return Told(block, "header", "hashes to", lie=lie)


def receipt_left_out(choose: Random) -> Told:
    """A node leaves one out of an opened block's receipts."""
    block = int(choose.choice(followed_logs())["blockNumber"], 16)
    place = choose.randrange(len(recorded().receipts[block]))

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        if method == "eth_getBlockReceipts" and int(parameters[0], 16) == block:
            del result[place]
        return result

    return Told(block, "receipts", "of them have the root", lie=lie)


def false_proof(choose: Random) -> Told:
    """A node gives a proof of state with a changed node of the trie."""
    keep3r = recorded().keep3r.lower()

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        if method == "eth_getProof" and parameters[0] == keep3r and int(parameters[2], 16) == LAST:
            content = bytes.fromhex(result["accountProof"][-1][2:])
            result["accountProof"][-1] = f"0x{flip(content, choose).hex()}"
        return result

    return Told(LAST, "state", keep3r, lie=lie, state=True)
