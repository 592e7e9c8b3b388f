"""Accounts and storage words as a state root has them, and what a lake writes for such words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.lake.shapes import parsed
from keep3r_replay.proof.keccak import keccak
from keep3r_replay.proof.rlp import decode, decode_list, text
from keep3r_replay.proof.tries import proved_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.teller import Account
    from keep3r_replay.replay.anatomy import Cell


class Words(NamedTuple):
    """An account as a state root has it: hash of its code, and some words of its storage by slot."""

    code_hash: bytes
    storage: dict[int, int]


def read_account(header: Header, address: bytes, slots: Sequence[int], account: Account) -> Words:
    """Read an account out of its proof.

    Raises:
        ValueError: the proof does not lead from the header's state root to the account, or to a word.
    """
    content = proved_value(header["stateRoot"], address, account.nodes)
    if not content:
        return Words(keccak(b""), dict.fromkeys(slots, 0))
    _, _, root, code_hash = map(text, decode_list(content))
    if len(slots) != len(account.storage):
        raise ValueError(f"{len(account.storage)} words for {len(slots)} slots")
    words = {}
    for slot, nodes in zip(slots, account.storage, strict=True):
        value = proved_value(root, slot.to_bytes(32, "big"), nodes)
        words[slot] = int.from_bytes(text(decode(value)), "big") if value else 0
    return Words(code_hash, words)


def slots_of(cell: Cell, told: str) -> list[int]:
    """The slots that hold a value: its own, and those of a set's members, as many as the value has."""
    if cell.kind != "address[]":
        return [cell.slot]
    try:
        members: Any = parsed(told)
    except ValueError:
        members = []
    begin = int.from_bytes(keccak(cell.slot.to_bytes(32, "big")), "big")
    return [cell.slot, *(begin + place for place in range(len(members) if isinstance(members, list) else 0))]


def value_in(cell: Cell, words: Sequence[int]) -> str:
    """The text that `readings` and initial parameters have for what storage words hold."""
    if cell.kind == "uint256":
        return str(words[0])
    if cell.kind == "address":
        return f"0x{words[0] % (1 << 160):040x}"
    members = [f"0x{word % (1 << 160):040x}" for word in words[1:]]
    if words[0] != len(members):
        return f"{words[0]} members"
    return json.dumps(members, separators=(",", ":"))
