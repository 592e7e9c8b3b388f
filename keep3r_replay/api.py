"""The public face: what a notebook or a program calls, and what the command line is written on.

Nothing here is loaded but by the function that needs it, so that `import keep3r_replay` costs nothing. An argument of
another type, or of a value that makes no sense, is a `UsageError` of one line that names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keep3r_replay import conf, data

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from keep3r_replay.answers import AuditResults, SeveralResults, State
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replaying_on import ReplayedOn

SAMPLE = Path(data.__path__[0]) / "sample" / "lake"
"""The lake that comes with the package: a recorded history of Keep3r 2.2."""
CONF = Path(conf.__path__[0])
"""The folder of named settings."""


def open_lake(folder: str | Path | None = None, *, results: str | Path | None = None) -> Lake:
    """Open a lake; the bundled sample if no folder is named. One in a bucket is `s3://BUCKET/FOLDER`.

    Where a lake is of several protocols, `FOLDER/PROTOCOL` (`both/keep3r_v1`) is one's part of it. Every file is read
    once and held against the lake's manifest, but those that former `results` of the lake were made of.

    Raises:
        LakeError: there is no lake, or it is damaged.
        UsageError: the lake is not of that protocol.
    """
    from keep3r_replay.answers import files_known, part_named
    from keep3r_replay.lake.bucket import location
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.registry import schemas_in
    from keep3r_replay.replay.arguments import path_named

    named = SAMPLE if folder is None else path_named("folder", folder)
    place = location(named)
    whole = None if place.exists() else part_named(place)
    lake = whole or Lake.open(named)
    known = () if results is None else files_known(Path(path_named("results", results)))
    lake.check_content(known, schemas_in(lake.deployment.protocol))
    return lake


def import_recording(recording: str | Path, folder: str | Path) -> Lake:
    """Turn a recorded history into a lake in `folder`, and open it.

    Raises:
        InputError: the recording is wrong; the text names file and line.
        UsageError: `folder` holds something other than a former import.
    """
    from keep3r_replay.protocols.registry import protocol_recorded
    from keep3r_replay.recording.importer import import_recording as write_lake
    from keep3r_replay.replay.arguments import path_named

    write_lake(Path(path_named("recording", recording)), Path(path_named("folder", folder)), protocol_recorded)
    return open_lake(folder)


def replay(
    lake: Lake,
    *,
    ledger: bool = False,
    until_block: int | None = None,
    strict: bool = False,
    start_block: int | None = None,
    resume: str | Path | None = None,
    resume_block: int | None = None,
    snapshot_every: int | None = None,
    columns: bool = True,
) -> AuditResults:
    """Re-execute a lake through its protocol's model, and compare every event and every reading.

    Args:
        lake: the history.
        ledger: also keep the ledger, and make the tables that follow from it.
        until_block: the last block to replay; all if none is said.
        strict: stop at the first disagreement.
        start_block: start after this block, with the state that its readings tell.
        resume: results of a former replay of this lake; go on from their last snapshot.
        resume_block: with `resume`, from the last snapshot up to this block.
        snapshot_every: events between two snapshots; 0 takes none, None the usual number (8,192).
        columns: False: every event by itself, also where plain ones can be taken many at a time; same results, slower.

    Raises:
        InputError: the lake lacks what the replay needs.
        UsageError: a block or a former result that makes no sense.
    """
    from keep3r_replay.answers import AuditResults, configured
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.replay.arguments import check_replay
    from keep3r_replay.replay.audit import audit, strict_audit
    from keep3r_replay.replay.snapshots import EVERY
    from keep3r_replay.replay.starts import starts

    check_replay(lake, ledger, until_block, strict, start_block, resume, resume_block, snapshot_every, columns)
    every = EVERY if snapshot_every is None else snapshot_every
    protocol = protocol_of(lake)
    beginnings = starts(lake, protocol, until_block, start_block, None if resume is None else str(resume), resume_block)
    run = strict_audit if strict else audit
    found = run(
        lake, protocol, until_block, ledger=ledger, starts=beginnings, snapshot_every=every, columns=columns
    ).with_inputs()
    begun = {root: start.block for root, start in beginnings.items()}
    if resume is not None:
        from keep3r_replay.report.before import found_before

        found.summary["before"] = found_before(Path(resume), min(begun.values()))
    mode = "strict" if strict else "audit"
    return AuditResults(found, protocol, configured(mode, until_block, begun, every, ledger=ledger))


def replay_on(
    lake: Lake,
    results: str | Path,
    *,
    ledger: bool = False,
    until_block: int | None = None,
    snapshot_every: int | None = None,
    columns: bool = True,
) -> ReplayedOn:
    """Replay a lake to a folder, from where the results in it left off, and write the results there.

    What is written is byte for byte what a replay from the beginning writes. It goes on from the last snapshot that
    still holds; where none does, there are no results yet, or the code, the configuration or the deployment is another
    one, it begins at the beginning, and `told` says why. Of a lake of several protocols every part goes on for itself.

    Args:
        lake: the history; `open_lake(folder, results=results)` does not read again what the results were made of.
        results: the folder: absent, empty, or holding former results.
        ledger: also keep the ledger, and make the tables that follow from it.
        until_block: the last block to replay; all if none is said.
        snapshot_every: events between two snapshots; 0 takes none on the way, None the usual number (8,192).
        columns: as of `replay`.

    Raises:
        InputError: the lake lacks what the replay needs.
        UsageError: a block that makes no sense, or a folder that holds something else.
        LockedError: another run works on the folder.
    """
    from keep3r_replay.replay.arguments import check_replay, path_named
    from keep3r_replay.replay.snapshots import EVERY
    from keep3r_replay.replaying_on import replay_on as go_on

    check_replay(lake, ledger, until_block, snapshot_every=snapshot_every, columns=columns)
    every = EVERY if snapshot_every is None else snapshot_every
    folder = Path(path_named("results", results))
    return go_on(lake, folder, until_block, every, ledger=ledger, columns=columns)


def replay_all(
    lake: Lake,
    *,
    ledger: bool = False,
    until_block: int | None = None,
    strict: bool = False,
    resume: str | Path | None = None,
    columns: bool = True,
) -> SeveralResults:
    """Replay a lake of several protocols with each of them, and tell what every account earned over all.

    Args:
        lake: the history.
        ledger: also keep each ledger.
        until_block: the last block to replay; all if none is said.
        strict: stop at the first disagreement.
        resume: results of a former run; each protocol's part goes on from its last snapshot.
        columns: as of `replay`.

    Raises:
        InputError: the lake lacks what a replay needs.
        UsageError: a block or a former result that makes no sense.
    """
    from keep3r_replay.answers import replay_parts
    from keep3r_replay.replay.arguments import check_replay

    check_replay(lake, ledger, until_block, strict, resume=resume, columns=columns)

    def one(part: Lake, name: str) -> AuditResults:
        former = None if resume is None else Path(resume) / name
        return replay(part, ledger=ledger, until_block=until_block, strict=strict, resume=former, columns=columns)

    return replay_parts(lake, one)


def state_at(lake: Lake, block: int, *, contract: str | None = None, results: str | Path | None = None) -> State:
    """What a contract held at the end of a block: `.job("0x...")`, `.keeper("0x...")`, `.overview()`.

    Args:
        lake: the history.
        block: the block.
        contract: address of the contract, or its beginning; that in force at the block if none is said.
        results: results of a replay of this lake, whose snapshots save most of the way.

    Raises:
        UsageError: the lake does not cover the block, or holds no such contract.
    """
    from keep3r_replay.answers import State
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.replay import state_query
    from keep3r_replay.replay.arguments import block_number, check_lake, check_paths

    check_lake(lake)
    check_paths(results=results)
    protocol = protocol_of(lake)
    root = state_query.root_at(lake, protocol, block_number(block), contract)
    return State(block, state_query.state_at(lake, protocol, root, block, None if results is None else Path(results)))


def explain(lake: Lake, transaction: str | tuple[int, int]) -> pl.DataFrame:
    """Every term of a transaction's events, one a row: where each value comes from, line by line.

    Args:
        lake: the history.
        transaction: its hash or the beginning of it, or block and index of one of its logs.

    Returns:
        Columns event, block_number, log_index, the subjects (`job`, `keeper`), section, term, value, source. Values
        are text: some exceed 38 digits. No row if the transaction has nothing to explain.

    Raises:
        UsageError: there is no such transaction.
    """
    from keep3r_replay.answers import explanations, explanations_table
    from keep3r_replay.replay.arguments import check_lake

    check_lake(lake)
    return explanations_table(explanations(lake, transaction))


def warehouse(
    lake: Lake,
    results: AuditResults | str | Path,
    database: str | Path | None = None,
    *,
    schema: str = "main",
    tables: bool = False,
) -> duckdb.DuckDBPyConnection:
    """A DuckDB database of a lake and its results, with views (docs/sql.md), opened for reading.

    Args:
        lake: the history.
        results: of a replay of it with `ledger=True`, or the folder that they were written to.
        database: file of the database; a temporary one if none is said, which goes with the process. A former
            warehouse is refreshed by what is new.
        schema: of the views, where several lakes go into one database.
        tables: put the rows into the database, which needs no other file then.

    Raises:
        InputError: the results have no ledger, or are not of this lake as it is now.
        LockedError: the database is in use elsewhere.
        UsageError: they are no results of a replay, or `database` is something other than a former warehouse.
    """
    import duckdb

    from keep3r_replay.answers import kept_folder, results_folder
    from keep3r_replay.protocols.registry import protocol_of
    from keep3r_replay.replay.arguments import check_lake, check_paths, check_truths
    from keep3r_replay.warehouse.build import build
    from keep3r_replay.warehouse.session import checked_schema

    check_lake(lake)
    check_paths(database=database)
    check_truths(tables=tables)
    checked_schema(schema)
    folder = results_folder(results)
    file = Path(database) if database is not None else kept_folder() / "warehouse.duckdb"
    build(lake, folder, file, protocol_of(lake), schema=schema, tables=tables)
    connection = duckdb.connect(str(file), read_only=True)
    connection.execute(f"set search_path = '{schema}{'' if schema == 'main' else ',main'}'")
    return connection
