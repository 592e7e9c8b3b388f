"""`keep3r explain`: every term of the works and rewards of one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import keep3r_replay
from keep3r_replay.errors import UsageError

from .config import load_config, setting

if TYPE_CHECKING:
    from keep3r_replay.replay.rooms import Explanation

SUMMARY = "Explain the works and rewards of one transaction: every term of the payment and of the job's credits."


class Format(Enum):
    """How the terms are printed."""

    text = "text"
    json = "json"


@dataclass(frozen=True)
class ExplainConfig:
    """Settings of `keep3r explain`."""

    lake: str | None = setting("folder of the lake; the bundled sample if none is named", default=None)
    tx: str = setting("hash of the transaction", default="")
    block: int | None = setting("block of a log, instead of tx", default=None)
    log_index: int | None = setting("index of the log in its block", default=None)
    format: Format = setting("text for people, json for programs", default=Format.text)


def main(argv: list[str]) -> int:
    """Print the explanation; return the exit code. Raises `UsageError` where no place is said."""
    config = load_config("explain", ExplainConfig, argv, summary=SUMMARY)
    if bool(config.tx) == (config.block is not None) or (config.block is None) != (config.log_index is None):
        raise UsageError("say tx=HASH, or block=NUMBER log_index=NUMBER")
    from keep3r_replay.answers import explanations

    lake = keep3r_replay.open_lake(config.lake)
    if config.block is not None and config.log_index is not None:
        explained = explanations(lake, (config.block, config.log_index))
    else:
        explained = explanations(lake, config.tx)
    if config.format is Format.json:
        print(json.dumps([_as_json(one) for one in explained], indent=1))
    elif not explained:
        print("the transaction has nothing to explain")
    else:
        print("\n\n".join(_as_text(one) for one in explained))
    return 0


def _as_json(one: Explanation) -> dict[str, object]:
    """One event; numbers as text, for they exceed what JSON readers keep exact."""
    return {
        "event": one.event,
        "block_number": one.block_number,
        "log_index": one.log_index,
        **one.subjects,
        "terms": [{**term._asdict(), "value": str(term.value)} for term in one.terms],
    }


def _as_text(one: Explanation) -> str:
    subjects = "".join(f"  {kind} {address}" for kind, address in one.subjects.items() if address)
    lines = [f"{one.event}  block {one.block_number} log {one.log_index}{subjects}"]
    section = ""
    for term in one.terms:
        if term.section != section:
            section = term.section
            lines += ["", f"  {section}"]
        lines.append(f"    {term.name:<24}  {term.value!s:>42}   {term.source}".rstrip())
    return "\n".join(lines)
