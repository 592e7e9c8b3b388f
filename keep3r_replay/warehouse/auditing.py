"""Runs audits on a warehouse: the bad rows of each, or why it did not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from keep3r_replay.errors import UsageError
from keep3r_replay.warehouse.query import run
from keep3r_replay.warehouse.session import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.warehouse.audits import Audit
    from keep3r_replay.warehouse.query import Answer
    from keep3r_replay.warehouse.ranges import Range


class Verdict(NamedTuple):
    """What an audit found.

    Attributes:
        audit: which.
        values: the parameters that it ran with, as text.
        answer: its rows; None if it did not run.
        problem: why it did not run; empty if it did.
        failed: it should have run: its SQL is wrong, or the warehouse lacks what it reads.
    """

    audit: Audit
    values: Mapping[str, str]
    answer: Answer | None
    problem: str = ""
    failed: bool = False

    @property
    def rows(self) -> int:
        """How many bad rows there are."""
        return len(self.answer.rows) if self.answer else 0


def run_audits(
    connection: duckdb.DuckDBPyConnection,
    audits: Sequence[Audit],
    parameters: Mapping[str, Mapping[str, Any]],
    span: Range,
    *,
    named: Sequence[str] = (),
) -> Iterator[Verdict]:
    """Run audits one after the other over a range of blocks.

    Args:
        connection: an open warehouse.
        audits: which.
        parameters: values by name of the audit and of the parameter.
        span: the range.
        named: audits asked for by name: of these no parameter may be missing.

    Raises:
        UsageError: a parameter is unknown, missing or of another type.
    """
    set_range(connection, span)
    for audit in audits:
        given = parameters.get(audit.name, {})
        shown = {name: text for name, (_, text) in audit.values(given).items()}
        if lacking := audit.lacks(given):
            if audit.name in named:
                raise UsageError(f"{audit.name} needs {lacking[0]}: say parameters.{audit.name}.{lacking[0]}=VALUE")
            yield Verdict(audit, shown, None, f"left out: it needs {', '.join(lacking)}")
            continue
        bound = bound_values(connection, audit, given)
        try:
            yield Verdict(audit, shown, run(connection, audit.statement, parameters=bound))
        except (duckdb.Error, UsageError) as error:
            yield Verdict(audit, shown, None, first_line(error), failed=True)


def set_range(connection: duckdb.DuckDBPyConnection, span: Range) -> None:
    """Let the macros of a range mean these blocks."""
    for name, value in (("first_block", span.first), ("last_block", span.last), ("last_second", span.end)):
        connection.execute(f"set variable {name} = {value}")


def bound_values(connection: duckdb.DuckDBPyConnection, audit: Audit, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an audit's parameters, each of its type. Raises `UsageError` for one that is not."""
    return {name: _typed(connection, audit, name, *each) for name, each in audit.values(given).items()}


def _typed(connection: duckdb.DuckDBPyConnection, audit: Audit, name: str, kind: str, text: str) -> Any:
    """A parameter's value. Raises `UsageError` if it is not of its type."""
    try:
        row = connection.execute(f"select cast(? as {kind})", [text]).fetchone()
    except duckdb.Error:
        raise UsageError(f"{audit.name}: {name} is no {kind}") from None
    assert row is not None
    (value,) = row
    return value
