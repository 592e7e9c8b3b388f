"""`views.jsonl.gz` of a recording as rows of the table `readings`: one row a value, named as the contract names it.

A reading's line is nested (section, subject, view, argument); a row says which contract, which function with which
arguments (or which storage variable), and what came back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.lake.schemas import Reading
from keep3r_replay.recording.answers import answer, items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ONE = "1000000000000000000"
_SAMPLED = {
    "quote1e18": ("quote", _ONE),
    "quoteUsdToEth1e18": ("quoteUsdToEth", _ONE),
    "boost0": ("getRewardBoostFor", "0"),
    "boost100e18": ("getRewardBoostFor", "100" + _ONE[1:]),
    "getPaymentParams50e18": ("getPaymentParams", "50" + _ONE[1:]),
    "quoteLiquidity1e18": ("quoteLiquidity", _ONE),
}
"""Recorded names that stand for a function and its argument."""

_REWARD = "reward100k"
_CUMULATIVE = re.compile(r"tickCumulative_(\d+)s_ago")
_SECTIONS = {"keep3r", "slashers", "disputers", "helper", "helper2", "jobs", "keepers", "liquidities", "pools", "raw"}
_PLACE = {"block", "timestamp", "baseFee", "why"}


def is_derived(name: str) -> bool:
    """Tell whether a recorded name of the helper is a sample of a formula rather than a parameter."""
    return name in _SAMPLED or name == _REWARD


class Cell(NamedTuple):
    """One recorded answer: who was asked what, what came back, and whether a view or a slot tells it."""

    contract: str
    view: str
    arguments: str
    value: Any
    source: str = "view"


class ReadingRows:
    """Turns recorded lines into rows, for contracts of given addresses."""

    def __init__(self, keep3r: str, helper: str, helper2: str | None) -> None:
        """Take the lower-case addresses of the contracts that sections name only by role."""
        self._keep3r = keep3r
        self._of_role = {"keep3r": keep3r, "helper": helper, "helper2": helper2}

    def rows(self, line: Mapping[str, Any]) -> Iterator[Reading]:
        """Return the rows of one line, in the order of the line.

        Raises:
            ValueError: a part is missing, unknown or of a wrong type.
        """
        block = line.get("block")
        if not isinstance(block, int) or isinstance(block, bool) or block < 0:
            raise ValueError("a reading needs its block's number")
        for key, view in (("timestamp", "block.timestamp"), ("baseFee", "block.baseFee")):
            value = line.get(key)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(f"a reading needs its block's {key} as a number")
            yield Reading("", view, "", str(value), None, "view")
        for section, content in line.items():
            if section in _PLACE:
                continue
            if section not in _SECTIONS:
                raise ValueError(f"unknown section {section!r}")
            if not isinstance(content, dict):
                raise ValueError(f"section {section!r} is no object")
            for contract, view, arguments, value, source in self._section(section, content):
                yield Reading(contract, view, arguments, *answer(f"{section}.{view}", value), source)

    def _section(self, section: str, content: dict[str, Any]) -> Iterator[Cell]:
        if section in self._of_role:
            contract = self._of_role[section]
            if contract is None:
                raise ValueError(f"section {section!r} of a contract that meta.json does not name")
            for name, value in content.items():
                for view, arguments, each in _calls(name, value):
                    yield Cell(contract, view, arguments, each)
        elif section in {"slashers", "disputers"}:
            for subject, value in content.items():
                yield Cell(self._keep3r, section, subject.lower(), value)
        elif section == "raw":
            yield from self._storage(content)
        else:
            for subject, views in content.items():
                for view, arguments, value in _subject_calls(section, subject.lower(), views):
                    contract = subject.lower() if section == "pools" else self._keep3r
                    yield Cell(contract, view, arguments, value)

    def _storage(self, content: dict[str, Any]) -> Iterator[Cell]:
        for name, value in content.items():
            if not isinstance(value, dict):
                yield Cell(self._keep3r, name, "", value, "storage")
                continue
            for subject, variables in value.items():
                for variable, word in items(variables, f"raw.{name}.{subject}"):
                    yield Cell(self._keep3r, variable, subject.lower(), word, "storage")


def _calls(name: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    if name == _REWARD and isinstance(value, dict) and "revert" not in value:
        for keeper, reward in value.items():
            yield "getRewardAmountFor", f"{keeper.lower()},100000", reward
    elif name in _SAMPLED:
        yield (*_SAMPLED[name], value)
    else:
        yield name, "", value


def _subject_calls(section: str, subject: str, views: Any) -> Iterator[tuple[str, str, Any]]:
    for name, value in items(views, f"{section}.{subject}"):
        cumulative = _CUMULATIVE.fullmatch(name)
        if section == "pools":
            yield ("observe", cumulative.group(1), value) if cumulative else (name, "", value)
        elif name in _SAMPLED:
            view, argument = _SAMPLED[name]
            yield view, f"{subject},{argument}", value
        elif isinstance(value, dict) and "revert" not in value:
            for argument, each in value.items():
                yield name, f"{subject},{argument.lower()}", each
        else:
            yield name, subject, value
