"""An address book: who is called what, and where a chain's explorer is; people read names, and type them.

A book is a YAML file: `ADDRESS: NAME` a line, and `explorers: {CHAIN: URL}` where links are wanted. It lies in a lake
(a simulation writes its actors' names there), beside it, or anywhere (`names=FILE`); the last of these has the last
word.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = "names.yaml"
"""How a book is called that lies in a lake or beside one."""
EXPLORERS = "explorers"
LONGEST = 29
"""Characters of a name: with the beginning of its address it is as long as an address, and columns stay columns."""
_SHOWN = 10
"""Characters of an address beside its name: so many name one address of any history."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
"""What YAML takes for nothing, where it stands without quotes."""
_TWO = "two of one name cannot be told apart: say which is which, as in 'keeper 2'"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_IN_TEXT = re.compile(r"\b(0x[0-9a-f]{40})(?![0-9a-f])( {2,})?", re.ASCII)
_URL = re.compile(r"https?://[\w.:/-]+", re.ASCII)


@dataclass(frozen=True)
class AddressBook:
    """Names by address, in lower case, and the explorer of each chain by its number."""

    names: Mapping[str, str] = field(default_factory=dict)
    explorers: Mapping[int, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.names)

    def with_later(self, later: AddressBook) -> AddressBook:
        """Both; where they contradict each other, `later` is right."""
        return AddressBook({**self.names, **later.names}, {**self.explorers, **later.explorers})

    def told(self, text: str) -> str:
        """A text with every address that has a name as `NAME (0x6894...)`; columns keep their places."""

        def named(found: re.Match[str]) -> str:
            name = self.names.get(found[1])
            if name is None:
                return found[0]
            short = f"{name} ({found[1][:_SHOWN]})"
            return f"{short:<{len(found[1])}}{found[2]}" if found[2] else short

        return _IN_TEXT.sub(named, text) if self.names else text

    def address(self, text: str, setting: str = "address") -> str:
        """The address that a name, or the beginning of one, stands for; any other text as it is.

        Raises:
            UsageError: several names begin so, or several addresses have the name.
        """
        wanted = text.strip().lower()
        if not wanted or wanted.startswith("0x"):
            return text
        known = {address: name.lower() for address, name in self.names.items()}
        found = sorted(address for address, name in known.items() if name == wanted)
        found = found or sorted(address for address, name in known.items() if name.startswith(wanted))
        if len(found) > 1:
            several = ", ".join(f"{self.names[each]} ({each[:_SHOWN]})" for each in found[:3])
            raise UsageError(f"{setting}={text[:60]}: {len(found)} names begin so: {several}")
        return found[0] if found else text

    def resolved(self, value: Any, setting: str) -> Any:
        """A setting of any shape, with the addresses of the names that stand in it, whole names only."""
        if isinstance(value, str):
            whole = value.strip().lower() in {name.lower() for name in self.names.values()}
            return self.address(value, setting) if whole else value
        if isinstance(value, dict):
            return {key: self.resolved(each, f"{setting}.{key}") for key, each in value.items()}
        if isinstance(value, list):
            return [self.resolved(each, setting) for each in value]
        return value

    def within(self, text: str) -> dict[str, str]:
        """The names of the addresses that stand in a text, by address."""
        found = sorted({each.lower() for each in _ADDRESS.findall(text)})
        return {address: self.names[address] for address in found if address in self.names}

    def link(self, chain: int, kind: str, value: str | int) -> str:
        """Where the chain's explorer shows an `address`, a `tx` or a `block`; empty where none is configured."""
        return f"{self.explorers[chain]}/{kind}/{value}" if chain in self.explorers else ""


def read_book(path: Path) -> AddressBook:
    """The book in a file.

    Raises:
        InputError: it cannot be read, is no such book, or names an address twice, or two by one name.
    """
    import yaml  # type: ignore[import-untyped] # noqa: PLC0415 - PyYAML has no types; only who has a book waits for it

    try:
        # Nodes, not values: YAML would make numbers of addresses, and take the second of two names in silence.
        # Those of libyaml where it is: a simulation of thousands has as many names.
        root = yaml.compose(path.read_text("utf-8"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(path, f"is no YAML: {' '.join(str(error).split())}") from None
    if root is None:
        return AddressBook()
    names: dict[str, str] = {}
    named: dict[str, str] = {}
    explorers: dict[int, str] = {}
    for key, value, line in _pairs(root, path):
        if key == EXPLORERS:
            explorers = {
                _chain(path, at, name): _explorer(path, at, url.value) for name, url, at in _pairs(value, path)
            }
            continue
        address = key.lower()
        if not _ADDRESS.fullmatch(key):
            raise InputError(path, f"{key[:60]!r} is no address", place=line, remedy="write 0x and 40 digits: NAME")
        if address in names:
            raise InputError(path, f"{address} has two names", place=line)
        names[address] = _name(path, line, value)
        if (other := named.setdefault(names[address].lower(), address)) != address:
            raise InputError(path, f"{names[address]!r} is also the name of {other}", place=line, remedy=_TWO)
    return AddressBook(names, explorers)


def books_of(lake: Path | None, named: str | None) -> AddressBook:
    """The book in a lake, that beside it, and the one of a setting `names`, together. Raises as `read_book`."""
    places = [] if lake is None else [lake / FILE, lake.resolve().parent / FILE]
    found = [path for path in places if path.is_file()] + ([Path(named)] if named is not None else [])
    book = AddressBook()
    for path in found:
        book = book.with_later(read_book(path))
    return book


def book_text(names: Mapping[str, str]) -> str:
    """A book as a file: names by address, in order of the names; what is no name is left out.

    Who has the name of one before him gets it with a number.
    """
    kept = sorted((name, address) for address, name in names.items() if is_name(name))
    counts: Counter[str] = Counter()
    lines = []
    for name, address in kept:
        counts[name.lower()] += 1
        number = counts[name.lower()]
        told = name if number == 1 else f"{name[: LONGEST - len(str(number)) - 1]} {number}"
        lines.append(f'"{address}": "{told}"\n')
    return "".join(lines)


def is_name(text: object) -> bool:
    """Whether a text can be a name: short, printable, and nothing that could be taken for an address."""
    return (
        isinstance(text, str)
        and 0 < len(text.strip()) == len(text) <= LONGEST
        and text.isprintable()
        and not text.lower().startswith("0x")
        and not {*'"\\'} & {*text}
    )


def _pairs(node: Any, path: Path) -> Iterator[tuple[str, Any, str]]:
    """Keys, value nodes and lines of a mapping."""
    if node.id != "mapping":
        raise InputError(path, "holds no names: lines of ADDRESS: NAME", place=f"line {node.start_mark.line + 1}")
    for key, value in node.value:
        if key.id != "scalar":
            raise InputError(path, "a key is an address", place=f"line {key.start_mark.line + 1}")
        yield key.value, value, f"line {key.start_mark.line + 1}"


def _name(path: Path, line: str, node: Any) -> str:
    text = node.value
    if node.id == "scalar" and not node.style and text in _NULLS:
        raise InputError(path, "says no name", place=line, remedy="leave the line out, or put the name in quotes")
    if not is_name(text):
        wanted = f"a name is 1 to {LONGEST} printable characters, without quotes and backslashes, not 0x..."
        raise InputError(path, wanted, place=line)
    return str(text)


def _chain(path: Path, line: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise InputError(path, f"{text[:40]!r} is no chain's number", place=line)
    return int(text)


def _explorer(path: Path, line: str, text: object) -> str:
    if not isinstance(text, str) or not _URL.fullmatch(text):
        raise InputError(path, "an explorer is a URL without query", place=line)
    return text.rstrip("/")
