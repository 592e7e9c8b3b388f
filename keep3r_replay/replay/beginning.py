"""Beginning the replay of a root contract from what a lake's deployment says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.errors import LakeError
from keep3r_replay.evm.arithmetic import Revert

if TYPE_CHECKING:
    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Options, Protocol, Replay


def begin(
    lake: Lake, protocol: Protocol, root: Contract, journal: Journal, until_block: int | None, options: Options
) -> Replay:
    """Begin as the protocol does; parameters that are no values of their kind are the deployment's fault.

    Raises:
        LakeError: `deployment.json` says of a contract what cannot be.
        InputError: the lake lacks what the replay needs.
    """
    try:
        return protocol.begin(lake, root, journal, until_block, options)
    except (KeyError, TypeError, ValueError, Revert) as error:
        raise LakeError(
            lake.path / "deployment.json",
            f"damaged deployment: {type(error).__name__}: {error}",
            remedy="import it again, or extract into a new folder",
        ) from error
