"""What to extract: a deployment as configured, before a node has been asked."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class KnownKeep3r:
    """A Keep3r contract as configured: its address, its version, and the block of its creation (None to find it)."""

    address: str
    version: str
    from_block: int | None


@dataclass(frozen=True)
class ExtractionSpec:
    """A deployment's fixed facts.

    Attributes:
        name: of the deployment.
        chain_id: which every node asked must have.
        keep3r: its address in lower case; empty if only pools are wanted.
        version: of Keep3r (2.0, 2.1, 2.2, 2.3, 2.3s).
        from_block: the block in which Keep3r was created; None to find it.
        search_from_block: no contract of the deployment is older.
        helper_versions: versions of known helpers by address; others are told apart by their views.
        pools: pools to follow beside those that Keep3r leads to.
        companions: other contracts to follow, role by address: pair_manager_factory, escrow.
        tokens: addresses by name: kp3r, kp3r_in_pools, weth; read from the contracts where absent.
        more_keep3r: further Keep3r contracts of the same deployment: its other versions.
        partition_blocks: blocks of a partition; ranges are aligned to multiples of it.
        detail: `all`, or `logs` for logs and events only.
    """

    name: str
    chain_id: int
    keep3r: str
    version: str
    from_block: int | None
    search_from_block: int
    helper_versions: dict[str, str] = field(default_factory=dict)
    pools: tuple[str, ...] = ()
    companions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    more_keep3r: tuple[KnownKeep3r, ...] = ()
    partition_blocks: int = 100_000
    detail: str = "all"

    @property
    def keep3rs(self) -> dict[str, KnownKeep3r]:
        """All Keep3r contracts by address, the first named first; empty if only pools are wanted."""
        first = (KnownKeep3r(self.keep3r, self.version, self.from_block),) if self.keep3r else ()
        return {known.address: known for known in (*first, *self.more_keep3r)}

    def partition_of(self, block: int) -> tuple[int, int]:
        """Return the aligned closed range of blocks that `block` belongs to."""
        start = block - block % self.partition_blocks
        return start, start + self.partition_blocks - 1
