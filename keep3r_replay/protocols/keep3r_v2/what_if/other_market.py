"""The market of another pool, of another lake or of this one: its ticks over time, for pools that follow them."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import InputError, UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.what_if.overlay_checks import ALIGN
from keep3r_replay.replay.results import lake_fingerprint
from keep3r_replay.sidechain_oracle.events import ORACLE
from keep3r_replay.sidechain_oracle.of_lake import ticks_over_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.uniswap_v3.oracle import Pool


class Moves(NamedTuple):
    """Ticks over time, as of a pool with KP3R as token 0: from `times[i]` (seconds, rising) on it is `ticks[i]`.

    A swap back to where the block began stands there too: it writes an observation.
    """

    times: list[int]
    ticks: list[int]


class OtherMarket(NamedTuple):
    """What pools follow: the moves that each takes, by its address, at times of our history."""

    moves: dict[str, Moves]
    begins: dict[str, int]
    """First time of our history that each of them knows."""
    ends: int
    """The last one."""


def other_market(overlay: Overlay, lake: Lake, pools: Mapping[str, Pool], begins_at: int) -> OtherMarket:
    """The moves that an overlay's pools follow.

    Args:
        overlay: names lake, pool and offset.
        lake: the history's own, where the overlay names no other.
        pools: those of the history.
        begins_at: first moment of the history.

    Raises:
        LakeError: there is no such lake.
        UsageError: there is no such pool in it, or none of ours that could follow.
    """
    other = Lake.open(overlay.market_lake) if overlay.market_lake else lake
    identity = json.dumps(lake_fingerprint(other), sort_keys=True)
    chosen: dict[str, tuple[list[int], list[int]]] = {}
    for address in _followers(lake, pools):
        chosen[address] = _path(str(other.path), _leader(overlay, other, address).address, identity)
    first, last = max(times[0] for times, _ in chosen.values()), _last_moment(str(other.path), identity)
    offset = first - begins_at if overlay.market_offset == ALIGN else int(overlay.market_offset)
    moves = {address: Moves([time - offset for time in times], ticks) for address, (times, ticks) in chosen.items()}
    return OtherMarket(moves, {address: each.times[0] for address, each in moves.items()}, last - offset)


def at_blocks(moves: Moves, blocks: Sequence[int]) -> Moves:
    """The moves as a history with blocks at these times (rising) makes them: each in the first block from it on."""
    times: list[int] = []
    ticks: list[int] = []
    for time, tick in zip(*moves, strict=True):
        place = bisect_left(blocks, time)
        if place == len(blocks):
            break
        if times and times[-1] == blocks[place]:
            ticks[-1] = tick
        else:
            times.append(blocks[place])
            ticks.append(tick)
    return Moves(times, ticks)


def check_range(market: OtherMarket, address: str, first: int, last: int) -> None:
    """The other market must be known while ours is needed. Raises `UsageError` with both ranges."""
    begins = market.begins[address]
    if first < begins or last > market.ends:
        raise UsageError(
            f"overlay.market_lake: pool {address} needs the market from {first} to {last}, the other is known from "
            f"{begins} to {market.ends} (seconds, with the offset): say market_offset={ALIGN}, market_from_block or "
            "until_block"
        )


def check_market(overlay: Overlay) -> None:
    """Hold the files of the other lake, if there is one, against its manifest. Raises `LakeError`."""
    if overlay.market_lake:
        Lake.open(overlay.market_lake).check_content()


def market_inputs(changes: Mapping[str, Any]) -> dict[str, str]:
    """What identifies the content of the lake that an overlay's market is taken from; empty without one."""
    folder = changes.get("market_lake")
    if not folder:
        return {}
    return {"market": hashlib.sha256(json.dumps(lake_fingerprint(Lake.open(folder))).encode()).hexdigest()}


def without_paths(changes: Mapping[str, Any]) -> dict[str, Any]:
    """An overlay's changes as results hold them: the other lake by its name, since the same lake may lie anywhere."""
    folder = changes.get("market_lake")
    return {**changes, "market_lake": Lake.read(Path(folder))[1].name} if folder else dict(changes)


def _followers(lake: Lake, pools: Mapping[str, Pool]) -> list[str]:
    pairs = _pairs(lake.deployment)
    found = [address for address, pool in pools.items() if any(each <= {pool.token0, pool.token1} for each in pairs)]
    if not found:
        raise UsageError(f"overlay.market_lake: {lake.path} has no pool of KP3R and WETH that could follow")
    return found


def _pairs(deployment: Deployment) -> list[set[str]]:
    """KP3R and, where the deployment names it, WETH; also what an oracle that prices KP3R is of: mainnet's WETH."""
    tokens = deployment.tokens
    found = [{tokens["kp3r_in_pools"], *([tokens["weth"]] if "weth" in tokens else [])}]
    by_address = deployment.by_address()
    priced = (by_address.get(address) for address in _price_pools(deployment))
    named = [
        {each.facts["token0"], each.facts["token1"]} for each in priced if each is not None and each.role == ORACLE
    ]
    return found + [pair for pair in named if tokens["kp3r_in_pools"] in pair]


def _leader(overlay: Overlay, other: Lake, follower: str) -> Contract:
    """The pool that one of ours follows."""
    deployment = other.deployment
    kp3r = deployment.tokens["kp3r_in_pools"]
    pools = {
        each.address: each
        for each in deployment.contracts
        if each.role in {"uniswap_v3_pool", ORACLE} and kp3r in (each.facts["token0"], each.facts["token1"])
    }
    if overlay.market_pool:
        if overlay.market_pool not in pools:
            there = ", ".join(pools) or "none"
            raise UsageError(f"overlay.market_pool={overlay.market_pool}: no pool of KP3R there; there are {there}")
        return pools[overlay.market_pool]
    if follower in pools:
        return pools[follower]
    named = [address for address in _price_pools(deployment) if address in pools]
    named += [
        name
        for name, each in pools.items()
        if any(pair <= {each.facts["token0"], each.facts["token1"]} for pair in _pairs(deployment))
    ]
    if not named:
        raise UsageError(f"overlay.market_lake={other.path}: has no pool of KP3R and WETH")
    return pools[named[0]]


def _price_pools(deployment: Deployment) -> list[str]:
    """Pools that the deployment's helpers or Keep3r quote KP3R with."""
    named = []
    for contract in deployment.contracts:
        text = deployment.initial_state.get(contract.address, {}).get("kp3rWethPool", "")
        named.append(json.loads(text)[0] if text.startswith("[") else text)
    return named


@cache
def _path(folder: str, address: str, identity: str) -> tuple[list[int], list[int]]:  # noqa: ARG001 - part of the key
    """Times and ticks of a pool, as with KP3R as token 0; the last of each moment. Callers must not change them."""
    lake = Lake.open(folder)
    contract = lake.deployment.by_address()[address]
    rows = ticks_over_time(lake, address) if contract.role == ORACLE else _traded(lake, address)
    if not rows:
        raise InputError(lake.path, f"the lake holds no event of pool {address}")
    sign = 1 if contract.facts["token0"] == lake.deployment.tokens["kp3r_in_pools"] else -1
    times: list[int] = []
    ticks: list[int] = []
    present: int | None = None
    for time, tick in rows:
        if tick == present:
            continue
        present = tick
        if times and times[-1] == time:
            ticks[-1] = sign * tick
        else:
            times.append(time)
            ticks.append(sign * tick)
    return times, ticks


def _traded(lake: Lake, address: str) -> list[tuple[int, int]]:
    """Of a pool: its first tick, and those that its swaps led to."""
    columns = ["block_number", "log_index", "timestamp", "tick"]
    parts = [
        lake.scan(table).filter(pl.col("address") == address).select(columns)
        for table in ("events/uniswap_v3_pool.Initialize", "events/uniswap_v3_pool.Swap")
        if lake.has(table)
    ]
    if not parts:
        return []
    return pl.concat(parts).sort("block_number", "log_index").select("timestamp", "tick").collect().rows()


@cache
def _last_moment(folder: str, identity: str) -> int:  # noqa: ARG001 - part of the key
    last = Lake.open(folder).scan("blocks", columns=["timestamp"]).max().collect().item()
    return int(last)
