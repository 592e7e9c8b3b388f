"""Values in and out of the contract ABI, by `eth_abi`, the codec that web3 itself is made of.

What asks a node takes web3's own (`chain.views`); simulations write calls and logs, and need no more than this part,
which takes a quarter of the time to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def encode_arguments(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Encode values of ABI types; those of `bytesN` are hexadecimal text.

    Raises:
        ValueError: a type is unknown, or a value does not fit.
    """
    # Imported here: what only reads histories encodes nothing.
    from eth_abi.abi import encode  # noqa: PLC0415 - see above
    from eth_abi.exceptions import EncodingError, NoEntriesFound, ParseError  # noqa: PLC0415 - see above

    given = [_raw(value) if kind.startswith("bytes") else value for kind, value in zip(types, values, strict=True)]
    try:
        return encode(types, given)
    except (EncodingError, NoEntriesFound, ParseError) as error:
        raise ValueError(str(error)) from None


def _raw(value: Any) -> Any:
    return bytes.fromhex(value[2:]) if isinstance(value, str) else value
