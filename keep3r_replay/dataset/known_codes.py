"""Which known version a contract's code is of, and contracts whose code no known version has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from keep3r_replay.chain.belief import ask
from keep3r_replay.chain.code import IMPLEMENTATION_SLOT, CodeHashes, code_hashes
from keep3r_replay.chain.forks import forks_of
from keep3r_replay.chain.refusals import RefusedError
from keep3r_replay.chain.rpc import Call
from keep3r_replay.chain.wire import hexadecimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.replay.rooms import Extractor

_BATCH = 100
_TEXT = msgspec.json.Decoder(str)


def known_as(hashes: CodeHashes, codes: Mapping[str, str]) -> str | None:
    """Role and version of the code with these hashes, by the beginnings that `codes` knows; None if it is unknown."""
    return next((of for start, of in codes.items() if start in {each[: len(start)] for each in hashes}), None)


def is_expected(role: str, codes: Mapping[str, str]) -> bool:
    """Whether the code of a role is known for any version."""
    return any(of.partition(" ")[0] == role for of in codes.values())


class KnownCodes:
    """Tells contracts of unknown code on chains of the table of forks; on a test chain code is nobody's.

    Args:
        client: the node.
        extractor: knows the code of versions.
        chain_id: of the chain.
        block: at which code is read.
    """

    def __init__(self, client: NodeClient, extractor: Extractor, chain_id: int, block: int) -> None:
        self._client = client
        self._known = extractor.codes if forks_of(chain_id).chain else {}
        self._block = block

    def facts(self, contract: Contract) -> dict[str, Any]:
        """Fact `unknown_code`, the hash with immutables masked, of a contract whose code should be known and is not."""
        address = contract.address
        if not is_expected(contract.role, self._known):
            return {}
        hashes = code_hashes(codes_of(self._client, [address], self._block)[address])
        if known_as(hashes, self._known) is None:
            target = implementations_of(self._client, [address], self._block).get(address)
            if target is not None:
                hashes = code_hashes(codes_of(self._client, [target], self._block)[target])
        return {} if known_as(hashes, self._known) is not None else {"unknown_code": hashes.masked}


def codes_of(client: NodeClient, addresses: Sequence[str], block: int, *, again: bool = False) -> dict[str, bytes]:
    """Code at addresses as of a block, empty where there is none; that is said twice before it is believed."""
    found: dict[str, bytes] = {}
    for start in range(0, len(addresses), _BATCH):
        part = addresses[start : start + _BATCH]
        calls = [Call("eth_getCode", [address, hex(block)]) for address in part]
        found |= dict(zip(part, ask(client, calls, _texts), strict=True))
    # That nothing is there ends the run, so it must be said twice.
    missing = [address for address, code in found.items() if not code]
    if missing and not again:
        found |= codes_of(client, missing, block, again=True)
    return found


def implementations_of(client: NodeClient, addresses: Sequence[str], block: int) -> dict[str, str]:
    """The implementations of ERC-1967 proxies by address; empty where the node does not tell."""
    found: dict[str, str] = {}
    for start in range(0, len(addresses), _BATCH):
        part = addresses[start : start + _BATCH]
        calls = [Call("eth_getStorageAt", [address, IMPLEMENTATION_SLOT, hex(block)]) for address in part]
        try:
            words = ask(client, calls, _texts)
        except RefusedError:
            return {}
        found |= {address: "0x" + word[-20:].hex() for address, word in zip(part, words, strict=True) if any(word)}
    return found


def _texts(raws: Sequence[msgspec.Raw]) -> list[bytes]:
    """The answers' bytes."""
    return [hexadecimal(_TEXT.decode(raw)) for raw in raws]
