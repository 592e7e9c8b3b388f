"""Transactions of every type: their bytes, their hashes and who sent them."""

from __future__ import annotations

import pytest
import rlp
from eth_utils import to_checksum_address

from keep3r_replay.proof.rlp import integer
from keep3r_replay.proof.transactions import raw_of, transaction_of
from tests.proof.mainnet import raw

_TO = to_checksum_address("0x" + "ab" * 20)
_COMMON = {"nonce": 7, "gas": 90_000, "to": _TO, "value": 5, "data": "0x1234"}
_LISTED = [{"address": to_checksum_address("0x" + "cd" * 20), "storageKeys": ["0x" + "01" * 32]}]
_DYNAMIC = {"chainId": 10, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9, "accessList": _LISTED}
KINDS = {
    "before EIP-155": {**_COMMON, "gasPrice": 10**9},
    "legacy": {**_COMMON, "gasPrice": 10**9, "chainId": 1},
    "creation": {**{key: value for key, value in _COMMON.items() if key != "to"}, "gasPrice": 10**9, "chainId": 1},
    "access list": {**_COMMON, "type": 1, "chainId": 1, "gasPrice": 10**9, "accessList": _LISTED},
    "dynamic fee": {**_COMMON, **_DYNAMIC, "type": 2},
    "blob": {
        **_COMMON,
        **_DYNAMIC,
        "type": 3,
        "maxFeePerBlobGas": 10**9,
        "blobVersionedHashes": ["0x01" + "00" * 31],
    },
    "set code": {
        **_COMMON,
        **_DYNAMIC,
        "type": 4,
        "authorizationList": [
            {
                "chainId": 1,
                "address": to_checksum_address("0x" + "ef" * 20),
                "nonce": 3,
                "yParity": 1,
                "r": 2**255 + 5,
                "s": 77,
            }
        ],
    },
}


def as_node(content: dict, signed) -> dict:
    """A signed transaction as a node tells it."""

    def told(value):
        if isinstance(value, bool) or not isinstance(value, int):
            return [{key: told(part) for key, part in each.items()} for each in value] if _is_records(value) else value
        return hex(value)

    kind = content.get("type", 0)
    parts = {("input" if key == "data" else key): told(value) for key, value in content.items()}
    last = {"v": hex(signed.v)} if not kind else {"yParity": hex(signed.v)}
    return {**parts, **last, "type": hex(kind), "r": hex(signed.r), "s": hex(signed.s)}


def _is_records(value) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_type_of_transaction(name: str) -> None:
    """The bytes are those that the library signs, and the sender is who signed them."""
    from eth_account import Account

    account = Account.from_key("0x" + "4b" * 32)
    content = KINDS[name]
    signed = account.sign_transaction(content)
    made = raw_of(as_node(content, signed))
    assert made == bytes(signed.raw_transaction)
    transaction = transaction_of(made)
    assert transaction.hash == bytes(signed.hash)
    assert transaction.recovered() == raw(account.address)
    assert (transaction.nonce, transaction.gas, transaction.input) == (7, 90_000, b"\x12\x34")
    assert transaction.to == (b"" if name == "creation" else raw(_TO))
    price = 10**9 if "gasPrice" in content else 10**9 + 500
    assert transaction.effective_price(500 if "gasPrice" not in content else None) == price


def test_a_deposit_names_its_sender() -> None:
    """Optimism's deposits are not signed: sender, target and input are what the transaction says, gas costs nothing."""
    told = {
        "type": "0x7e",
        "sourceHash": "0x" + "5c" * 32,
        "from": "0x" + "de" * 20,
        "to": _TO,
        "mint": None,
        "value": "0x0",
        "gas": "0xf4240",
        "isSystemTx": False,
        "input": "0x440a5e20",
    }
    made = raw_of(told)
    expected = [b"\x5c" * 32, b"\xde" * 20, b"\xab" * 20, b"", b"", integer(1_000_000), b"", bytes.fromhex("440a5e20")]
    assert made == b"\x7e" + rlp.encode(expected)
    transaction = transaction_of(made)
    assert transaction.recovered() == b"\xde" * 20
    assert transaction.effective_price(10**9) == 0
