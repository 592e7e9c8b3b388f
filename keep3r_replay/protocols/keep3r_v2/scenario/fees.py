"""Paths of the base fee, in wei a unit of gas.

    {path: constant, base_fee: WEI}
    {path: walk, seed: N, base_fee: WEI, step: N, floor: WEI, cap: WEI}
    {path: lake, lake: FOLDER}

The walk multiplies by `1000 + random.Random(seed).randint(-step, step)` over 1000, cut to whole wei, from block to
block, and stays between floor and cap. A lake's fee is that of its last block at or before the same distance in time
from its first LiquidityAddition; before its first block, that one's. Values of another path than the chosen one may
stand beside it.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import amount, known, required, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLACE = "scenario.fees"
_PARTS = 1_000
DEFAULT_BASE_FEE = 15_000_000_000
_KEYS = {
    "constant": ("base_fee",),
    "walk": ("seed", "base_fee", "step", "floor", "cap"),
    "lake": ("lake",),
}


def base_fees(fees: Mapping[str, Any], ready: int) -> Callable[[int], int]:
    """The base fee of a block by its time (seconds); to be asked once a block, in order.

    Args:
        fees: one of the paths above; empty for a constant 15 gwei.
        ready: when the setup is done, which a lake's first LiquidityAddition is laid on.

    Raises:
        UsageError: the path is unknown or lacks a value.
        LakeError: the lake can not be read.
    """
    path = str(fees.get("path", "constant"))
    if path not in _KEYS:
        raise UsageError(f"{_PLACE}.path: unknown {path!r}; there are {', '.join(_KEYS)}")
    known(fees, ("path", *chain.from_iterable(_KEYS.values())), _PLACE)
    if path == "lake":
        return _from_lake(Path(str(required(fees, "lake", _PLACE))), ready)
    fee = amount(fees.get("base_fee", DEFAULT_BASE_FEE), f"{_PLACE}.base_fee")
    if path == "constant":
        return lambda _time: fee
    random = Random(whole(required(fees, "seed", _PLACE), f"{_PLACE}.seed"))
    step = whole(fees.get("step", 20), f"{_PLACE}.step")
    if not 0 <= step <= _PARTS:
        raise UsageError(f"{_PLACE}.step: {step} is not between 0 and {_PARTS}, the parts that the fee changes by")
    floor = amount(fees.get("floor", 0), f"{_PLACE}.floor")
    cap = amount(fees.get("cap", 10**12), f"{_PLACE}.cap")
    if floor > cap:
        raise UsageError(f"{_PLACE}: the floor of {floor} wei lies above the cap of {cap}")
    present = fee

    def walk(_time: int) -> int:
        nonlocal present
        present = min(cap, max(floor, present * (_PARTS + random.randint(-step, step)) // _PARTS))
        return present

    return walk


def _from_lake(folder: Path, ready: int) -> Callable[[int], int]:
    lake = Lake.open(folder)
    if not lake.has("events/keep3r.LiquidityAddition"):
        raise UsageError(f"{folder}: the lake has no job with liquidity to lay its base fees on")
    start = lake.scan("events/keep3r.LiquidityAddition", columns=["timestamp"]).collect()["timestamp"][0]
    blocks = lake.scan("blocks").drop_nulls("timestamp").select("timestamp", pl.col("base_fee_per_gas").cast(pl.Int128))
    frame = blocks.collect()
    times, found = frame["timestamp"].to_list(), frame["base_fee_per_gas"].to_list()
    return lambda time: int(found[max(0, bisect_right(times, time - ready + start) - 1)])
