"""The newest block of a chain, where a node can be asked for it."""

from __future__ import annotations

import os


def head_of(chain_id: int) -> int | None:
    """The number of the newest block by the node that ETH_RPC_URL names; None without one, or if its chain is another.

    Raises:
        NodeError: the node refuses or stays away.
    """
    from keep3r_replay.chain.client import client_from_environment
    from keep3r_replay.chain.endpoint import ENVIRONMENT
    from keep3r_replay.dataset.chain_head import block_at

    if not os.environ.get(ENVIRONMENT):
        return None
    client = client_from_environment(connections=1, timeout=20.0, attempts=4)
    told = client.each_endpoint(lambda raw: int(bytes(raw).strip(b'"'), 16), "eth_chainId")
    if {*told.values()} != {chain_id}:
        return None
    newest = block_at(client, "latest")
    return None if newest is None else newest.number
