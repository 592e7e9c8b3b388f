"""What the chain says otherwise than the configuration, as a table that names the line to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADINGS = ("setting", "contract", "configuration", "chain", "change")


class Difference(NamedTuple):
    """One line: the setting at fault, the contract it is about, what is configured, what the chain says, what to do."""

    setting: str
    contract: str
    configured: str
    found: str
    change: str


class FirstContactError(UsageError):
    """The configuration is not of what the chain holds; nothing was fetched."""

    def __init__(self, name: str, differences: Sequence[Difference]) -> None:
        self.differences = tuple(differences)
        many = len(self.differences)
        super().__init__(
            f"deployment {name} is not what the chain holds, in {many} place{'s' * (many > 1)}; nothing was fetched"
        )


def table_of(differences: Sequence[Difference]) -> str:
    """The differences as text: a line of headings, and one each."""
    rows = [_HEADINGS, *differences]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
