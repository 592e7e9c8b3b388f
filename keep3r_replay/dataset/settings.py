"""Settings of a configured deployment, checked the same way for every protocol."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)
_SHOWN = 60

Settings = TypeVar("Settings")


def settings_of(content: Mapping[str, Any], kind: type[Settings]) -> Settings:
    """The settings as a protocol's `kind`. Raises `UsageError` where one is missing, unknown or of a wrong type."""
    try:
        return msgspec.convert(content, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"deployment: {error}") from None


def address(text: str) -> str:
    """An address in lower case. Raises `UsageError` if it is none, or its capitals (EIP-55) say that it is misspelt."""
    if not _ADDRESS.fullmatch(text.lower()):
        raise UsageError(f"deployment: {text[:_SHOWN]!r} is no address; write it in quotes, 0x and 40 digits")
    if text[2:] not in {text[2:].lower(), text[2:].upper()}:
        # Imported here: who writes addresses in lower case need not wait for it.
        from web3 import Web3  # noqa: PLC0415 - see above

        if not Web3.is_checksum_address(text):
            raise UsageError(f"deployment: {text} is misspelt: its capitals do not fit its digits (EIP-55)")
    return text.lower()


def companions_of(given: Mapping[str, tuple[str, ...]], roles: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Addresses of further contracts by role. Raises `UsageError` if a role is none of `roles`, or an address none."""
    for role in given:
        if role not in roles:
            raise UsageError(f"deployment.companions: no role {role[:_SHOWN]!r}; there are {', '.join(sorted(roles))}")
    return {role: tuple(map(address, each)) for role, each in given.items()}
