"""`meta.json` of a KUMA recording: which contracts there are, of which version and category."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import InputError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.lake.deployment import Contract, Deployment
from keep3r_replay.protocols.kuma.contract.versions import RULES
from keep3r_replay.protocols.kuma.recording.readings import ReadingRows
from keep3r_replay.recording.deployment import deployment_recorded
from keep3r_replay.recording.files import REMEDY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from keep3r_replay.lake.schemas import Reading

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD = 32

SHARED = {
    "addressProvider": "address_provider",
    "accessController": "access_controller",
    "mcagAccessController": "mcag_access_controller",
    "blacklist": "blacklist",
    "KUMABondToken": "kuma_bond_token",
    "KBCToken": "kbc_token",
    "rateFeed": "rate_feed",
    "stableCoin": "stable_coin",
}
"""Contracts of which there is one: name in meta.json -> role."""
OF_CATEGORY = {
    "KIBToken": "kib_token",
    "KUMASwap": "kuma_swap",
    "feeCollector": "fee_collector",
    "aggregator": "mcag_aggregator",
}
"""Contracts of each category."""
VERSIONED = frozenset({"kuma_bond_token", "kib_token", "rate_feed", "address_provider"})
"""Roles whose events differ between the versions."""


def text_word(text: str, size: int) -> str:
    """A short text as bytesN in hexadecimal: left-aligned, filled with zeros."""
    return "0x" + text.encode().ljust(size, b"\0").hex()


def risk_category(currency_word: str, country_word: str, term: int) -> str:
    """keccak256 of what tells a category apart, each ABI-encoded to a word."""
    words = [bytes.fromhex(word[2:]).ljust(_WORD, b"\0") for word in (currency_word, country_word)]
    return "0x" + keccak256(b"".join(words) + term.to_bytes(_WORD, "big")).hex()


class KumaRecordings:
    """See `replay.rooms.Recordings`."""

    def deployment(self, path: Path, meta: Mapping[str, Any], logs: Any) -> Deployment:
        """What the recording is of. Raises `InputError` where `meta.json` lacks a part, or a part is wrong."""
        del logs
        try:
            return self._deployment(path, meta)
        except KeyError as error:
            raise InputError(path, f"{error.args[0]!r} is missing", remedy=REMEDY) from None
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(path, f"wrong type: {error}", remedy=REMEDY) from None

    def _deployment(self, path: Path, meta: Mapping[str, Any]) -> Deployment:
        version = meta["version"]
        if version not in RULES:
            known = ", ".join(RULES)
            raise InputError(path, f"unknown version {version!r}", place="version", remedy=f"known are {known}")
        contracts = []
        for name, role in SHARED.items():
            facts = {"from_block": 0} if role == "kuma_bond_token" else {}
            contracts.append(self._contract(path, meta[name], role, version, facts))
        initial: dict[str, dict[str, str]] = {}
        parameters = meta["initialParameters"]
        for category in meta["categories"]:
            facts = self._category(path, category, version)
            contracts += [
                self._contract(path, category[name], role, version, facts) for name, role in OF_CATEGORY.items()
            ]
            initial[category["KUMASwap"].lower()] = {
                "getVariableFee": str(int(parameters["variableFee"])),
                "getFixedFee": str(int(parameters["fixedFee"])),
            }
        named, tokens = (meta["name"], meta["chainId"]), {"stable_coin": meta["stableCoin"].lower()}
        return deployment_recorded(path, named, tokens, contracts, initial, int(meta["deploymentBlock"]))

    @staticmethod
    def _contract(path: Path, address: str, role: str, version: str, facts: dict[str, Any]) -> Contract:
        if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
            raise InputError(path, f"{str(address)[:80]!r} is no address", place=role, remedy=REMEDY)
        return Contract(role, address.lower(), version if role in VERSIONED else "", dict(facts))

    @staticmethod
    def _category(path: Path, category: Mapping[str, Any], version: str) -> dict[str, Any]:
        size = _WORD if RULES[version].issuer else 4
        currency, country = text_word(category["currency"], 4), text_word(category["country"], size)
        facts = {
            "risk_category": risk_category(currency, country, category["term"]),
            "currency": category["currency"],
            "country": category["country"],
            "currency_word": currency,
            "country_word": country,
            "term": category["term"],
        }
        if facts["risk_category"] != category["riskCategory"].lower():
            place = f"categories.{category['country']}"
            raise InputError(
                path, "riskCategory is not the hash of currency, country and term", place=place, remedy=REMEDY
            )
        return facts

    def readings(self, meta: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Iterable[Sequence[Reading]]]:
        """What turns a line into rows."""
        return ReadingRows(meta).parts
