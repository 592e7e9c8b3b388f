"""A scenario as data: what its YAML or its Python mapping says, checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v2.contract.versions import RULES, USUAL_VERSION
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import (
    PARTS,
    duration,
    items,
    known,
    mapping,
    required,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSIONS = tuple(RULES)
"""Versions that can be simulated."""


@dataclass(frozen=True)
class Scenario:
    """A scripted history.

    Attributes:
        name: of the scenario, and of the lake's deployment.
        version: of the Keep3r contracts.
        start: time of the first block, seconds.
        block_time: seconds from one scripted call to the next.
        parameters, helper: constructor parameters that differ from the contracts' own, by the name of their view.
        setup, script: what happens, see `schedule`; the market and the views start when the setup is done.
        pools: pools beside KP3R/WETH, by name: tokens, fee, the name of the pair manager, a market of its own.
        token_fees: what tokens keep of every transfer, by name, in parts of 10,000; others keep nothing.
        market: swaps beside the script, see `market`; empty for none.
        feed: how mainnet feeds the price of `pool`, which is an oracle then, see `feeds`; empty for a pool.
        fees: path of the base fee, see `fees`.
        views_every: seconds between two readings of all views; 0 for none.
        addresses: addresses of actors by name; any other name has an address made of it.
        deployment: folder of a lake whose contracts and constructor parameters are taken; empty for own ones.
        given: folder of a lake whose times, base fees, gas and swaps are taken, see `given`; empty for none.
    """

    name: str
    version: str = USUAL_VERSION
    start: int = 1_640_995_200
    block_time: int = 12
    parameters: Mapping[str, Any] = field(default_factory=dict)
    helper: Mapping[str, Any] = field(default_factory=dict)
    setup: tuple[Mapping[str, Any], ...] = ()
    script: tuple[Mapping[str, Any], ...] = ()
    pools: Mapping[str, Any] = field(default_factory=dict)
    token_fees: Mapping[str, int] = field(default_factory=dict)
    market: Mapping[str, Any] = field(default_factory=dict)
    feed: Mapping[str, Any] = field(default_factory=dict)
    fees: Mapping[str, Any] = field(default_factory=dict)
    views_every: int = 0
    addresses: Mapping[str, str] = field(default_factory=dict)
    deployment: str = ""
    given: str = ""


_KEYS = tuple(Scenario.__dataclass_fields__)


def scenario_from(content: Mapping[str, Any]) -> Scenario:
    """The scenario that a mapping (a YAML file) describes.

    Raises:
        UsageError: a key is unknown, a value of the wrong kind, or the version has no simulation.
    """
    known(content, _KEYS, "scenario")
    version = str(content.get("version", USUAL_VERSION)).removeprefix("v").replace("_", ".")
    if version not in VERSIONS:
        raise UsageError(f"scenario.version: {version!r} can not be simulated; there are {', '.join(VERSIONS)}")
    return Scenario(
        name=str(required(content, "name", "scenario")),
        version=version,
        start=duration(content.get("start", Scenario.start), "scenario.start"),
        block_time=duration(content.get("block_time", Scenario.block_time), "scenario.block_time"),
        parameters=mapping(content.get("parameters", {}), "scenario.parameters"),
        helper=mapping(content.get("helper", {}), "scenario.helper"),
        setup=tuple(items(content.get("setup", ()), "scenario.setup")),
        script=tuple(items(content.get("script", ()), "scenario.script")),
        pools=mapping(content.get("pools", {}), "scenario.pools"),
        token_fees=_token_fees(mapping(content.get("token_fees", {}), "scenario.token_fees")),
        market=mapping(content.get("market", {}), "scenario.market"),
        feed=mapping(content.get("feed", {}), "scenario.feed"),
        fees=mapping(content.get("fees", {}), "scenario.fees"),
        views_every=duration(content.get("views_every", 0), "scenario.views_every"),
        addresses={
            name: str(address).lower()
            for name, address in mapping(content.get("addresses", {}), "scenario.addresses").items()
        },
        deployment=str(content.get("deployment") or ""),
        given=str(content.get("given") or ""),
    )


def _token_fees(fees: Mapping[str, Any]) -> dict[str, int]:
    numbers = {token: whole(fee, f"scenario.token_fees.{token}") for token, fee in fees.items()}
    for token, fee in numbers.items():
        if not 0 <= fee <= PARTS:
            raise UsageError(f"scenario.token_fees.{token}: {fee} is not between 0 and {PARTS}")
    return numbers
