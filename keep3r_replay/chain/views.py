"""Asking contracts' views at a block: calls and answers of static types, lists and small structs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.chain.client import Call, NodeClient, RefusedError
from keep3r_replay.chain.refusals import Refusal
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import decode_values, encode_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT = msgspec.json.Decoder(str)


@dataclass(frozen=True)
class View:
    """A view function: its name and the types it takes and returns, in ABI notation."""

    name: str
    takes: tuple[str, ...]
    returns: tuple[str, ...]

    @cached_property
    def selector(self) -> bytes:
        """The first four bytes of the signature's hash."""
        return keccak256(f"{self.name}({','.join(self.takes)})".encode())[:4]


@dataclass(frozen=True)
class Reading:
    """What a view answered: its values, or the data it reverted with. One of them is None."""

    values: tuple[Any, ...] | None
    revert: bytes | None


def read_view(client: NodeClient, contract: str, view: View, arguments: Sequence[Any], block: int) -> Reading:
    """Ask one view of a contract at a block.

    Raises:
        NodeError: the node does not answer, or has no state of that block.
    """
    data = "0x" + (view.selector + encode_arguments(view.takes, arguments)).hex()
    try:
        raw = client.batch([Call("eth_call", [{"to": contract, "data": data}, hex(block)])])[0]
    except RefusedError as refused:
        revert = _revert_data(refused)
        if revert is None:
            raise
        return Reading(None, revert)
    answer = bytes.fromhex(_TEXT.decode(raw)[2:])
    try:
        return Reading(decode_values(view.returns, answer), None)
    except ValueError:
        # A contract without such a function answers nothing.
        return Reading(None, b"")


def _revert_data(refused: RefusedError) -> bytes | None:
    """Return what a call reverted with; None if it was refused for another reason."""
    if refused.verdict.refusal is not Refusal.REVERTED:
        return None
    data = refused.data.get("data") if isinstance(refused.data, dict) else refused.data
    text = data if isinstance(data, str) and data.startswith("0x") else "0x"
    return bytes.fromhex(text[2:])
