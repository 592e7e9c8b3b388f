"""Audits: SQL queries that return bad rows. Each is a file that says what it means and which parameters it takes.

The comment lines at the beginning of the file:

    -- Jobs that nobody has worked for so many hours.            what a row means, in one line
    -- A job that was never worked counts from its listing.      more about it, as many lines as it takes
    -- $hours BIGINT = 168: from so many hours on                a parameter: type, default (or none), meaning
    -- not of what-ifs                                           where it makes sense for what happened only

`in_range(block_number)`, `range_first()`, `range_last()` and `range_end()` (its last second) are the range asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.warehouse.query import KINDS, bundled, read_statement
from keep3r_replay.warehouse.session import in_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

AUDITS, ALERTS, OWN = KINDS[1], KINDS[2], "own"
"""What must hold always; what somebody wants to be told of; those of a folder of one's own."""
GROUPS = ("all", AUDITS, ALERTS, OWN)
_PARAMETER = re.compile(r"-- \$(\w+) ([A-Z]+(?:\(\d+(?:, ?\d+)?\))?)(?: = (.+?))?: (.+)")
_NOT_OF_WHAT_IFS = "-- not of what-ifs"


class Parameter(NamedTuple):
    """A value that an audit takes: its SQL type, its default as text (None: it must be given), and what it means."""

    name: str
    type: str
    default: str | None
    meaning: str


@dataclass(frozen=True)
class Audit:
    """An audit as its file describes it."""

    name: str
    kind: str
    meaning: str
    note: str
    parameters: tuple[Parameter, ...]
    of_what_ifs: bool
    statement: str

    def lacks(self, given: Mapping[str, Any]) -> list[str]:
        """Names of the parameters that have neither a default nor a value."""
        return [each.name for each in self.parameters if each.default is None and each.name not in given]

    def values(self, given: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """Type and text of every parameter, by name. Raises `UsageError` for one that it does not have."""
        known = {each.name: each for each in self.parameters}
        for name in given:
            if name not in known:
                told = f"its parameters are {', '.join(known)}" if known else "it takes none"
                raise UsageError(f"{self.name} has no parameter {str(name)[:60]}; {told}")
        texts = {each.name: given.get(each.name, each.default) for each in self.parameters}
        return {name: (known[name].type, str(text)) for name, text in texts.items() if text is not None}


def audit_from(name: str, kind: str, text: str) -> Audit:
    """Read an audit's file. Raises `UsageError` if it does not begin with what it means."""
    comments: list[str] = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        comments.append(line.rstrip())
    if not comments or not comments[0].removeprefix("--").strip():
        raise UsageError(f"audit {name}: its first line must say what a row means, as in -- Jobs without credits.")
    parameters, notes, of_what_ifs = [], [], True
    for line in comments[1:]:
        if found := _PARAMETER.fullmatch(line):
            parameters.append(Parameter(*found.groups()))
        elif line.startswith(_NOT_OF_WHAT_IFS):
            of_what_ifs = False
        else:
            notes.append(line.removeprefix("--").strip())
    meaning = comments[0].removeprefix("--").strip()
    return Audit(name, kind, meaning, " ".join(notes), tuple(parameters), of_what_ifs, text)


def known_audits(package: str, folder: Path | None, schema: str, *, what_if: bool) -> dict[str, Audit]:
    """The audits of a protocol and those of a folder, by name, for the tables of a schema; one's own come last.

    Args:
        package: of the protocol's SQL.
        folder: of further files that end in .sql; one of a bundled name takes its place.
        schema: `raw` and `res` in them mean those of this schema.
        what_if: only those that hold for what-ifs.

    Raises:
        InputError: a file cannot be read.
        UsageError: there is no such folder, or a file does not say what it means.
    """
    texts = {(name, kind): text for kind in (AUDITS, ALERTS) for name, text in bundled(package, kind).items()}
    if folder is not None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no folder of audits")
        texts |= {(file.stem, OWN): read_statement(file) for file in sorted(folder.glob("*.sql"))}
    found = [audit_from(name, kind, in_schema(text, schema)) for (name, kind), text in texts.items()]
    return {each.name: each for each in found if each.of_what_ifs or not what_if}


def chosen(known: Mapping[str, Audit], wanted: Sequence[str]) -> list[Audit]:
    """The audits of these names and groups, in the order of `known`. Raises `UsageError` for an unknown one."""
    for name in wanted:
        if name not in known and name not in GROUPS:
            raise UsageError(f"no audit {name[:60]}; there are {', '.join([*GROUPS, *known])}")
    return [each for each in known.values() if {"all", each.kind, each.name} & set(wanted)]
