"""Reconciliation: what the real contract's views answered, held against the model's at the same block."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import polars as pl

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.journal import Journal, as_text
from keep3r_replay.replay.history import WHOLE

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.history import Span

Answer = Callable[[], object]

_KEY = ("contract", "view", "arguments", "source")


class Answering(Protocol):
    """What reconciliation needs of a protocol under replay."""

    def view(self, contract: str, name: str, arguments: Sequence[str], source: str) -> Answer | None:
        """The model's counterpart of a view; None if there is none."""

    def undetermined(self, name: str, arguments: Sequence[str], observed: str) -> str:
        """Why a differing answer may be due to what logs can not tell; empty if nothing excuses it."""


class Reconciliation:
    """Compares all readings of a lake, block by block, and counts.

    Only readings of `contracts` count (None: all). A reading whose view the model lacks counts as undetermined, as does
    one that differs where logs can not tell. Only those of `span` are read.
    """

    def __init__(
        self,
        lake: Lake,
        protocol: Answering,
        journal: Journal,
        contracts: frozenset[str] | None = None,
        span: Span = WHOLE,
    ) -> None:
        self.matched = 0
        self.mismatched = 0
        self.undetermined: dict[tuple[str, str], int] = {}
        self._protocol = protocol
        self._journal = journal
        self._keys: list[tuple[str, str, str, str]] = []
        self._answers: list[Answer | None] = []
        self._spelled: list[tuple[object, str]] = []
        self._places: dict[int, tuple[int, int]] = {}
        if lake.has("readings"):
            scan = lake.scan("readings", from_block=span.first, until_block=span.until)
            if contracts is not None:
                scan = scan.filter(pl.col("contract").is_in(sorted(contracts)))
            frame = scan.collect()
            keys = frame.select(*_KEY).unique(maintain_order=True).with_row_index("key")
            self._frame = frame.join(keys, on=list(_KEY), how="left", maintain_order="left").select(
                "block_number", "key", "value", "revert"
            )
            self._keys = [
                (contract, view, arguments, source) for _, contract, view, arguments, source in keys.iter_rows()
            ]
            counts = self._frame.group_by("block_number", maintain_order=True).len()
            start = 0
            for block, count in counts.iter_rows():
                self._places[block] = (start, count)
                start += count

    @property
    def blocks(self) -> list[int]:
        """Blocks with readings, ascending."""
        return sorted(self._places)

    def compare(self, block: int) -> None:
        """Compare all readings after `block`, at whose end the model stands."""
        if not self._answers:
            self._answers = [
                self._protocol.view(contract, view, _split(arguments), source)
                for contract, view, arguments, source in self._keys
            ]
            self._spelled = [(None, "")] * len(self._keys)
        answers, spelled = self._answers, self._spelled
        start, count = self._places[block]
        part = self._frame.slice(start, count)
        matched = 0
        for key, value, revert in zip(
            part["key"].to_list(), part["value"].to_list(), part["revert"].to_list(), strict=True
        ):
            answer = answers[key]
            if answer is None:
                self._count_undetermined(key, "the model has no such view")
                continue
            try:
                found = answer()
                # Most answers are those of the block before; a number or text that is the same object is spelled alike.
                before, expected = spelled[key]
                if found is not before or isinstance(found, list):
                    expected = render(found)
                    spelled[key] = found, expected
                agrees = expected == value
            except Revert as error:
                expected = f"revert {error.name}"
                agrees = error.name == revert
            if agrees:
                matched += 1
            else:
                self._differs(key, expected, value if revert is None else f"revert {revert}")
        self.matched += matched

    def _differs(self, key: int, expected: str, observed: str) -> None:
        contract, view, arguments, _ = self._keys[key]
        reason = self._protocol.undetermined(view, _split(arguments), observed)
        if reason:
            self._count_undetermined(key, reason)
            return
        self.mismatched += 1
        self._journal.note(
            "reading_mismatch",
            None,
            arguments.partition(",")[0] or contract or "block",
            f"{view}({arguments})",
            _number(expected),
            _number(observed),
            "the contract's answer after this block is not the model's: an event before it is missing or changed",
        )

    def _count_undetermined(self, key: int, reason: str) -> None:
        name = (self._keys[key][1], reason)
        self.undetermined[name] = self.undetermined.get(name, 0) + 1


def render(value: object) -> str:
    """A model's answer as readings spell it: lists as compact JSON of texts."""
    if type(value) is int:
        return str(value)
    if isinstance(value, list):
        if value and all(type(item) is int for item in value):
            # What json.dumps gives, at a fifth of its price.
            numbers = '","'.join(map(str, value))
            return f'["{numbers}"]'
        return json.dumps([item if isinstance(item, list) else as_text(item) for item in value], separators=(",", ":"))
    return as_text(value)


def _split(arguments: str) -> list[str]:
    return arguments.split(",") if arguments else []


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text
