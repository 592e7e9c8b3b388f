"""Asking contracts' views at a block: calls and answers of static types, lists and small structs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.wire import hexadecimal
from keep3r_replay.errors import NodeError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import decode_values, encode_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.chain.client import NodeClient

_BATCH = 100
_ROUNDS = 6
"""How often views are asked until they say the same twice."""

NOBODY = "0x" + "00" * 20
"""The address that stands for none."""


class _Revert(msgspec.Struct):
    revert: str


_ANSWER = msgspec.json.Decoder(str | _Revert)


@dataclass(frozen=True)
class View:
    """A view function: its name and the types it takes and returns, in ABI notation.

    `errors` are names of the custom errors without arguments that it may revert with.
    """

    name: str
    takes: tuple[str, ...]
    returns: tuple[str, ...]
    errors: tuple[str, ...] = ()

    @cached_property
    def selector(self) -> bytes:
        """The first four bytes of the signature's hash."""
        return keccak256(f"{self.name}({','.join(self.takes)})".encode())[:4]


@dataclass(frozen=True)
class Question:
    """A view asked of a contract with some arguments."""

    contract: str
    view: View
    arguments: tuple[Any, ...] = ()

    def call(self, block: int) -> Call:
        """Return the JSON-RPC call that asks it at a block."""
        data = "0x" + (self.view.selector + encode_arguments(self.view.takes, self.arguments)).hex()
        return Call("eth_call", [{"to": self.contract, "data": data}, hex(block)])


@dataclass(frozen=True)
class Reading:
    """What a view answered: its values, or the data it reverted with. One of them is None."""

    values: tuple[Any, ...] | None
    revert: bytes | None


def read_views(client: NodeClient, questions: Sequence[Question], block: int) -> list[Reading]:
    """Ask many views at a block and return their answers in order.

    Raises:
        NodeError: the node does not answer, or has no state of that block.
    """
    readings: list[Reading] = []
    for start in range(0, len(questions), _BATCH):
        readings += _read_part(client, questions[start : start + _BATCH], block)
    return readings


def _read_part(client: NodeClient, questions: Sequence[Question], block: int) -> list[Reading]:
    """Ask some views; a revert, and an answer of nothing, count only if they are said twice."""
    raws = _ask(client, questions, block)
    doubtful = [row for row, raw in enumerate(raws) if not isinstance(raw, str) or raw == "0x"]
    for _ in range(_ROUNDS):
        if not doubtful:
            return [_reading(question, raw) for question, raw in zip(questions, raws, strict=True)]
        again = _ask(client, [questions[row] for row in doubtful], block)
        changed = [row for row, raw in zip(doubtful, again, strict=True) if raw != raws[row]]
        for row, raw in zip(doubtful, again, strict=True):
            raws[row] = raw
        doubtful = changed
    raise NodeError(f"views at block {block} are told now in one way, now in another; try another endpoint")


def _ask(client: NodeClient, questions: Sequence[Question], block: int) -> list[str | _Revert]:
    def read(raws: Sequence[msgspec.Raw]) -> list[str | _Revert]:
        answers = [_ANSWER.decode(raw) for raw in raws]
        for answer in answers:
            hexadecimal(answer if isinstance(answer, str) else answer.revert)
        return answers

    return ask(client, [question.call(block) for question in questions], read)


def read_view(client: NodeClient, contract: str, view: View, arguments: Sequence[Any], block: int) -> Reading:
    """Ask one view of a contract at a block; raises as `read_views`."""
    return read_views(client, [Question(contract, view, tuple(arguments))], block)[0]


def _reading(question: Question, answer: str | _Revert) -> Reading:
    if isinstance(answer, _Revert):
        return Reading(None, bytes.fromhex(answer.revert[2:]))
    try:
        return Reading(decode_values(question.view.returns, bytes.fromhex(answer[2:])), None)
    except ValueError:
        # A contract without such a function answers nothing.
        return Reading(None, b"")


def revert_name(data: bytes, errors: Sequence[str] = ()) -> str:
    """Name a revert as readings do: `Panic(0x12)`, `Error(OLD)`, `empty`, one of `errors`, or another's selector."""
    if not data:
        return "empty"
    selector, rest = data[:4].hex(), data[4:]
    if selector == "4e487b71" and len(rest) == 32:
        return f"Panic(0x{int.from_bytes(rest, 'big'):02x})"
    if selector == "08c379a0" and len(rest) >= 64:
        length = int.from_bytes(rest[32:64], "big")
        return f"Error({rest[64 : 64 + length].decode('utf-8', 'replace')})"
    known = (name for name in errors if keccak256(f"{name}()".encode())[:4] == data[:4])
    return next(known, f"0x{selector}")
