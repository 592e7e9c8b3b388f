"""What a what-if of Keep3r V1 can change: names, meanings, checks."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.what_if.names import check_names
from keep3r_replay.what_if.values import count, fraction, truth, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

MEANINGS = {
    "helper": f"version of the helper in force: {', '.join(HELPERS)}",
    "helper_from_block": "first block of that helper; the whole history if not said",
    "feed_factor": "the feed's answers times this number or fraction, cut to whole wei",
    "feed": "answers instead of the feed's own: records of block and answer (wei)",
    "feed_file": "the same from a file: CSV or Parquet with the columns block and answer",
    "bonds": "bonded KP3R of accounts: records of account, add (wei, may be below 0), block if not from the beginning",
    "bond_account": "with bond_add: one of `bonds`, from the beginning",
    "bond_add": "wei that this account has bonded more",
    "fee": "fee of credits in parts of 10,000",
    "bond_time": "seconds from a bond to its activation",
    "unbond_time": "seconds from an unbonding to its withdrawal",
    "oracle_every_slot": "true: the oracles are updated whenever they can be",
    "credit_at_previous_block": "true: liquidity is worth what it was at the end of the previous block",
    "no_receipts": "true: receipts in KP3R do not happen",
}
"""Every change, with its meaning in one line."""


class BondChange(NamedTuple):
    """An account that has `add` wei of KP3R more bonded from the first block at or after `block` on."""

    account: str
    add: int
    block: int


class Answer(NamedTuple):
    """The feed's answer (wei) from a block on."""

    block: int
    answer: int


_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


@dataclass(frozen=True)
class Changes:
    """A checked overlay; a field left at its default changes nothing."""

    helper: str | None = None
    helper_from_block: int = 0
    feed_factor: Fraction = Fraction(1)
    feed: tuple[Answer, ...] = ()
    bonds: tuple[BondChange, ...] = ()
    fee: int | None = None
    bond_time: int | None = None
    unbond_time: int | None = None
    oracle_every_slot: bool = False
    credit_at_previous_block: bool = False
    no_receipts: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return all(getattr(self, field.name) == field.default for field in fields(self))


_NEEDS = {"bond_add": "bond_account", "bond_account": "bond_add", "helper_from_block": "helper"}
"""Changes that change nothing without another one."""


def changes_of(overlay: Mapping[str, Any]) -> Changes:
    """Check an overlay.

    Raises:
        UsageError: a name is unknown, or a value makes no sense.
    """
    check_names(overlay, MEANINGS)
    helper = overlay.get("helper")
    if helper is not None and (not isinstance(helper, str) or helper not in HELPERS):
        raise UsageError(f"overlay.helper={str(helper)[:60]}: no such version; known are {', '.join(HELPERS)}")
    for name, other in _NEEDS.items():
        if overlay.get(name) is not None and overlay.get(other) is None:
            raise UsageError(f"overlay.{name} needs overlay.{other}")
    if overlay.get("feed") and overlay.get("feed_file"):
        raise UsageError("overlay: say feed or feed_file, not both")
    feed = sorted(_records(overlay, "feed", Answer, {}))
    bonds = _records(overlay, "bonds", BondChange, {"block": 0})
    if overlay.get("bond_account"):
        bonds.append(
            BondChange(_address(overlay["bond_account"]), whole_number("bond_add", overlay.get("bond_add", 0)), 0)
        )
    return Changes(
        helper,
        _count(overlay, "helper_from_block") or 0,
        fraction("feed_factor", overlay.get("feed_factor", 1)),
        read_feed(Path(str(overlay["feed_file"]))) if overlay.get("feed_file") else tuple(feed),
        tuple(bonds),
        _count(overlay, "fee"),
        _count(overlay, "bond_time"),
        _count(overlay, "unbond_time"),
        truth("oracle_every_slot", overlay.get("oracle_every_slot", False)),
        truth("credit_at_previous_block", overlay.get("credit_at_previous_block", False)),
        truth("no_receipts", overlay.get("no_receipts", False)),
    )


def read_feed(path: Path) -> tuple[Answer, ...]:
    """The feed's answers in a file, by block. Raises `InputError` where it holds none, or something else."""
    wanted = {"block": pl.Int64, "answer": pl.Int128}
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
        rows = frame.select(pl.col(name).cast(kind) for name, kind in wanted.items()).sort("block").rows()
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    except pl.exceptions.PolarsError as error:
        reason = f"is no table of block and answer: {str(error).splitlines()[0]}"
        raise InputError(path, reason, remedy="write CSV with a line block,answer first") from None
    answers = tuple(Answer(*row) for row in rows)
    if not answers or any(None in each or each.block < 0 or each.answer < 0 for each in answers):
        raise InputError(path, "an answer is missing or below zero", remedy="give every block its answer in wei")
    return answers


def _record(named: str, kind: Any, values: Any, defaults: Mapping[str, int]) -> Any:
    if (
        not isinstance(values, dict)
        or set(values) - set(kind._fields)
        or set(kind._fields) - set(values) - set(defaults)
    ):
        raise UsageError(f"overlay.{named}: an entry is a record of {', '.join(kind._fields)}")
    filled = {**defaults, **values}
    return kind(
        **{name: _address(each) if name == "account" else whole_number(name, each) for name, each in filled.items()}
    )


def _address(value: Any) -> str:
    text = f"0x{value:040x}" if isinstance(value, int) and not isinstance(value, bool) else str(value).lower()
    if not _ADDRESS.fullmatch(text):
        raise UsageError(f"overlay: {text[:60]!r} is no address")
    return text


def _count(overlay: Mapping[str, Any], name: str) -> int | None:
    value = overlay.get(name)
    return None if value is None else count(name, value)


def _records(overlay: Mapping[str, Any], name: str, kind: Any, defaults: Mapping[str, int]) -> list[Any]:
    entries = overlay.get(name) or []
    if not isinstance(entries, (list, tuple)):
        raise UsageError(f"overlay.{name}: must be a list of records of {', '.join(kind._fields)}")
    return [_record(name, kind, each, defaults) for each in entries]
