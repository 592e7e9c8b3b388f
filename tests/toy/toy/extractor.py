"""How a counter is found at a node, and followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.views import Question, View, read_view
from keep3r_replay.errors import UsageError
from keep3r_replay.lake.deployment import Contract
from keep3r_replay.replay.contact import Configured, Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.rooms import Proof

TOTAL = View("total", (), ("uint256",))


class CounterExtractor:
    """See `replay.rooms.Extractor`; `counter` is the one setting."""

    def __init__(self, client: NodeClient, settings: Mapping[str, Any]) -> None:
        if set(settings) != {"counter"}:
            raise UsageError("a toy's deployment names its counter, and nothing else")
        self._client = client
        self.roots = [("counter", str(settings["counter"]).lower())]

    @property
    def configured(self) -> Sequence[Configured]:
        """The counter, which must answer `total()`."""
        total = Expected("counter", TOTAL, frozenset(), "name a counter", required=True)
        return [Configured("counter", role, address, expected=(total,)) for role, address in self.roots]

    @property
    def codes(self) -> Mapping[str, str]:
        """None is known."""
        return {}

    def proofs(self, contracts: Mapping[str, Contract], block: int) -> Sequence[Proof]:
        """None: nothing is told twice."""
        return ()

    def start(self, block: int, created_in: Callable[[str], int]) -> list[tuple[str, str]]:
        """The counter."""
        return self.roots

    def named_in(self, tables: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Events name no contract."""
        return []

    def describe(self, role: str, address: str, block: int) -> tuple[Contract | None, list[tuple[str, str]]]:
        """A counter answers `total()`."""
        answers = read_view(self._client, address, TOTAL, (), block).values is not None
        return (Contract(role, address) if answers else None), []

    def initial_state(self, contract: Contract, block: int) -> dict[str, str]:
        """A counter begins with nothing."""
        return {}

    def began_with(self, contract: Contract, parameters: Mapping[str, str]) -> list[tuple[str, str]]:
        """Nobody: events and present state name all."""
        return []

    def tokens(
        self, contracts: Mapping[str, Contract], initial_state: Mapping[str, Mapping[str, str]]
    ) -> dict[str, str]:
        """None."""
        return {}

    def transactions_to(self, contracts: Mapping[str, Contract]) -> Sequence[str]:
        """Calls of the counter count even where they leave no log."""
        return [address for _, address in self.roots]

    def views(self, lake: Lake, block: int) -> Sequence[Question]:
        """Its total."""
        return [Question(address, TOTAL) for _, address in self.roots]
