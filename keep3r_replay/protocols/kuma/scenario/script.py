"""A script as values: what is deployed, who keeps, what is called when. Mistakes are told by their place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.scenario.script import known, step, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIVE_PERCENT = 1000000001547125957863212449
"""5 % a year, as a ray per second."""
WORDS = {
    "issue": ("category", "to", "coupon", "principal", "term", "issuance"),
    "sell": ("bond", "by"),
    "buy": ("bond", "by"),
    "expire": ("bond", "by"),
    "claim": ("bond", "by"),
    "transfer": ("category", "by", "to", "amount"),
    "refresh": ("category", "by"),
    "transmit": ("category", "rate"),
    "epoch_length": ("category", "seconds"),
    "fees": ("category", "variable", "fixed"),
    "pause": ("category",),
    "unpause": ("category",),
    "release": ("category", "by"),
    "uri": ("of", "uri"),
    "add_terms": ("url",),
    "update_terms": ("terms", "url"),
    "terms_of": ("bond", "terms"),
}
"""What can be called, and with what; `at` is in seconds from the start."""


class Planned(NamedTuple):
    """A call at a time: `given` are its words, `place` where it stands in the script."""

    at: int
    function: str
    given: Mapping[str, Any]
    place: str


@dataclass(frozen=True)
class Keeper:
    """Who expires bonds: seconds after maturity are drawn between two bounds; absent if `most` is below 0."""

    least: int = 0
    most: int = 0

    @property
    def is_absent(self) -> bool:
        """Whether nobody comes."""
        return self.most < 0


@dataclass(frozen=True)
class Script:
    """A scenario; see docs/kuma.md."""

    name: str
    version: str
    start: int
    end: int
    epoch_length: int
    seed: int
    categories: Sequence[Mapping[str, Any]]
    calls: Sequence[Planned]
    keeper: Keeper = field(default_factory=Keeper)
    variable_fee: int = 0
    fixed_fee: int = 0


def script_from(content: Mapping[str, Any], source: str) -> Script:
    """A script from the content of a YAML file. Raises `UsageError` for a mistake, with its place in `source`."""
    known(content, {*Script.__dataclass_fields__, "protocol"}, source)
    version = str(content.get("version", "1.1"))
    if version not in RULES:
        raise UsageError(f"{source}: version: there are {' and '.join(RULES)}, not {version!r}")
    calls = [_planned(each, f"{source}: calls[{place}]") for place, each in enumerate(content.get("calls") or [])]
    keeper = dict(content.get("keeper") or {})
    known(keeper, {"least", "most"}, f"{source}: keeper")
    categories = content.get("categories") or [{"currency": "EUR", "country": "FR", "term": 30 * 365 * 86_400}]
    for place, each in enumerate(categories):
        known(each, {"currency", "country", "term", "rate"}, f"{source}: categories[{place}]")
        if any(_is_same(each, earlier) for earlier in categories[:place]):
            raise UsageError(f"{source}: categories[{place}]: stands there already; currency, country or term differ")
    return Script(
        str(content.get("name", "kuma")),
        version,
        whole(content.get("start", 1_700_006_400), f"{source}: start"),
        whole(content.get("end", max((each.at for each in calls), default=0)), f"{source}: end"),
        whole(content.get("epoch_length", 14_400), f"{source}: epoch_length"),
        whole(content.get("seed", 1), f"{source}: seed"),
        list(categories),
        sorted(calls, key=lambda each: each.at),
        Keeper(**{name: int(value) for name, value in keeper.items()}),
        whole(content.get("variable_fee", 0), f"{source}: variable_fee"),
        whole(content.get("fixed_fee", 0), f"{source}: fixed_fee"),
    )


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("currency", "country", "term"))


def _planned(given: Any, place: str) -> Planned:
    return Planned(*step(given, place, WORDS), place)


def address_of(name: str) -> str:
    """The address of an actor or a contract: itself, or one that follows from the name."""
    return name.lower() if name.startswith("0x") else "0x" + keccak256(f"kuma {name}".encode())[12:].hex()
