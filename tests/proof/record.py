"""Record the chain that the tests of proofs serve: `python -m tests.proof.record` starts a local node for it."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from tests.node.anvil import Anvil
from tests.node.keep3r_chain import Keep3rChain
from tests.node.lakes import run, settings
from tests.node.lying_proxy import LyingProxy
from tests.proof.served_chain import RECORDING, Chain, key_of


def main() -> None:
    """Let Keep3r live for some blocks, extract and prove it, and keep all that was said."""
    calls: dict[str, Any] = {}

    def keep(call: dict[str, Any], result: Any) -> Any:
        if not hasattr(Chain, f"_{call['method']}"):
            calls[key_of(call["method"], call["params"])] = result
        return result

    with Anvil("--hardfork", "shanghai") as node, tempfile.TemporaryDirectory() as folder:
        chain = Keep3rChain(node)
        chain.live(16, seed=5)
        node.mine(4)
        lake = Path(folder) / "lake"
        with LyingProxy(node.url, keep) as proxy:
            last = node.head - 3
            assert (
                run(proxy.url, *settings(chain.keep3r, lake, "confirmations=0", f"to_block={last}", "readings=[40]"))
                == 0
            )
            anchor = node.rpc("eth_getBlockByNumber", hex(node.head), False)["hash"]
            assert run(proxy.url, "prove", f"lake={lake}", f"anchor='{anchor}'") == 0
        numbers = range(node.head + 1)
        content = {
            "keep3r": chain.keep3r,
            "chain_id": node.rpc("eth_chainId"),
            "blocks": [node.rpc("eth_getBlockByNumber", hex(number), True) for number in numbers],
            "receipts": [node.rpc("eth_getBlockReceipts", hex(number)) for number in numbers],
            "calls": calls,
        }
    RECORDING.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    RECORDING.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{RECORDING}: {len(content['blocks'])} blocks, {RECORDING.stat().st_size} bytes")


if __name__ == "__main__":
    main()
