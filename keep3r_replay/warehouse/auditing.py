"""Runs audits on a warehouse: the bad rows of each, or why it did not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from keep3r_replay.errors import UsageError
from keep3r_replay.warehouse.query import Answer, check_statement
from keep3r_replay.warehouse.session import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.warehouse.audits import Audit
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
    for name, value in (("first_block", span.first), ("last_block", span.last), ("last_second", span.end)):
        connection.execute(f"set variable {name} = {value}")
    for audit in audits:
        given = parameters.get(audit.name, {})
        texts = audit.values(given)
        shown = {name: text for name, (_, text) in texts.items()}
        if lacking := audit.lacks(given):
            if audit.name in named:
                raise UsageError(f"{audit.name} needs {lacking[0]}: say parameters.{audit.name}.{lacking[0]}=VALUE")
            yield Verdict(audit, shown, None, f"not asked: it needs {', '.join(lacking)}")
            continue
        bound = {name: _typed(connection, audit, name, *each) for name, each in texts.items()}
        try:
            check_statement(connection, audit.statement, write=False)
            result = connection.execute(audit.statement, bound) if bound else connection.execute(audit.statement)
            yield Verdict(audit, shown, Answer([str(each[0]) for each in result.description or []], result.fetchall()))
        except (duckdb.Error, UsageError) as error:
            yield Verdict(audit, shown, None, first_line(error), failed=True)


def _typed(connection: duckdb.DuckDBPyConnection, audit: Audit, name: str, kind: str, text: str) -> Any:
    """A parameter's value. Raises `UsageError` if it is not of its type."""
    try:
        row = connection.execute(f"select cast(? as {kind})", [text]).fetchone()
    except duckdb.Error:
        raise UsageError(f"{audit.name}: {name} is no {kind}") from None
    assert row is not None
    return row[0]
