"""`views.jsonl.gz` of a recording as rows of the table `readings`: one row a value, named as the contract names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.lake.schemas import Reading
from keep3r_replay.recording.answers import answer, items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keep3r_replay.protocols.keep3r_v1.recording.meta import Meta


class Cell(NamedTuple):
    """One recorded answer: who was asked what, and what came back."""

    contract: str
    view: str
    arguments: str
    value: Any


_ONE = "1000000000000000000"
_PLACE = {"block", "timestamp", "why", "baseFee"}
_SECTIONS = {"kp3r", "jobs", "keepers", "pairs", "liquidity", "fastgas", "oracles", "quoteLimit100k", "raw"}
_LIMIT_OF = "100000"
"""Gas whose limit a recording asks for."""


class ReadingRows:
    """Turns recorded lines into rows, for the contracts that `meta.json` names."""

    def __init__(self, meta: Meta) -> None:
        self._kp3r = meta.keep3rV1.lower()
        self._weth = meta.weth.lower()
        self._fastgas = meta.fastgas.lower()
        self._pair = meta.pairs["kp3rWeth"].lower()
        self._helpers = {name: address.lower() for name, address in meta.helpers.items()}
        self._oracles = {
            "UniswapV2Oracle": meta.uniswapV2Oracle.lower(),
            "Keep3rV1Oracle": meta.keep3rV1Oracle.lower(),
            "Keep3rV2Oracle": meta.keep3rV2Oracle.lower(),
        }
        bought = f"{self._weth},{_ONE},{self._kp3r}"
        self._asked = {
            "consult1e18": ("consult", bought),
            "consultKP3R1e18": ("consult", f"{self._kp3r},{_ONE},{self._weth}"),
            "current1e18": ("current", bought),
            "quote1e18x1": ("quote", f"{bought},1"),
            "lastUpdated": ("lastUpdated", self._pair),
            "observationLength": ("observationLength", self._pair),
            "lastObservation": ("lastObservation", self._pair),
            "minKeep": ("minKeep", ""),
            "length": ("length", ""),
        }

    def rows(self, line: Mapping[str, Any]) -> Iterator[Reading]:
        """Return the rows of one line, in the order of the line.

        Raises:
            ValueError: a part is missing, unknown or of a wrong type.
        """
        block, timestamp = line.get("block"), line.get("timestamp")
        for number in (block, timestamp):
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                raise ValueError("a reading needs its block's number and timestamp")
        for section, content in line.items():
            if section in _PLACE:
                continue
            if section not in _SECTIONS:
                raise ValueError(f"unknown section {section!r}")
            source = "storage" if section == "raw" else "view"
            for contract, view, arguments, value in self._cells(section, content):
                yield Reading(contract, view, arguments, *_answer(f"{section}.{view}", value), source)

    def _cells(self, section: str, content: Any) -> Iterator[Cell]:
        if section == "fastgas":
            yield Cell(self._fastgas, "latestAnswer", "", content)
        elif section in {"kp3r", "raw"}:
            for name, value in items(content, section):
                view, argument = ("balanceOf", self._kp3r) if name == "balanceOfSelf" else (name, "")
                yield Cell(self._kp3r, view, argument, value)
        elif section in {"jobs", "keepers"}:
            yield from self._subjects(section, content)
        else:
            yield from {
                "pairs": self._pairs,
                "liquidity": self._liquidity,
                "oracles": self._oracle_cells,
                "quoteLimit100k": self._limits,
            }[section](content)

    def _limits(self, content: Any) -> Iterator[Cell]:
        for name, by_origin in items(content, "quoteLimit100k"):
            for origin, value in items(by_origin, f"quoteLimit100k.{name}"):
                yield Cell(self._helpers[name], "getQuoteLimit", f"{_LIMIT_OF},{origin.lower()}", value)

    def _subjects(self, section: str, content: Any) -> Iterator[Cell]:
        for subject, views in items(content, section):
            for view, value in items(views, f"{section}.{subject}"):
                if isinstance(value, dict) and "revert" not in value:
                    for token, amount in value.items():
                        yield Cell(self._kp3r, view, f"{subject.lower()},{token.lower()}", amount)
                else:
                    yield Cell(self._kp3r, view, subject.lower(), value)

    def _pairs(self, content: Any) -> Iterator[Cell]:
        for pair, views in items(content, "pairs"):
            for view, value in items(views, f"pairs.{pair}"):
                if view == "liquidityAccepted":
                    yield Cell(self._kp3r, view, pair.lower(), value)
                elif view == "balanceOfKP3R":
                    yield Cell(pair.lower(), "balanceOf", self._kp3r, value)
                else:
                    yield Cell(pair.lower(), view, "", value)

    def _liquidity(self, content: Any) -> Iterator[Cell]:
        for provider, by_pair in items(content, "liquidity"):
            for pair, by_job in items(by_pair, f"liquidity.{provider}"):
                for job, views in items(by_job, f"liquidity.{provider}.{pair}"):
                    for view, value in items(views, f"liquidity.{provider}.{pair}.{job}"):
                        yield Cell(self._kp3r, view, f"{provider},{pair},{job}".lower(), value)

    def _oracle_cells(self, content: Any) -> Iterator[Cell]:
        for name, views in items(content, "oracles"):
            if name not in self._oracles:
                raise ValueError(f"unknown oracle {name!r}")
            contract = self._oracles[name]
            for view, value in items(views, f"oracles.{name}"):
                if view == "observations":
                    for index, observation in items(value, f"oracles.{name}.{view}"):
                        yield Cell(contract, "pairObservations", f"{self._pair},{index}", observation)
                elif view in self._asked:
                    yield Cell(contract, *self._asked[view], value)
                else:
                    raise ValueError(f"unknown view {name}.{view}")


def _answer(place: str, value: object) -> tuple[str | None, str | None]:
    """As `answer`; of `Error(REASON)` the reason alone."""
    text, revert = answer(place, value)
    is_error = revert is not None and revert.startswith("Error(")
    return text, revert.removeprefix("Error(").removesuffix(")") if revert is not None and is_error else revert
