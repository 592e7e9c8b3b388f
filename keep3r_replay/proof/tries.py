"""Roots of the tries that a header commits to, and values under a state root.

A trie of transactions or receipts is over the numbers 0, 1, 2, ...: its root is folded from the sorted keys at once.
The library `trie` hashes every node anew with each value and takes 60 ms for a block; a test holds both equal.
Proofs of state, which are few, are walked by the library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.proof.keccak import keccak
from keep3r_replay.proof.rlp import decode_list, encode, integer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EMPTY_ROOT = keccak(b"\x80")
"""Root of a trie that holds nothing."""

_NIBBLES = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))
_WORD = 32


def ordered_root(values: Sequence[bytes]) -> bytes:
    """Root of the trie that holds each value under the encoding of its place: that of transactions, of receipts."""
    if not values:
        return EMPTY_ROOT
    leaves = sorted((_nibbles(encode(integer(place))), value) for place, value in enumerate(values))
    return keccak(encode(_node(leaves, 0)))


def _nibbles(key: bytes) -> bytes:
    return key.hex().encode().translate(_NIBBLES)


def _node(leaves: Sequence[tuple[bytes, bytes]], depth: int) -> list[object]:
    """The node of some leaves, sorted, whose keys agree up to `depth` nibbles (yellow paper, appendix D)."""
    first, value = leaves[0]
    if len(leaves) == 1:
        return [_path(first[depth:], leaf=True), value]
    last, shared = leaves[-1][0], depth
    while first[shared : shared + 1] == last[shared : shared + 1]:
        shared += 1
    if shared > depth:
        return [_path(first[depth:shared], leaf=False), _reference(_node(leaves, shared))]
    # No key of these tries is the beginning of another one, so that a branch holds no value of its own.
    children: list[object] = [b""] * 17
    start = 0
    while start < len(leaves):
        nibble = leaves[start][0][depth]
        end = start + 1
        while end < len(leaves) and leaves[end][0][depth] == nibble:
            end += 1
        children[nibble] = _reference(_node(leaves[start:end], depth + 1))
        start = end
    return children


def _reference(node: list[object]) -> object:
    """A node as its parent has it: itself where it is short, else its hash."""
    encoded = encode(node)
    return node if len(encoded) < _WORD else keccak(encoded)


def _path(nibbles: bytes, *, leaf: bool) -> bytes:
    """Nibbles in bytes, with a prefix that tells leaf from extension and odd from even (yellow paper, appendix C)."""
    flag = (2 if leaf else 0) + len(nibbles) % 2
    padded = bytes([flag, *([] if len(nibbles) % 2 else [0]), *nibbles])
    return bytes(padded[i] << 4 | padded[i + 1] for i in range(0, len(padded), 2))


def proved_value(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes:
    """Value under `key` in the secure trie of `root` by the nodes on its way; empty if the trie holds none.

    Raises:
        ValueError: the nodes do not lead from the root to the value, or to where it would be.
    """
    # An extra brings it: only proofs of state need it.
    from trie.exceptions import BadTrieProof  # noqa: PLC0415 - see above
    from trie.hexary import HexaryTrie  # noqa: PLC0415 - see above

    if root == EMPTY_ROOT:
        return b""
    # Each node must be the one that the node above it names: then no more than true nodes reach the library.
    above = root
    for node in nodes:
        if keccak(node) not in above:
            raise ValueError("the proof does not lead to the value: it has a node that no other names")
        above = node
    walk: Callable[..., bytes] = HexaryTrie.get_from_proof
    try:
        return walk(root, keccak(key), [decode_list(node) for node in nodes])
    except BadTrieProof:
        raise ValueError("the proof does not lead to the value: it breaks off") from None
