"""Transactions as they are signed and hashed: every type on Ethereum, and Optimism's deposits (EIP-2718)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.proof.keccak import keccak
from keep3r_replay.proof.receipts import DEPOSIT
from keep3r_replay.proof.rlp import decode_list, encode, integer, text, whole
from keep3r_replay.proof.tries import ordered_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIGNATURE = ("yParity", "r", "s")

LAYOUTS: dict[int, tuple[str, ...]] = {
    0: ("nonce", "gasPrice", "gas", "to", "value", "input", "v", "r", "s"),
    1: ("chainId", "nonce", "gasPrice", "gas", "to", "value", "input", "accessList", *_SIGNATURE),
    2: (
        *("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList"),
        *_SIGNATURE,
    ),
    3: (
        *("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList"),
        *("maxFeePerBlobGas", "blobVersionedHashes", *_SIGNATURE),
    ),
    4: (
        *("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList"),
        *("authorizationList", *_SIGNATURE),
    ),
    DEPOSIT: ("sourceHash", "from", "to", "mint", "value", "gas", "isSystemTx", "input"),
}
"""What a transaction of each type is a list of, in order, by the names of JSON-RPC."""

_BYTES = {"to": 20, "from": 20, "sourceHash": 32, "input": None}
_CALL = frozenset({"to"})


class Transaction(NamedTuple):
    """What is read of a transaction.

    Attributes:
        raw: the bytes that its hash and the transactions root are of.
        type: 0 for those without a type.
        to: the recipient (20 bytes); empty where a contract is created.
        input: its data.
        gas: its limit.
        nonce: of the sender; 0 for deposits, which name none.
        prices: what a gas may cost and, apart from it, the tip, in wei; both are one where there is one price.
        sender: of a deposit, which is not signed (20 bytes); otherwise empty.
        signed: the hash that was signed; empty for deposits.
        signature: parity, r and s.
        chain_id: that the signature holds (EIP-155, EIP-2718); None where it holds for every chain.
    """

    raw: bytes
    type: int
    to: bytes
    input: bytes
    gas: int
    nonce: int
    prices: tuple[int, int]
    sender: bytes
    signed: bytes
    signature: tuple[int, int, int]
    chain_id: int | None = None

    @property
    def hash(self) -> bytes:
        """Keccak-256 of the raw bytes."""
        return keccak(self.raw)

    def effective_price(self, base_fee: int | None) -> int:
        """Wei paid a gas in a block of this base fee (EIP-1559); 0 for deposits."""
        most, tip = self.prices
        return most if base_fee is None else min(most, base_fee + tip)

    def recovered(self) -> bytes:
        """The sender's address, from the signature; a deposit's own.

        Raises:
            ValueError: the signature is none; transactions that Optimism took from Ethereum before Bedrock have none.
        """
        if self.type == DEPOSIT:
            return self.sender
        # Imported where senders are wanted: web3 brings it.
        from eth_keys.exceptions import BadSignature  # noqa: PLC0415 - see above
        from eth_keys.main import KeyAPI  # noqa: PLC0415 - see above
        from eth_utils.exceptions import ValidationError  # noqa: PLC0415 - see above

        api = KeyAPI()
        try:
            public = api.Signature(vrs=self.signature).recover_public_key_from_msg_hash(self.signed)
        except (BadSignature, ValidationError) as error:
            raise ValueError(f"no sender can be recovered: {error}") from None
        address: bytes = public.to_canonical_address()
        return address


def transactions_root(raws: Sequence[bytes]) -> bytes:
    """The root of a block's transactions."""
    return ordered_root(raws)


def raw_of(told: Mapping[str, Any]) -> bytes:
    """The raw bytes of the transaction that a node tells of, by its JSON.

    Raises:
        ValueError: a part is missing or of a wrong form, or the type is unknown.
    """
    try:
        kind = int(told.get("type") or "0x0", 16)
        layout = LAYOUTS.get(kind)
        if layout is None:
            raise ValueError(f"a transaction of the unknown type {kind}")
        body = encode([_part(name, told) for name in layout])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a transaction without {error}") from None
    return bytes([kind]) + body if kind else body


def _part(name: str, told: Mapping[str, Any]) -> object:
    if name == "accessList":
        return [[_hex(each["address"]), list(map(_hex, each["storageKeys"]))] for each in told[name]]
    if name == "blobVersionedHashes":
        return list(map(_hex, told[name]))
    if name == "authorizationList":
        return [
            [_number(each["chainId"]), _hex(each["address"]), *(_number(each[key]) for key in ("nonce", *_SIGNATURE))]
            for each in told[name]
        ]
    if name in _BYTES:
        return b"" if told.get(name) is None and name in _CALL else _hex(told[name], _BYTES[name])
    if name == "isSystemTx":
        return b"\1" if told.get(name) else b""
    if name == "mint":
        return _number(told.get(name) or "0x0")
    if name == "yParity" and told.get(name) is None:
        # Older nodes tell the parity as v alone.
        return _number(told["v"])
    return _number(told[name])


def _hex(told: str, width: int | None = None) -> bytes:
    content = bytes.fromhex(told[2:])
    if width is not None and len(content) != width:
        raise ValueError(f"{told[:20]} has {len(content)} bytes")
    return content


def _number(told: str) -> bytes:
    return integer(int(told, 16))


def transaction_of(raw: bytes) -> Transaction:
    """Read a transaction from its raw bytes.

    Raises:
        ValueError: the bytes are none of a known type.
    """
    kind = raw[0] if raw[:1] < b"\x80" and raw else 0
    layout = LAYOUTS.get(kind)
    parts = decode_list(raw[1:] if kind else raw)
    if layout is None or len(parts) != len(layout):
        raise ValueError(f"a transaction of the unknown type {kind}, or of {len(parts)} parts")
    named = dict(zip(layout, parts, strict=True))

    def number(name: str) -> int:
        return whole(text(named[name])) if name in named else 0

    to, content = text(named["to"]), text(named["input"])
    if len(to) not in {0, 20}:
        raise ValueError("a recipient of another width")
    sender = text(named["from"]) if kind == DEPOSIT else b""
    price = number("gasPrice")
    prices = (price, price) if "gasPrice" in named else (number("maxFeePerGas"), number("maxPriorityFeePerGas"))
    signed, parity = (b"", 0) if kind == DEPOSIT else _signed(kind, parts, number("v") if not kind else 0)
    signature = (number("yParity") if kind else parity, number("r"), number("s"))
    own = number("chainId") if "chainId" in named else _chain_of(number("v"))
    return Transaction(raw, kind, to, content, number("gas"), number("nonce"), prices, sender, signed, signature, own)


def _chain_of(v: int) -> int | None:
    """The chain that the `v` of a transaction without a type is of (EIP-155); deposits have no `v`."""
    return (v - 35) // 2 if v >= 35 else None


def _signed(kind: int, parts: list[object], v: int) -> tuple[bytes, int]:
    """The hash that was signed, and for a transaction without a type the parity that its `v` holds (EIP-155)."""
    unsigned = parts[:-3]
    if kind:
        return keccak(bytes([kind]) + encode(unsigned)), 0
    if v in {27, 28}:
        return keccak(encode(unsigned)), v - 27
    if v < 35:
        return b"", 0
    return keccak(encode([*unsigned, integer((v - 35) // 2), b"", b""])), (v - 35) % 2
