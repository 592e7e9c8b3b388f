"""Finding a deployment's contracts: those that are named, those that these lead to, and the block each begins in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.refusals import RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.views import NOBODY
from keep3r_replay.chain.wire import hexadecimal
from keep3r_replay.dataset.known_codes import KnownCodes
from keep3r_replay.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.replay.rooms import Extractor

_TEXT = msgspec.json.Decoder(str)
_SEARCHES = 4


class Discovery:
    """Resolves names of contracts as of one block.

    Args:
        client: the node.
        extractor: knows what contracts are and whom they lead to.
        block: the newest block that may be asked about.
        search_from_block: no contract is older.
        chain_id: of the chain; on one that the table of forks knows, code of no known version is a fact of a contract.
    """

    def __init__(
        self, client: NodeClient, extractor: Extractor, block: int, search_from_block: int, chain_id: int
    ) -> None:
        self._client = client
        self._extractor = extractor
        self._block = block
        self._search_from = search_from_block
        self._code: dict[tuple[str, int], bool] = {}
        self._codes = KnownCodes(client, extractor, chain_id, block)

    def start(self, also_at: int | None = None) -> list[Contract]:
        """Return the contracts that the configuration names, and all that they lead to, each with its facts.

        Whom they lead to is asked at the newest block, and at `also_at`, where a lake begins in mid-history.
        """
        named = self._extractor.start(self._block, self.first_block)
        if also_at is not None and also_at < self._block:
            named += self._extractor.start(also_at, self.first_block)
        return self.resolve(named, {})

    def resolve(self, named: Iterable[tuple[str, str]], known: Mapping[str, Contract]) -> list[Contract]:
        """Return the contracts that are named and not known yet, and all that they lead to, each with its facts."""
        found: dict[str, Contract] = {}
        queue = list(named)
        while queue:
            role, address = queue.pop(0)
            address = address.lower()
            if address in known or address in found or address == NOBODY or not self._exists(address):
                continue
            contract, leads = self._extractor.describe(role, address, self._block)
            if contract is None:
                continue
            first = contract.facts.get("from_block")
            first = self.first_block(address) if first is None else first
            facts = {**contract.facts, "from_block": first, **self._codes.facts(contract)}
            found[address] = replace(contract, facts=facts)
            queue += leads
        return sorted(found.values(), key=lambda contract: (contract.role, contract.address))

    def first_block(self, address: str) -> int:
        """Return the block in which a contract was created, by bisection; the earliest possible if history is gone.

        Raises `NodeError` where the node tells its code in two ways.
        """
        try:
            for _ in range(_SEARCHES):
                first = self._search(address)
                if first == self._search_from or not self._has_code_after_all(address, first - 1):
                    return first
        except (RefusedError, NodeError):
            return self._search_from
        raise NodeError(f"the code of {address} is told now in one way, now in another; try another endpoint")

    def _search(self, address: str) -> int:
        low, high = self._search_from, self._block
        if self._has_code(address, low):
            return low
        while high - low > 1:
            middle = (low + high) // 2
            if self._has_code(address, middle):
                high = middle
            else:
                low = middle
        return high

    def _has_code_after_all(self, address: str, block: int) -> bool:
        """Ask once more where there was no code; if it was a lie, nothing that was said so far counts."""
        self._look(address, [block])
        if self._code[address, block]:
            self._code = {place: there for place, there in self._code.items() if place[0] != address}
            return True
        return False

    def _exists(self, address: str) -> bool:
        blocks = [self._block, self._search_from]
        try:
            # Where the search for its first block will begin is asked along: most often there is nothing yet.
            self._look(address, blocks)
        except RefusedError:
            return self._has_code(address, self._block)
        return self._code[address, self._block] or self._has_code_after_all(address, self._block)

    def _has_code(self, address: str, block: int) -> bool:
        if (address, block) not in self._code:
            self._look(address, [block])
        return self._code[address, block]

    def _look(self, address: str, blocks: list[int]) -> None:
        calls = [Call("eth_getCode", [address, hex(block)]) for block in blocks]
        found = ask(self._client, calls, lambda raws: [bool(hexadecimal(_TEXT.decode(raw))) for raw in raws])
        self._code |= {(address, block): there for block, there in zip(blocks, found, strict=True)}
