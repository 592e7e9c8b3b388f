"""What a relay calls: the inner calls of a transaction that goes through one, decoded from its input by ABI.

Keepers call jobs by way of stealth relayers, automation relays, multicalls and safes; the transaction's target is then
the relay, and the job stands in the input. Unknown functions are calls of their own target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.abi import keccak256

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SELECTOR = 4
_DEPTH = 4
"""Relays in relays that are followed: a safe that calls a multicall that calls a relay."""


class Called(NamedTuple):
    """A call: its target in lower case, and its input."""

    to: str
    data: bytes


class Made(NamedTuple):
    """A call with its caller: the relay that makes it, or the safe that runs another's code as its own."""

    by: str
    to: str
    data: bytes


class _Relay(NamedTuple):
    """A relay's function: the types of its arguments, and which of the decoded ones are calls.

    `runs` tells whether it runs the code of what it calls as its own (DELEGATECALL), so that it stays the caller.
    """

    types: Sequence[str]
    calls: Callable[[Sequence[object]], list[tuple[object, object]]]
    runs: Callable[[Sequence[object]], bool] = lambda _values: False


def _first_two(values: Sequence[object]) -> list[tuple[object, object]]:
    return [(values[0], values[1])]


def _list_at(place: int, data: int = 1) -> Callable[[Sequence[object]], list[tuple[object, object]]]:
    def calls(values: Sequence[object]) -> list[tuple[object, object]]:
        listed = values[place]
        assert isinstance(listed, (tuple, list))
        return [(each[0], each[data]) for each in listed]

    return calls


def _packed(values: Sequence[object]) -> list[tuple[object, object]]:
    """The calls of a safe's multiSend: operation (1 byte), target (20), value (32), length (32), input, one by one."""
    packed = values[0]
    assert isinstance(packed, bytes)
    found: list[tuple[object, object]] = []
    place = 0
    while place + 85 <= len(packed):
        length = int.from_bytes(packed[place + 53 : place + 85], "big")
        found.append(("0x" + packed[place + 1 : place + 21].hex(), packed[place + 85 : place + 85 + length]))
        place += 85 + length
    return found


_STEALTH = ("address", "bytes", "bytes32")
_SAFE = ("address", "uint256", "bytes", *("uint8", *("uint256",) * 3), "address", "address", "bytes")
_FUNCTIONS = {
    "execute": _Relay((*_STEALTH, "uint256"), _first_two),
    "executeAndPay": _Relay((*_STEALTH, "uint256", "uint256"), _first_two),
    "executeWithoutBlockProtection": _Relay(_STEALTH, _first_two),
    "executeWithoutBlockProtectionAndPay": _Relay((*_STEALTH, "uint256"), _first_two),
    "exec": _Relay(("address", "(address,bytes)[]"), _list_at(1)),
    "aggregate": _Relay(("(address,bytes)[]",), _list_at(0)),
    "tryAggregate": _Relay(("bool", "(address,bytes)[]"), _list_at(1)),
    "aggregate3": _Relay(("(address,bool,bytes)[]",), _list_at(0, 2)),
    "aggregate3Value": _Relay(("(address,bool,uint256,bytes)[]",), _list_at(0, 3)),
    "execTransaction": _Relay(_SAFE, lambda values: [(values[0], values[2])], lambda values: values[3] == 1),
    "multiSend": _Relay(("bytes",), _packed),
}
"""Stealth relayers, automation relays, multicalls, safes, by function."""

RELAYS = {
    keccak256(f"{name}({','.join(relay.types)})".encode())[:_SELECTOR]: relay for name, relay in _FUNCTIONS.items()
}
"""The functions of relays by selector."""


def inner_calls(to: str, data: bytes, depth: int = _DEPTH) -> list[Called]:
    """The calls that a call comes to, in order: itself, unless it is a relay's function with whole arguments.

    Args:
        to: its target.
        data: its input.
        depth: how many relays are followed.
    """
    return [Called(each.to, each.data) for each in made_calls("", to, data, depth)]


def made_calls(by: str, to: str, data: bytes, depth: int = _DEPTH) -> list[Made]:
    """`inner_calls` of a call that `by` makes, each with its caller."""
    return _made(by, to.lower(), to.lower(), data, depth)


def _made(by: str, to: str, acts_as: str, data: bytes, depth: int) -> list[Made]:
    """What code at `to` comes to, where it runs as `acts_as`."""
    itself = [Made(by, to, data)]
    relay = RELAYS.get(data[:_SELECTOR])
    if relay is None or depth == 0:
        return itself
    # Loading the library takes as long as a replay of a small history, and most histories have no relay.
    from eth_abi.abi import decode  # noqa: PLC0415 - see above
    from eth_abi.exceptions import DecodingError  # noqa: PLC0415 - see above

    try:
        values = decode(relay.types, data[_SELECTOR:])
        calls = [(str(target).lower(), _content(content)) for target, content in relay.calls(values)]
    except (DecodingError, OverflowError):
        return itself
    found = [
        made
        for target, content in calls
        for made in _made(acts_as, target, acts_as if relay.runs(values) else target, content, depth - 1)
    ]
    return found or itself


def _content(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def entry_call(to: str, data: bytes, job: str) -> Called:
    """The call that a work's keeper made of its job: the inner call of the job, or else the first one.

    A relay that works for a vault calls what the vault automates; the vault is the job then, and stands in no call.
    """
    calls = inner_calls(to, data)
    return next((each for each in calls if each.to == job), calls[0])
