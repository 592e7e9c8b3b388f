"""Whom a person means by the beginning of an address or a hash."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.lake.reader import Lake

AT_BLOCK = "that the contract holds anything of at that block"
"""Whose names those of a state are."""
_SHOWN = 80
_HASH = re.compile(r"(?:0x)?([0-9a-f]{1,64})", re.ASCII)
_WHOLE_HASH = 64
"""Hexadecimal digits of a hash."""


def known_name(kind: str, named: str, known: Iterable[str], place: str, where: str = "of the history") -> str:
    """The one name that is, or begins with, `named`.

    Args:
        kind: what is named, as in `job`.
        named: lower-case text.
        known: the names that there are.
        place: what the name was said for, as in `overlay.liquidity_job`.
        where: whose names they are.

    Raises:
        UsageError: there is none, or there are several; the text names the nearest.
    """
    names = sorted(known)
    if named in names:
        return named
    found = [name for name in names if named and name.startswith(named)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{place}={named}: {len(found)} {kind}s begin so: {', '.join(found[:3])}")
    close = get_close_matches(named[:_SHOWN], names, n=1, cutoff=0.0)
    nearest = f"; the nearest name is {close[0]}" if close else ""
    raise UsageError(f"{place}={named[:_SHOWN]}: no {kind} {where}{nearest}")


def known_hash(lake: Lake, named: str) -> str:
    """The hash of the one transaction of a lake whose hash begins with `named`; a whole one is given as it is.

    Raises:
        UsageError: `named` is no beginning of a hash, or that of no transaction, or of several.
    """
    match = _HASH.fullmatch(named.lower())
    if match is None:
        shown = " ".join(named[:_SHOWN].split())
        raise UsageError(f"tx={shown!r} is no transaction hash: 0x and 64 hexadecimal digits, or the first of them")
    start = f"0x{match.group(1)}"
    if len(match.group(1)) == _WHOLE_HASH:
        return start
    hashes = _hashes(lake)
    found = hashes.filter(hashes.str.starts_with(start)).sort().to_list()
    if len(found) == 1:
        return str(found[0])
    if found:
        raise UsageError(f"tx={start}: {len(found)} transactions begin so: {', '.join(found[:3])}")
    # A lake has millions: the nearest are the two between which it would stand.
    beside = [each for each in (hashes.filter(hashes < start).max(), hashes.filter(hashes > start).min()) if each]
    here = int(start.ljust(len("0x") + _WHOLE_HASH, "0"), 16)
    close = min(map(str, beside), key=lambda each: abs(int(each, 16) - here), default="")
    nearest = f"; the nearest is {close}" if close else ""
    raise UsageError(f"tx={start}: no transaction of the lake begins so{nearest}")


def _hashes(lake: Lake) -> pl.Series:
    """Every transaction that the lake tells of, also by its logs alone."""
    logged = lake.scan("logs").select(pl.lit("0x") + pl.col("transaction_hash").bin.encode("hex").alias("hash"))
    told = [logged.select(pl.first().alias("hash"))]
    if lake.has("transactions"):
        told.append(lake.scan("transactions").select(pl.col("hash").cast(pl.String)))
    return pl.concat(told).unique().collect()["hash"]
