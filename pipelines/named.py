"""Names of addresses, as commands print and take them: an address book, by setting or where the lake is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay.lake.address_book import AddressBook, books_of

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake

__all__ = ["NAMES", "AddressBook", "book_beside", "book_of"]

NAMES = "file of names (YAML, ADDRESS: NAME), besides names.yaml in the lake and beside it"
"""What the setting `names` means."""


def book_of(lake: Lake, names: str | None) -> AddressBook:
    """The address book of a lake. Raises as `lake.address_book.read_book`."""
    return books_of(lake.path, names)


def book_beside(results: Path, lake: str | None, names: str | None) -> AddressBook:
    """The address book of results: that of their lake where it is named, else what lies in and beside their folder."""
    return books_of(results if lake is None else Path(lake), names)
