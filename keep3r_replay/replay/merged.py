"""Result tables of several root contracts of a lake as one table each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.replay.parts import frame_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import Protocol


def merge_tables(parts: Sequence[Mapping[str, Table]]) -> dict[str, Table]:
    """The tables of several roots, one below the other; a single root's are as they are.

    Rows that several roots have in common (what pools and feeds tell, without a root's address) stand once.
    """
    if len(parts) == 1:
        return dict(parts[0])
    merged: dict[str, Table] = {}
    for name in parts[0]:
        below = pl.concat([frame_of(part[name]) for part in parts])
        merged[name] = below.unique(maintain_order=True) if "pool" in below.columns else below
    return merged


def with_contract(tables: Mapping[str, Table], protocol: Protocol, root: str) -> dict[str, Table]:
    """The tables of one root of several, each with its address in a column of the role's name; pools need none."""
    return {
        name: frame
        if {protocol.root, "pool"} & set(frame.columns)
        else frame.with_columns(pl.lit(root).alias(protocol.root))
        for name, frame in ((name, frame_of(table)) for name, table in tables.items())
    }
