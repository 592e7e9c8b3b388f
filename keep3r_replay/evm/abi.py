"""Event declarations: from the Solidity text to the topic, the names of the columns, and the place of every word.

A log is: topic 0, one topic for every indexed parameter, and one 32-byte word of data for every other parameter, in the
order declared. `evm.words` decodes by these layouts. Of the dynamic types `string` is known: its word is the place of
its text, which follows after all words (`evm.texts`).
Follows the contract ABI specification of Solidity ("Events", "Formal specification of the encoding").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

WORD = 32
"""Bytes of an ABI word, and of a topic."""

TEXT = "string"

_DECLARATION = re.compile(r"^\s*(?:event\s+)?(\w+)\s*\((.*)\)\s*;?\s*$")
_INTEGER = re.compile(r"^(u?)int(\d+)$")
_BYTES = re.compile(r"^bytes([1-9]|[12]\d|3[0-2])$")
_TUPLE = re.compile(r"\(([^()]*)\)\s*\w*")
_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Parameter:
    """One parameter of an event.

    Attributes:
        name: as declared.
        type: canonical Solidity type: `address`, `bool`, `uintN`, `intN`, `bytesN`, `string`.
        indexed: whether it stands in a topic rather than in the data.
        wide: keep the whole 32-byte word; for values that may exceed 38 decimal digits.
    """

    name: str
    type: str
    indexed: bool
    wide: bool = False

    @property
    def column(self) -> str:
        """The column's name: the declared name in snake case."""
        return snake_case(self.name)

    @cached_property
    def bits(self) -> int:
        """Width of an integer type in bits; 0 for other types."""
        match = _INTEGER.match(self.type)
        return int(match.group(2)) if match else 0

    @property
    def signed(self) -> bool:
        """Whether the type is a signed integer."""
        return self.type.startswith("int")

    @property
    def is_text(self) -> bool:
        """Whether the type is `string`, whose word is not its value."""
        return self.type == TEXT

    @cached_property
    def size(self) -> int:
        """Bytes of a type `bytesN`; 0 for other types."""
        match = _BYTES.match(self.type)
        return int(match.group(1)) if match else 0


@dataclass(frozen=True)
class Event:
    """One event type: its name and its parameters in declared order.

    A struct stands as its members; `structs` are the half-open ranges of parameters that are one struct in the
    signature.
    """

    name: str
    parameters: tuple[Parameter, ...]
    structs: tuple[tuple[int, int], ...] = ()

    @cached_property
    def signature(self) -> str:
        """The canonical signature, `Name(type,(type,type))`, whose hash is topic 0."""
        types = [parameter.type for parameter in self.parameters]
        for first, end in self.structs:
            types[first] = "(" + types[first]
            types[end - 1] += ")"
        return f"{self.name}({','.join(types)})"

    @cached_property
    def topic0(self) -> bytes:
        """Keccak-256 of the signature, 32 bytes."""
        return keccak256(self.signature.encode())

    @cached_property
    def indexed(self) -> tuple[Parameter, ...]:
        """The parameters that stand in topics 1 to 3, in order."""
        return tuple(parameter for parameter in self.parameters if parameter.indexed)

    @cached_property
    def in_data(self) -> tuple[Parameter, ...]:
        """The parameters that stand in the data, a word each, in order."""
        return tuple(parameter for parameter in self.parameters if not parameter.indexed)

    @cached_property
    def has_texts(self) -> bool:
        """Whether texts follow the words of the data."""
        return any(parameter.is_text for parameter in self.parameters)


class KeptRaw(tuple[Event, ...]):
    """The events of a role whose logs are kept raw: they are not decoded, and one of an unknown type is no anomaly."""

    __slots__ = ()


EventsByRole = Mapping[str, Mapping[str, tuple[Event, ...]]]
"""What contracts can emit, by their role and version; the version is empty where a role has only one."""


def places_of(events: EventsByRole) -> dict[tuple[str, str], dict[str, int]]:
    """Where each value of an event stands, by role and event, then by column; those that move between versions lack."""
    places: dict[tuple[str, str], dict[str, int]] = {}
    for role, versions in events.items():
        for event in (each for declared in versions.values() for each in declared):
            own = {parameter.column: place for place, parameter in enumerate(event.parameters)}
            known = places.get((role, event.name), own)
            places[role, event.name] = {column: place for column, place in own.items() if known.get(column) == place}
    return places


def parse_event(declaration: str, *, wide: frozenset[str] = frozenset()) -> Event:
    """Parse `event Name(type [indexed] name, (type name, ...) struct, ...)`.

    Args:
        declaration: Solidity text; the word `event` and the semicolon may be absent. The members of a struct of
            static types stand in parentheses.
        wide: names of parameters to keep as whole words.

    Raises:
        ValueError: the text is no declaration of named parameters of known types, or has more than three indexed ones.
    """
    match = _DECLARATION.match(declaration)
    if match is None:
        raise ValueError(f"not an event declaration: {declaration!r}")
    name, inside = match.groups()
    structs = tuple(
        (inside[: match.start()].count(","), inside[: match.start()].count(",") + match.group(1).count(",") + 1)
        for match in _TUPLE.finditer(inside)
    )
    texts = [text for text in _TUPLE.sub(r"\1", inside).split(",") if text.strip()]
    parameters = tuple(_parse_parameter(text, wide) for text in texts)
    event = Event(name, parameters, structs)
    columns = [parameter.column for parameter in parameters]
    if len(set(columns)) != len(columns) or len(event.indexed) > 3:
        raise ValueError(f"two parameters of one name, or more than three indexed: {declaration!r}")
    return event


def _parse_parameter(text: str, wide: frozenset[str]) -> Parameter:
    words = text.split()
    indexed = "indexed" in words
    words = [word for word in words if word != "indexed"]
    if len(words) != 2:
        raise ValueError(f"a parameter needs a type and a name: {text!r}")
    kind, name = words
    kind = {"uint": "uint256", "int": "int256"}.get(kind, kind)
    integer = _INTEGER.match(kind)
    valid_integer = integer is not None and int(integer.group(2)) in range(8, 257, 8)
    if not valid_integer and kind not in {"address", "bool", TEXT} and not _BYTES.match(kind):
        raise ValueError(f"not a type this decoder knows: {kind!r}")
    if indexed and kind == TEXT:
        raise ValueError(f"of an indexed text only the hash is logged: {text!r}")
    # Prices of 160 bits do not fit 38 digits: such widths always keep their word.
    too_wide = valid_integer and 128 < int(kind.removeprefix("u").removeprefix("int")) < 256
    return Parameter(name, kind, indexed, wide=name in wide or too_wide)


def snake_case(name: str) -> str:
    """Turn a Solidity name into a column's name: `isKP3RToken0` becomes `is_kp3r_token0`."""
    one_word = name.replace("wKP3R", "wkp3r").replace("WKP3R", "Wkp3r").replace("KP3R", "Kp3r")
    return _WORD_BOUNDARY.sub("_", one_word).lower().lstrip("_")


def keccak256(data: bytes) -> bytes:
    """Keccak-256 of `data`, 32 bytes (Ethereum's, not the later SHA-3)."""
    # Imported here: only decoding needs a hash, and a replay should not wait for the import.
    from eth_hash.auto import keccak  # noqa: PLC0415 - see above

    digest: bytes = keccak(data)
    return digest
