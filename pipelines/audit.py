"""`keep3r audit`: SQL queries that return bad rows, for a scheduler to guard on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.warehouse.formats import Format

from .audit_text import counts_line, verdict_json, verdict_lines
from .config import load_config, setting
from .manners import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from keep3r_replay.warehouse.auditing import Verdict
    from keep3r_replay.warehouse.audits import Audit
    from keep3r_replay.warehouse.ranges import Asked
    from keep3r_replay.warehouse.session import Part

FINDINGS = 3
FAILED = 1
BEHIND = "lake_behind"
"""The audit whose parameter `head` a node can tell."""
SUMMARY = (
    "Run audits on the warehouse: keep3r audit [NAME ...]. An audit is an SQL query that returns bad rows; if one "
    "does, this ends with 3. keep3r audit describe=true tells what there is."
)


@dataclass(frozen=True)
class AuditConfig:
    """Settings of `keep3r audit`."""

    audits: list[str] = setting("names, or all, audits (what must hold), alerts, own", default=["all"])
    database: str = setting("the database file of keep3r warehouse", default="keep3r.duckdb")
    schema: str | None = setting("only this schema's lake; none: every one in the warehouse", default=None)
    folder: str | None = setting("a folder of audits of one's own, files ending in .sql", default=None)
    parameters: dict[str, Any] = setting("as in parameters.runway.days=14", default={})
    from_block: int | None = setting("first block of a range", default=None)
    to_block: int | None = setting("last block of a range", default=None)
    from_day: str | None = setting("first day of a range, UTC, as in 2022-03-31", default=None)
    to_day: str | None = setting("last day of a range", default=None)
    days: int | None = setting("the last days that the lake covers", default=None)
    rows: int = setting("how many bad rows of an audit a table shows", default=20)
    format: Format = setting("table; json: everything; csv, parquet, xlsx: the rows of one audit", default=Format.table)
    describe: bool = setting("say which audits there are, what they mean and which parameters they take", default=False)


def main(argv: list[str]) -> int:
    """Run the audits; return the exit code."""
    names = [argument for argument in argv if "=" not in argument and not argument.startswith("-")]
    rest = [argument for argument in argv if argument not in names]
    config = load_config(
        "audit", AuditConfig, [*rest, *([f"audits=[{','.join(names)}]"] if names else [])], summary=SUMMARY
    )
    if config.describe:
        return _describe(config)
    return audit(config)


def audit(config: AuditConfig, *, bare: bool = False, file: str | None = None) -> int:
    """Run audits as configured and print what they found; return the exit code.

    Args:
        config: the settings.
        bare: print the rows of the one audit, and nothing else.
        file: where to write them instead.
    """
    if bare or config.format in {Format.csv, Format.parquet, Format.xlsx}:
        return _rows_of_one(config, file)
    verdicts = list(run(config))
    several = len({part.schema for part, _ in verdicts}) > 1
    if config.format is Format.json:
        print(json.dumps([verdict_json(part, verdict) for part, verdict in verdicts], indent=1))
    else:
        for part, verdict in verdicts:
            say("\n".join(verdict_lines(part if several else None, verdict, config.rows)))
        print(counts_line([verdict for _, verdict in verdicts]))
    return exit_code([verdict for _, verdict in verdicts])


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """1 if an audit failed, 3 if one returned rows, else 0."""
    if any(verdict.failed for verdict in verdicts):
        return FAILED
    return FINDINGS if any(verdict.rows for verdict in verdicts) else 0


def run(config: AuditConfig, *, ask_node: bool = True, schemas: Sequence[str] = ()) -> Iterator[tuple[Part, Verdict]]:
    """The verdict of every audit asked for, on every lake in the warehouse, or those of some schemas.

    `ask_node`: for the head of the chain, where there is one.

    Raises:
        InputError, LockedError: as `warehouse.session.asking`.
        UsageError: an audit, a schema or a parameter is unknown, or the range makes no sense.
    """
    from keep3r_replay.warehouse.auditing import run_audits
    from keep3r_replay.warehouse.audits import chosen
    from keep3r_replay.warehouse.ranges import range_of
    from keep3r_replay.warehouse.session import asking

    parts = [part for part in _parts(config) if not schemas or part.schema in schemas]
    every = {name for part in parts for name in _known(config, part)}
    _check_names(config, every)
    given = _parameters(config)
    for part in parts:
        known = _known(config, part)
        audits = chosen(known, [name for name in config.audits if name in known or name not in every])
        parameters = _with_head(given, audits, part) if ask_node else given
        with asking(Path(config.database), schema=part.schema) as connection:
            span = range_of(connection, part, _asked(config))
            for verdict in run_audits(connection, audits, parameters, span, named=config.audits):
                yield part, verdict


def _parts(config: AuditConfig) -> list[Part]:
    from keep3r_replay.warehouse.session import asking, parts_of

    with asking(Path(config.database)) as connection:
        parts = parts_of(connection)
    if any(not part.folder for part in parts):
        raise InputError(config.database, "was made by an older version", remedy="make it again with keep3r warehouse")
    found = [part for part in parts if config.schema in {None, part.schema}]
    if not found:
        raise UsageError(f"no schema {config.schema}: this warehouse has {', '.join(part.schema for part in parts)}")
    return found


def _known(config: AuditConfig, part: Part) -> dict[str, Any]:
    from keep3r_replay.protocols.registry import protocol_named
    from keep3r_replay.warehouse.audits import known_audits

    folder = None if config.folder is None else Path(config.folder)
    return dict(known_audits(protocol_named(part.protocol).sql, folder, part.schema, what_if=part.what_if))


def _check_names(config: AuditConfig, known: set[str]) -> None:
    from keep3r_replay.warehouse.audits import GROUPS

    for name in (*config.audits, *config.parameters):
        if name not in known and (name not in GROUPS or name in config.parameters):
            raise UsageError(f"no audit {name[:60]}; keep3r audit describe=true tells which there are")


def _parameters(config: AuditConfig) -> dict[str, dict[str, Any]]:
    """The parameters given, by audit. Raises `UsageError` for a value without a parameter's name."""
    for name, values in config.parameters.items():
        if not isinstance(values, dict):
            raise UsageError(f"parameters.{name} takes a parameter's name, as in parameters.runway.days=14")
    return {name: dict(values) for name, values in config.parameters.items()}


def _with_head(given: dict[str, dict[str, Any]], audits: Sequence[Audit], part: Part) -> dict[str, dict[str, Any]]:
    """Add the head of the chain to the parameters of `lake_behind`, where a node of that chain can be asked."""
    from .chain_head import head_of

    if not any(each.name == BEHIND for each in audits) or "head" in given.get(BEHIND, {}):
        return given
    head = head_of(part.chain_id)
    return given if head is None else given | {BEHIND: {**given.get(BEHIND, {}), "head": head}}


def _rows_of_one(config: AuditConfig, file: str | None) -> int:
    """Print the rows of one audit on one lake, whatever the format. Raises `UsageError` for several."""
    from keep3r_replay.warehouse.auditing import bound_values, set_range
    from keep3r_replay.warehouse.audits import chosen
    from keep3r_replay.warehouse.ranges import range_of

    from .answers import print_answer

    parts = _parts(config)
    wanted = [(part, each) for part in parts for each in chosen(_known(config, part), config.audits)]
    if len(wanted) != 1:
        raise UsageError(f"{config.format.value} holds the rows of one audit: say which one, and schema=NAME")
    ((part, one),) = wanted
    given = _with_head(_parameters(config), [one], part).get(one.name, {})
    if lacking := one.lacks(given):
        raise UsageError(f"{one.name} needs {lacking[0]}: say parameters.{one.name}.{lacking[0]}=VALUE")

    def prepare(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        set_range(connection, range_of(connection, part, _asked(config)))
        return bound_values(connection, one, given)

    database = Path(config.database)
    return (
        FINDINGS
        if print_answer(database, one.statement, config.format, file, schema=part.schema, prepare=prepare)
        else 0
    )


def _asked(config: AuditConfig) -> Asked:
    from keep3r_replay.warehouse.ranges import Asked

    return Asked(config.from_block, config.to_block, config.from_day, config.to_day, config.days)


def _describe(config: AuditConfig) -> int:
    for part in _parts(config):
        for each in _known(config, part).values():
            print(f"{each.name} ({each.kind} of {part.protocol}): {each.meaning}{' ' if each.note else ''}{each.note}")
            for parameter in each.parameters:
                default = f" (default {parameter.default})" if parameter.default is not None else " (must be given)"
                print(f"  {parameter.name}: {parameter.meaning}{default}")
    return 0
