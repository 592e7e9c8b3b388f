"""A local chain as a process, and a plain way to talk to it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from typing import Any, Self

from eth_abi import decode, encode
from eth_utils import keccak

from tests.node.packages import anvil_binary


class RpcError(Exception):
    """The chain refuses a call."""


class Anvil:
    """An anvil process. Use as a context; it ends with it."""

    def __init__(self, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        command = [str(anvil_binary()), "--port", str(self.port), "--silent", "--no-mining", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._await_start()
        self.accounts: list[str] = self.rpc("eth_accounts")

    def _await_start(self) -> None:
        for _ in range(200):
            try:
                self.rpc("eth_chainId")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("anvil does not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def rpc(self, method: str, *parameters: Any) -> Any:
        """Make one JSON-RPC call."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error']}")
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        """Mine blocks; transactions that wait go into the first."""
        self.rpc("anvil_mine", hex(blocks))

    def send(self, sender: str, to: str | None, data: str, *, gas: int = 8_000_000) -> str:
        """Put a transaction into the pool and return its hash; mine() runs it."""
        transaction = {"from": sender, "data": data, "gas": hex(gas)} | ({"to": to} if to else {})
        return str(self.rpc("eth_sendTransaction", transaction))

    def receipt(self, transaction: str) -> dict[str, Any]:
        """Return a mined transaction's receipt, which must be a success."""
        receipt: dict[str, Any] = self.rpc("eth_getTransactionReceipt", transaction)
        if receipt["status"] != "0x1":
            raise RpcError(f"transaction {transaction} failed")
        return receipt

    def transact(self, sender: str, to: str | None, data: str) -> dict[str, Any]:
        """Send a transaction in a block of its own and return its receipt."""
        transaction = self.send(sender, to, data)
        self.mine()
        return self.receipt(transaction)

    def deploy(self, sender: str, bytecode: str, *arguments: tuple[str, Any]) -> str:
        """Create a contract with constructor arguments given as (type, value) and return its address."""
        types, values = [each[0] for each in arguments], [each[1] for each in arguments]
        return str(self.transact(sender, None, bytecode + encode(types, values).hex())["contractAddress"])

    def view(
        self, to: str, signature: str, returns: list[str], *values: Any, block: int | None = None
    ) -> tuple[Any, ...]:
        """Ask a view at the end of a block, the newest if none is said."""
        at = "latest" if block is None else hex(block)
        raw = self.rpc("eth_call", {"to": to, "data": calldata(signature, *values)}, at)
        return tuple(decode(returns, bytes.fromhex(raw[2:])))

    @property
    def head(self) -> int:
        """The newest block's number."""
        return int(self.rpc("eth_blockNumber"), 16)


def calldata(signature: str, *values: Any) -> str:
    """Return the input of a call of `name(type,type)`."""
    types = [each for each in signature[signature.index("(") + 1 : -1].split(",") if each]
    return "0x" + (keccak(text=signature)[:4] + encode(types, values)).hex()


def storage_of_mapping(key_type: str, key: Any, slot: int) -> str:
    """Return the storage slot of a mapping's element."""
    return "0x" + keccak(encode([key_type, "uint256"], [key, slot])).hex()


def word(value: int) -> str:
    """Return a number as a storage word."""
    return f"0x{value:064x}"
