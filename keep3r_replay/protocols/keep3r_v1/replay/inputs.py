"""What a transaction's input asks of Keep3r V1, its feed and its oracles: directly, or through a contract that governs.

A contract that governs is handed the call to make as an argument of its own. Whatever that contract is, the call stands
in its input: either as a `bytes` argument, whose length comes before it, or at least with its selector before a word
shaped like its first argument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.chainlink.feed import CONFIRMATIONS
from keep3r_replay.protocols.keep3r_v1.contract.functions import BY_SELECTOR, Function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORD = 32
SELECTOR = 4

_LOG_DRIVEN = frozenset({"workReceipt", "receipt", "receiptETH"})
"""Functions that only jobs call: their logs tell all, and their limit is no matter of the input."""

Argument = str | int


class Call(NamedTuple):
    """A call of the contract: function, sender, arguments."""

    function: Function
    sender: str
    arguments: tuple[Argument, ...]


def decoded(types: Sequence[str], data: bytes) -> tuple[Argument, ...] | None:
    """Arguments of static types in `data`; None where it is too short, or an address has dirty padding."""
    if len(data) < WORD * len(types):
        return None
    arguments: list[Argument] = []
    for position, kind in enumerate(types):
        word = data[WORD * position : WORD * (position + 1)]
        if kind == "address":
            if any(word[:12]):
                return None
            arguments.append("0x" + word[12:].hex())
        else:
            arguments.append(int.from_bytes(word, "big"))
    return tuple(arguments)


def direct_call(data: bytes, sender: str) -> Call | None:
    """The call that a transaction to the contract itself makes; None if it is none that input tells."""
    function = BY_SELECTOR.get(data[:SELECTOR].hex())
    if function is None or function.name in _LOG_DRIVEN:
        return None
    arguments = decoded(function.types, data[SELECTOR:])
    return None if arguments is None else Call(function, sender, arguments)


_GOVERNING = {bytes.fromhex(selector): function for selector, function in BY_SELECTOR.items() if function.by_governance}


def governing_calls(data: bytes, target: str) -> list[tuple[Function, tuple[Argument, ...]]]:
    """Calls of governance that a transaction to another contract carries for `target`, in the order of the input."""
    if bytes.fromhex(target[2:]) not in data:
        return []
    found = []
    for selector, function in _GOVERNING.items():
        start = data.find(selector, SELECTOR)
        while start >= 0:
            arguments = _carried(data, start, function.types)
            if arguments is not None:
                found.append((start, function, arguments))
            start = data.find(selector, start + 1)
    return [(function, arguments) for _, function, arguments in sorted(found, key=lambda each: each[0])]


def _carried(data: bytes, start: int, types: Sequence[str]) -> tuple[Argument, ...] | None:
    """The arguments of a call whose selector stands at `start`; None where that is no call."""
    arguments = decoded(types, data[start + SELECTOR :])
    if arguments is None:
        return None
    whole = start >= WORD and int.from_bytes(data[start - WORD : start], "big") == SELECTOR + WORD * len(types)
    shaped = bool(types) and types[0] == "address" and int(str(arguments[0]), 16) >> 64 != 0
    return arguments if whole or shaped else None


def confirmed_aggregator(data: bytes, to: str, proxy: str) -> str | None:
    """The aggregator that a transaction puts into force behind the feed's proxy; None if it does not."""
    for selector in map(bytes.fromhex, CONFIRMATIONS):
        start = 0 if to == proxy else data.find(selector, SELECTOR)
        if to != proxy and bytes.fromhex(proxy[2:]) not in data:
            continue
        if start < 0 or data[start : start + SELECTOR] != selector:
            continue
        arguments = decoded(("address",), data[start + SELECTOR :])
        if arguments is not None:
            return str(arguments[0])
    return None


class OracleCall(NamedTuple):
    """What a successful call does to an oracle: add a pair, deploy an oracle for it, or update pairs (None: all)."""

    kind: str
    pairs: tuple[str, ...] | None


ADD, DEPLOY, UPDATE = "add", "deploy", "update"
_UPDATES_OF_ALL = frozenset({"322e9f04", "399b2fb9"})
"""work(), workForFree()"""
_UPDATES_OF_PAIR = frozenset({"1b56bbf9", "36df7ea5", "1c1b8772", "740c25a2"})
"""updatePair(address), work(address), update(address), workForFree(address)"""
_UPDATE_OF_TOKENS = "c640752d"
_UPDATE_FOR = "c9ff6f4d"
_ADD_OF_TOKENS = "52c28fab"
_DEPLOY_FOR_PAIR = "4c96a389"


def oracle_call(data: bytes, pairs: Sequence[str], pair_of: Mapping[frozenset[str], str]) -> OracleCall | None:
    """What a call of an oracle, or of its factory, does; `pairs` are the oracle's, `pair_of` tells them by tokens."""
    selector, rest = data[:SELECTOR].hex(), data[SELECTOR:]
    if selector in _UPDATES_OF_ALL:
        return OracleCall(UPDATE, None)
    if selector in _UPDATES_OF_PAIR or selector == _DEPLOY_FOR_PAIR:
        arguments = decoded(("address",), rest)
        kind = DEPLOY if selector == _DEPLOY_FOR_PAIR else UPDATE
        return OracleCall(kind, (str(arguments[0]),)) if arguments else None
    if selector in {_UPDATE_OF_TOKENS, _ADD_OF_TOKENS}:
        arguments = decoded(("address", "address"), rest)
        pair = pair_of.get(frozenset(map(str, arguments))) if arguments else None
        kind = ADD if selector == _ADD_OF_TOKENS else UPDATE
        return OracleCall(kind, (pair,)) if pair else None
    if selector == _UPDATE_FOR:
        bounds = decoded(("uint256", "uint256"), rest)
        return OracleCall(UPDATE, tuple(pairs[int(bounds[0]) : int(bounds[1])])) if bounds else None
    return None
