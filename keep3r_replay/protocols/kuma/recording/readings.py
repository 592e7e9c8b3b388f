"""`views.jsonl.gz` of a KUMA recording as rows of `readings`: one row a value, named as the contract names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.dataset.values import value_text
from keep3r_replay.lake.schemas import ReadingRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_STORAGE = frozenset({"_previousEpochCumulativeYield"})


class _Category:
    """Addresses of one recorded category, lower case."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self.token: str = meta["KIBToken"].lower()
        self.swap: str = meta["KUMASwap"].lower()
        self.risk_category: str = meta["riskCategory"].lower()


def rows(meta: Mapping[str, Any], line: Mapping[str, Any]) -> Iterator[ReadingRow]:
    """The rows of one line, in its order.

    Raises:
        ValueError: a part is missing, unknown or of a wrong type.
    """
    block, timestamp = line.get("block"), line.get("timestamp")
    if not isinstance(block, int) or isinstance(block, bool) or block < 0:
        raise ValueError("a reading needs its block's number")
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        raise ValueError("a reading needs its block's timestamp as a number")
    yield ReadingRow(block, "", "block.timestamp", "", str(timestamp), None, "view")
    for section, content in line.items():
        if section in _PLACE:
            continue
        for contract, view, arguments, value in _section(meta, section, content):
            source = "storage" if view in _STORAGE else "view"
            yield ReadingRow(block, contract, view, arguments, *_answer(f"{section}.{view}", value), source)


def _section(meta: Mapping[str, Any], section: str, content: Any) -> Iterator[tuple[str, str, str, Any]]:
    bonds, clones = meta["KUMABondToken"].lower(), meta["KBCToken"].lower()
    if section == "cats":
        categories = {each["country"]: _Category(each) for each in meta["categories"]}
        for country, views in _items(content, section):
            if country not in categories:
                raise ValueError(f"cats.{country}: meta.json names no such category")
            yield from _category(meta, categories[country], views)
    elif section in {"bonds", "clones"}:
        names = _OF_BOND if section == "bonds" else _OF_CLONE
        for number, views in _items(content, section):
            for name, value in _items(views, f"{section}.{number}"):
                if name not in names:
                    raise ValueError(f"{section}.{number}: unknown reading {name!r}")
                yield bonds if section == "bonds" else clones, names[name], number, value
    elif section in {"cloneCounter", "bondCounter"}:
        yield bonds if section == "bondCounter" else clones, "getTokenIdCounter", "", content
    else:
        raise ValueError(f"unknown section {section!r}")


def _category(meta: Mapping[str, Any], category: _Category, views: Any) -> Iterator[tuple[str, str, str, Any]]:
    for name, value in _items(views, "cats"):
        if name in {"kibt", "swap"}:
            contract = category.token if name == "kibt" else category.swap
            for view, each in _items(value, name):
                yield contract, view, "", each
        elif name in {"balanceOf", "getBaseBalance"}:
            for account, each in _items(value, name):
                yield category.token, name, account.lower(), each
        elif name == "couponInventory":
            for coupon, each in _items(value, name):
                yield category.swap, "getCouponInventory", coupon, each
        elif name == "rate":
            yield meta["rateFeed"].lower(), "getRate", category.risk_category, value
        elif name == "stableBalance":
            yield meta["stableCoin"].lower(), "balanceOf", category.swap, value
        else:
            raise ValueError(f"cats: unknown section {name!r}")


def _answer(place: str, value: Any) -> tuple[str | None, str | None]:
    """What came back as value and revert; one of them is None. A struct is the list of its members."""
    if isinstance(value, dict):
        if "revert" in value:
            name = value.get("name")
            if not isinstance(name, str):
                raise ValueError(f"{place}: a revert needs its name")
            return None, name
        value = list(value.values())
    try:
        return value_text(value), None
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def _items(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise ValueError(f"{place} is no object")
    yield from value.items()
