"""Swaps beside the script: where the market moves the price of a pool, and when.

    {path: constant}
    {path: steps, steps: [[DURATION, TICK], ...]}             at so long after the setup, to that tick
    {path: ramp, to: TICK, for: DURATION, every: DURATION}    in equal steps from the pool's first tick
    {path: walk, seed: N, step: TICKS, for: DURATION, every: DURATION}
    {path: lake, lake: FOLDER, pool: ADDRESS}                 the prices of another history's pool

The walk draws `random.Random(seed).randint(-step, step)` once a step and adds it to the tick: the same seed gives the
same path in every release of Python 3. A lake's swaps keep their distance in time from its first LiquidityAddition.
Values of another path than the chosen one may stand beside it. The market of a scenario is that of `pool`; any other
pool may have its own.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import at_most, duration, known, mapping, required, whole
from keep3r_replay.protocols.keep3r_v2.scenario.schedule import Action
from keep3r_replay.uniswap_v3.tick_math import MAX_TICK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v2.scenario.script import Scenario

_KEYS = {
    "constant": (),
    "steps": ("steps",),
    "ramp": ("to", "for", "every"),
    "walk": ("seed", "step", "for", "every"),
    "lake": ("lake", "pool"),
}


def markets_of(scenario: Scenario) -> dict[str, tuple[Mapping[str, Any], str]]:
    """The markets of a scenario by pool, each with its place. Raises `UsageError` for one that is no mapping."""
    found = {"pool": (scenario.market, "market")}
    for name, content in scenario.pools.items():
        place = f"pools.{name}.market"
        found[name] = (mapping(content.get("market", {}), f"scenario.{place}"), place)
    return {name: (market, place) for name, (market, place) in found.items() if market}


def market_actions(
    market: Mapping[str, Any],
    first_tick: int,
    ready: int,
    *,
    pool: str = "pool",
    place: str = "market",
    kp3r_place: int | None = 0,
) -> list[Action]:
    """The swaps of a pool's market, from `ready` on (seconds); the pool stands at `first_tick` then.

    `kp3r_place` is the place of KP3R among the pool's tokens, None where it is none of them.

    Raises:
        UsageError: the path is unknown, or leaves the pool's ticks.
        LakeError: the lake can not be read.
    """
    if not market:
        return []
    here = f"scenario.{place}"
    path = str(required(market, "path", here))
    if path not in _KEYS:
        raise UsageError(f"{here}.path: unknown {path!r}; there are {', '.join(_KEYS)}")
    known(market, ("path", *chain.from_iterable(_KEYS.values())), here)
    if path == "lake":
        prices = prices_of(Path(str(required(market, "lake", here))), str(market.get("pool", "")), kp3r_place)
        return [
            Action(ready + after, "swap", {"sqrt_price_x96": price, "pool": pool}, place) for after, price in prices
        ]
    ticks = _ticks(path, market, first_tick, here)
    for _, tick in ticks:
        if abs(tick) >= MAX_TICK:
            raise UsageError(f"{here}: tick {tick} is beyond the pool's {MAX_TICK}")
    return [Action(ready + after, "swap", {"tick": tick, "pool": pool}, place) for after, tick in ticks]


def _ticks(path: str, market: Mapping[str, Any], first_tick: int, here: str) -> list[tuple[int, int]]:
    if path == "constant":
        return []
    if path == "steps":
        return _steps(required(market, "steps", here), f"{here}.steps")
    every = duration(required(market, "every", here), f"{here}.every")
    total = duration(required(market, "for", here), f"{here}.for")
    if every <= 0:
        raise UsageError(f"{here}.every: {every} s never ends")
    if every > total:
        raise UsageError(f"{here}: every {every} s for {total} s is not once; make 'for' the longer one")
    count = total // every
    at_most(count, here, "swaps")
    if path == "ramp":
        gain = whole(required(market, "to", here), f"{here}.to") - first_tick
        return [(every * step, first_tick + gain * step // count) for step in range(1, count + 1)]
    random = Random(whole(required(market, "seed", here), f"{here}.seed"))
    most = whole(required(market, "step", here), f"{here}.step")
    if most < 0:
        raise UsageError(f"{here}.step: {most} ticks; a step is 0 or more, in both directions")
    ticks, tick = [], first_tick
    for step in range(1, count + 1):
        tick += random.randint(-most, most)
        ticks.append((every * step, tick))
    return ticks


def _steps(steps: Any, here: str) -> list[tuple[int, int]]:
    if not isinstance(steps, (list, tuple)):
        raise UsageError(f"{here}: a list of [duration, tick] is wanted, not {steps!r}")
    found = []
    for step in steps:
        if not isinstance(step, (list, tuple)) or len(step) != 2:
            raise UsageError(f"{here}: {step!r} is no [duration, tick]")
        found.append((duration(step[0], here), whole(step[1], here)))
    return found


def prices_of(folder: Path, wanted: str = "", kp3r_place: int | None = 0) -> list[tuple[int, int]]:
    """Prices that the swaps of a lake led to, with the seconds since its first LiquidityAddition; later ones only.

    Args:
        folder: of the lake.
        wanted: address of the pool; empty for the one under its first pair manager.
        kp3r_place: place of KP3R among the tokens of the pool that is to follow, 0 or 1: where it stands at the other
            place in the lake, prices are turned over. None for a pool without KP3R, which takes them as they are.

    Raises:
        LakeError: the lake can not be read.
        UsageError: it has no such pool, no swap or no liquidity.
    """
    lake = Lake.open(folder)
    if not lake.has("events/uniswap_v3_pool.Swap") or not lake.has("events/keep3r.LiquidityAddition"):
        raise UsageError(f"{folder}: the lake has no swaps, or no job with liquidity, to take a market from")
    start = lake.scan("events/keep3r.LiquidityAddition", columns=["timestamp"]).collect()["timestamp"][0]
    contracts = lake.deployment.by_address()
    first = next((each.facts["pool"] for each in contracts.values() if each.role == "pair_manager"), "")
    pool = contracts.get(wanted.lower() or first)
    if pool is None or pool.role != "uniswap_v3_pool":
        raise UsageError(f"{folder}: the lake has no pool {wanted}".rstrip())
    swaps = lake.scan("events/uniswap_v3_pool.Swap").filter(
        (pl.col("address") == pool.address) & (pl.col("timestamp") >= start)
    )
    frame = swaps.select("timestamp", "sqrt_price_x96").collect()
    prices = [(time - start, int.from_bytes(price, "big")) for time, price in frame.iter_rows()]
    tokens = [pool.facts["token0"], pool.facts["token1"]]
    kp3r = lake.deployment.tokens.get("kp3r_in_pools", lake.deployment.tokens["kp3r"])
    if kp3r_place is None or kp3r not in tokens or tokens.index(kp3r) == kp3r_place:
        return prices
    return [(after, (1 << 192) // price) for after, price in prices]
