"""`keep3r explain`: every term of the works and rewards of one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.errors import UsageError
from keep3r_replay.report.times import moment

from .config import Store, load_config, setting
from .named import NAMES, book_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.replay.rooms import Explanation

    from .named import AddressBook

SUMMARY = "Explain the works and rewards of one transaction: every term of the payment and of the job's credits."


class Format(Enum):
    """How the terms are printed."""

    text = "text"
    json = "json"


@dataclass(frozen=True)
class ExplainConfig:
    """Settings of `keep3r explain`."""

    lake: str | None = setting(
        "folder of the lake; the bundled sample if none is named", default=None, store=Store.READ
    )
    tx: str = setting("hash of the transaction", default="")
    block: int | None = setting("block of a log, instead of tx", default=None)
    log_index: int | None = setting("index of the log in its block", default=None)
    names: str | None = setting(NAMES, default=None)
    export: str | None = setting("also write the terms to this file: .csv, .json, .parquet or .xlsx", default=None)
    format: Format = setting("text for people, json for programs", default=Format.text)


def main(argv: list[str]) -> int:
    """Print the explanation; return the exit code. Raises `UsageError` where no place is said."""
    config = load_config("explain", ExplainConfig, argv, summary=SUMMARY)
    if bool(config.tx) == (config.block is not None) or (config.block is None) != (config.log_index is None):
        raise UsageError("say tx=HASH, or block=NUMBER log_index=NUMBER")
    from keep3r_replay.answers import explanations, explanations_table
    from keep3r_replay.replay.moments import times_of
    from keep3r_replay.report.export import check_export, export_table, with_names

    if config.export is not None:
        check_export(Path(config.export))

    lake = keep3r_replay.open_lake(config.lake)
    if config.block is not None and config.log_index is not None:
        explained = explanations(lake, (config.block, config.log_index))
    else:
        explained = explanations(lake, config.tx)
    book = book_of(lake, config.names)
    times = times_of(lake, [one.block_number for one in explained])
    if config.export is not None:
        export_table(with_names(explanations_table(explained), book.names), Path(config.export))
    if config.format is Format.json:
        print(json.dumps([_as_json(one, book, times) for one in explained], indent=1))
    elif not explained:
        print("the transaction has nothing to explain")
    else:
        print(book.told("\n\n".join(_as_text(one, times) for one in explained)))
        if link := book.link(lake.deployment.chain_id, "block", explained[0].block_number):
            print(f"\nexplorer  {link}")
    return 0


def _as_json(one: Explanation, book: AddressBook, times: Mapping[int, int]) -> dict[str, object]:
    """One event; numbers as text, for they exceed what JSON readers keep exact."""
    named = {f"{kind}_name": book.names[address] for kind, address in one.subjects.items() if address in book.names}
    when = times.get(one.block_number)
    return {
        "event": one.event,
        "block_number": one.block_number,
        "log_index": one.log_index,
        **({} if when is None else {"at": f"{moment(when)} UTC"}),
        **one.subjects,
        **named,
        "terms": [{**term._asdict(), "value": str(term.value)} for term in one.terms],
    }


def _as_text(one: Explanation, times: Mapping[int, int]) -> str:
    when = f", {moment(times[one.block_number])} UTC" if one.block_number in times else ""
    subjects = "".join(f"  {kind} {address}" for kind, address in one.subjects.items() if address)
    lines = [f"{one.event}  block {one.block_number} log {one.log_index}{when}{subjects}"]
    section = ""
    for term in one.terms:
        if term.section != section:
            section = term.section
            lines += ["", f"  {section}"]
        lines.append(f"    {term.name:<24}  {term.value!s:>42}   {term.source}".rstrip())
    return "\n".join(lines)
