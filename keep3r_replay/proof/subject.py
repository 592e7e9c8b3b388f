"""What is to be proved: a lake, with what its contracts can emit, and what its chain's rules are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from keep3r_replay.proof.rows import LakeRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.evm.abi import EventsByRole
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake


@dataclass(frozen=True)
class Subject:
    """A lake under proof.

    Attributes:
        lake: whose files are whole.
        events: what contracts of each role and version can emit.
        last: the last block to prove of the lake: its own last, or the anchor's if that is earlier.
    """

    lake: Lake
    events: EventsByRole
    last: int

    @cached_property
    def rows(self) -> LakeRows:
        """The lake's rows."""
        return LakeRows(self.lake)

    @cached_property
    def contracts(self) -> Mapping[str, Contract]:
        """The followed contracts by address: the lake holds every log of each."""
        return self.lake.deployment.by_address()

    @cached_property
    def followed(self) -> frozenset[bytes]:
        """Their addresses."""
        return frozenset(bytes.fromhex(address[2:]) for address in self.contracts)

    @property
    def chain_id(self) -> int:
        """Of the lake's chain."""
        return self.lake.deployment.chain_id

    @property
    def first(self) -> int:
        """The first block that the lake covers."""
        coverage = self.lake.manifest.coverage
        assert coverage is not None
        return coverage.from_block

    @cached_property
    def ends(self) -> Mapping[int, str]:
        """Hashes of blocks that the manifest names: the last one, those that partitions end with, the first one."""
        coverage = self.lake.manifest.coverage
        assert coverage is not None
        ends = {coverage.to_block: coverage.last_block_hash} if coverage.last_block_hash else {}
        if self.genesis:
            ends[0] = self.genesis
        return {int(block): str(told) for block, told in self.lake.manifest.extraction.get("anchors", [])} | ends

    @property
    def genesis(self) -> str:
        """Hash of the chain's first block, as the lake notes it; empty if it does not."""
        return str(self.lake.manifest.extraction.get("genesis") or "")

    @property
    def reaches_genesis(self) -> bool:
        """Whether the lake's headers hold the chain's first block, or name it as their first one's parent."""
        return self.first <= 1

    @property
    def only_logs(self) -> bool:
        """Whether the lake holds neither blocks nor transactions."""
        return not self.lake.has("blocks")

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables whose rows are proved."""
        proved = {"logs", "blocks", "transactions", "undecoded"}
        return tuple(name for name in self.lake.tables() if name in proved or name.startswith("events/"))

    @cached_property
    def identity(self) -> object:
        """What a proof of rows rests on beside them: addresses, roles and versions of the contracts."""
        return [[each.address, each.role, each.version] for each in self.contracts.values()]
