"""A script as values: market, jobs and keepers, and what is done when. Errors name the place of a mistake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.protocols.keep3r_v1.contract.helpers import HELPERS
from keep3r_replay.scenario.script import known, step, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

ETHER = 10**18
WORDS = {
    "work": ("job", "keeper", "gas", "by", "every", "times"),
    "own": ("job", "keeper", "amount", "gas", "by"),
    "receipt": ("job", "keeper", "amount", "by"),
    "swap": ("by", "kp3r_in", "weth_in"),
    "update": ("oracle",),
    "helper": ("version",),
    "feed": ("answer",),
    "switch_feed": ("answer",),
    "add_liquidity": ("job", "by", "amount"),
    "apply_credit": ("job", "provider", "by"),
    "dispute": ("keeper",),
    "resolve": ("keeper",),
    "remove_job": ("job",),
    "transfer": ("by", "to", "amount"),
    "bond": ("keeper", "amount"),
    "activate": ("keeper",),
    "unbond": ("keeper", "amount"),
    "withdraw": ("keeper",),
    "add_votes": ("keeper", "amount"),
    "remove_votes": ("keeper", "amount"),
    "delegate": ("keeper", "to"),
    "slash": ("keeper", "amount"),
    "revoke": ("keeper",),
    "unbond_liquidity": ("job", "by", "amount"),
}
"""What can be done, and with what; `at` is in seconds from the start. Amounts in wei, gas in gas."""


class Planned(NamedTuple):
    """Something to do at a time: `given` are its words, `place` where it stands in the script."""

    at: int
    do: str
    given: Mapping[str, Any]
    place: str

    def number(self, name: str, default: int = 0) -> int:
        """A word that is a whole number. Raises `UsageError` where it is none."""
        return whole(self.given.get(name, default), f"{self.place}: {name}")

    def name(self, name: str, default: str) -> str:
        """The address of an actor that a word names."""
        return address_of(str(self.given.get(name, default)))


@dataclass(frozen=True)
class Script:
    """A scenario; see docs/keep3r_v1.md."""

    name: str = "keep3r_v1"
    start: int = 1_609_459_200
    helper: str = "seed"
    feed: int = 100 * 10**9
    kp3r_reserve: int = 30_000 * ETHER
    weth_reserve: int = 10_000 * ETHER
    job_credits: int = 10_000 * ETHER
    keep_oracles: bool = True
    jobs: tuple[str, ...] = ("job",)
    keepers: Mapping[str, int] = field(default_factory=lambda: {"keeper": 200 * ETHER})
    calls: tuple[Planned, ...] = ()


def script_from(content: Mapping[str, Any], source: str) -> Script:
    """A script from the content of a YAML file. Raises `UsageError` for a mistake, with its place in `source`."""
    known(content, {*Script.__dataclass_fields__, "protocol"}, source)
    values = {name: value for name, value in content.items() if name != "protocol"}
    for name in ("start", "feed", "kp3r_reserve", "weth_reserve", "job_credits"):
        if name in values:
            values[name] = whole(values[name], f"{source}: {name}")
    if values.get("helper", "seed") not in HELPERS:
        raise UsageError(f"{source}: helper: there are {', '.join(HELPERS)}, not {values['helper']!r}")
    values["jobs"] = tuple(map(str, values.get("jobs", ("job",))))
    if "keepers" in values:
        values["keepers"] = {
            str(name): whole(bond, f"{source}: keepers.{name}") for name, bond in values["keepers"].items()
        }
    planned = [_planned(each, f"{source}: calls[{place}]") for place, each in enumerate(values.get("calls") or ())]
    values["calls"] = tuple(sorted((one for each in planned for one in _repeated(each)), key=lambda each: each.at))
    return Script(**values)


def _planned(given: Any, place: str) -> Planned:
    return Planned(*step(given, place, WORDS), place)


def _repeated(planned: Planned) -> list[Planned]:
    """A work that is done so many times, every so many seconds."""
    every, times = planned.number("every", 1), planned.number("times", 1)
    return [planned._replace(at=planned.at + every * number) for number in range(times)]


def address_of(name: str) -> str:
    """The address of an actor or a contract: itself, or one that follows from the name."""
    return name.lower() if name.startswith("0x") else "0x" + keccak256(f"keep3r v1 {name}".encode())[12:].hex()
