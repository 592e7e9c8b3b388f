"""`views.jsonl.gz` of a KUMA recording as rows of `readings`: one row a value, named as the contract names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from keep3r_replay.lake.schemas import Reading
from keep3r_replay.protocols.kuma.naming import full_name, names_of
from keep3r_replay.recording.answers import answer, items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_Place = tuple[str, str, str]
"""Where in a line a part stands: its section, the bond, clone or country, and the name of what was asked of a category;
empty for all of them."""

_PLACE = frozenset({"block", "timestamp", "why", "baseFee"})
_OF_BOND = {
    "baseValue": "swap.getBondBaseValue",
    "cloneBond": "swap.getCloneBond",
    "bondValue": "swap.getBondValue",
    "owner": "ownerOf",
}
"""Recorded names of what is asked of a bond; those of its own swap say so."""
_OF_CLONE = {"bond": "getBond", "owner": "ownerOf"}
"""Recorded names of what is asked of a clone."""
_COUNTERS = frozenset({"cloneCounter", "bondCounter"})
_STORAGE = frozenset({"_previousEpochCumulativeYield"})


class _Asked(NamedTuple):
    """What was asked, and what came back as recorded."""

    contract: str
    view: str
    arguments: str
    value: Any


class _Category:
    """Addresses of one recorded category, lower case."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self.token: str = meta["KIBToken"].lower()
        self.swap: str = meta["KUMASwap"].lower()
        self.risk_category: str = meta["riskCategory"].lower()


class ReadingRows:
    """Turns recorded lines into rows.

    Most of a line repeats the line before it: a part that does (all bonds, one bond, the views of a swap) is not read
    again.
    """

    def __init__(self, meta: Mapping[str, Any]) -> None:
        """Take the content of the recording's `meta.json`."""
        self._bonds: str = meta["KUMABondToken"].lower()
        self._clones: str = meta["KBCToken"].lower()
        self._rate_feed: str = meta["rateFeed"].lower()
        self._stable_coin: str = meta["stableCoin"].lower()
        self._categories = _by_name(meta["categories"])
        self._before: dict[_Place, tuple[bytes, Sequence[Sequence[Reading]]]] = {}

    def parts(self, line: Mapping[str, Any]) -> Iterator[Sequence[Reading]]:
        """The rows of one line, in its order.

        Raises:
            ValueError: a part is missing, unknown or of a wrong type.
        """
        block, timestamp = line.get("block"), line.get("timestamp")
        if not isinstance(block, int) or isinstance(block, bool) or block < 0:
            raise ValueError("a reading needs its block's number")
        if not isinstance(timestamp, int) or isinstance(timestamp, bool):
            raise ValueError("a reading needs its block's timestamp as a number")
        yield [Reading("", "block.timestamp", "", str(timestamp), None, "view")]
        for section, content in line.items():
            if section in _PLACE:
                continue
            yield from self._part((section, "", ""), content)

    def _part(self, place: _Place, part: Any) -> Sequence[Sequence[Reading]]:
        # Not the part itself: to Python true is 1, and the order of an object's members is nothing.
        written, known = msgspec.json.encode(part), self._before.get(place)
        if known is None or known[0] != written:
            inside = _parts(place, part)
            if inside is None:
                rows: list[Sequence[Reading]] = [[_answered(place[0], asked) for asked in self._asked(place, part)]]
            else:
                rows = [few for each in inside for few in self._part(*each)]
            known = self._before[place] = written, rows
        return known[1]

    def _asked(self, place: _Place, part: Any) -> Iterator[_Asked]:
        section, subject, name = place
        if section in {"bonds", "clones"}:
            names = _OF_BOND if section == "bonds" else _OF_CLONE
            for recorded, value in items(part, f"{section}.{subject}"):
                if recorded not in names:
                    raise ValueError(f"{section}.{subject}: unknown reading {recorded!r}")
                yield _Asked(self._bonds if section == "bonds" else self._clones, names[recorded], subject, value)
        elif section in _COUNTERS:
            yield _Asked(self._bonds if section == "bondCounter" else self._clones, "getTokenIdCounter", "", part)
        elif section == "cats":
            if subject not in self._categories:
                raise ValueError(f"cats.{subject}: meta.json names no such category, or several")
            yield from self._of_category(self._categories[subject], name, part)
        else:
            raise ValueError(f"unknown section {section!r}")

    def _of_category(self, category: _Category, name: str, part: Any) -> Iterator[_Asked]:
        if name in {"kibt", "swap"}:
            contract = category.token if name == "kibt" else category.swap
            for view, each in items(part, name):
                yield _Asked(contract, view, "", each)
        elif name in {"balanceOf", "getBaseBalance"}:
            for account, each in items(part, name):
                yield _Asked(category.token, name, account.lower(), each)
        elif name == "couponInventory":
            for coupon, each in items(part, name):
                yield _Asked(category.swap, "getCouponInventory", coupon, each)
        elif name == "rate":
            yield _Asked(self._rate_feed, "getRate", category.risk_category, part)
        elif name == "stableBalance":
            yield _Asked(self._stable_coin, "balanceOf", category.swap, part)
        else:
            raise ValueError(f"cats: unknown section {name!r}")


def _by_name(categories: Sequence[Mapping[str, Any]]) -> dict[str, _Category]:
    """Categories by what a line may call them: the country where no other has it, the full name, the risk category."""
    told = [(each["currency"], each["country"], each["term"]) for each in categories]
    found: dict[str, _Category] = {}
    for each, name, parts in zip(categories, names_of(told), told, strict=True):
        category = _Category(each)
        found |= dict.fromkeys((name, full_name(*parts), each["riskCategory"]), category)
    return found


def _parts(place: _Place, content: Any) -> Iterator[tuple[_Place, Any]] | None:
    """The parts of a part, each with its place; None for one that is read whole."""
    section, subject, name = place
    if section in {"bonds", "clones", "cats"} and not subject:
        return (((section, each, ""), part) for each, part in items(content, section))
    if section == "cats" and not name:
        return (((section, subject, each), part) for each, part in items(content, section))
    return None


def _answered(section: str, asked: _Asked) -> Reading:
    """What was asked and answered, as the table has it. A struct is the list of its members."""
    contract, view, arguments, value = asked
    if isinstance(value, dict) and "revert" not in value:
        value = list(value.values())
    source = "storage" if view in _STORAGE else "view"
    return Reading(contract, view, arguments, *answer(f"{section}.{view}", value), source)
