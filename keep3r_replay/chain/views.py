"""Asking contracts' views at a block, by web3's codec; how they are sent, and what is believed, is this package's.

Views without arguments that answer in plain words need no codec: their words are read as those of logs are. An
extraction of logs alone asks no others, and takes no longer than importing web3 does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.wire import hexadecimal
from keep3r_replay.errors import NodeError
from keep3r_replay.evm.abi import WORD, Parameter, keccak256
from keep3r_replay.evm.words import decode_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from web3 import Web3

    from keep3r_replay.chain.client import NodeClient

_BATCH = 100
_ROUNDS = 6
"""How often views are asked until they say the same twice."""

NOBODY = "0x" + "00" * 20
"""The address that stands for none."""


class _Revert(msgspec.Struct):
    revert: str


_ANSWER = msgspec.json.Decoder(str | _Revert)


@cache
def _web3() -> Web3:
    """web3 without a node of its own, for its codec and its hash."""
    # Imported here, as it takes longer than a replay of a small history: only what asks a view needs it.
    from web3 import Web3  # noqa: PLC0415 - see above
    from web3.providers import BaseProvider  # noqa: PLC0415 - see above

    return Web3(BaseProvider())


def _selector(signature: str) -> bytes:
    """The first four bytes of a signature's hash."""
    return keccak256(signature.encode())[:4]


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
        return _selector(f"{self.name}({','.join(self.takes)})")


@dataclass(frozen=True)
class Question:
    """A view asked of a contract with some arguments."""

    contract: str
    view: View
    arguments: tuple[Any, ...] = ()

    def call(self, block: int) -> Call:
        """Return the JSON-RPC call that asks it at a block."""
        given = _web3().codec.encode(self.view.takes, self.arguments) if self.arguments else b""
        data = "0x" + (self.view.selector + given).hex()
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
    data = bytes.fromhex(answer[2:])
    types = question.view.returns
    try:
        return Reading(_decoded(types, data) if any(map(_is_list, types)) else _words(types, data), None)
    except ValueError:
        # A contract without such a function answers nothing.
        return Reading(None, b"")


def _is_list(kind: str) -> bool:
    return kind.endswith("[]")


def _decoded(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Values of any types. Raises `ValueError` where the data is no encoding of them."""
    from eth_abi.exceptions import DecodingError  # noqa: PLC0415 - as web3, whose codec it is

    try:
        return _web3().codec.decode(types, data)
    except (DecodingError, OverflowError) as error:
        raise ValueError(str(error)) from None


def _words(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Values that take a word each. Raises `ValueError` where the data is no encoding of them."""
    if len(data) < WORD * len(types):
        raise ValueError("too little data")
    words = np.frombuffer(data[: WORD * len(types)], np.uint8).reshape(-1, WORD)
    parameters = [Parameter("", kind, indexed=False, wide=True) for kind in types]
    return tuple(_word(parameter, words[i : i + 1]) for i, parameter in enumerate(parameters))


def _word(parameter: Parameter, word: NDArray[np.uint8]) -> Any:
    column = decode_words(parameter, word)
    if column.dirty[0]:
        raise ValueError(f"no {parameter.type}")
    value = column.values[0].as_py()
    return int.from_bytes(value, "big", signed=parameter.signed) if parameter.bits else value


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
    known = (name for name in errors if _selector(f"{name}()") == data[:4])
    return next(known, f"0x{selector}")
