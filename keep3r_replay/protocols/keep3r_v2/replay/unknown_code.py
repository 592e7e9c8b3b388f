"""Contracts whose code no known version has: named at replay, so that what they priced accuses nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.journal import NOTICE, Finding
from keep3r_replay.protocols.keep3r_v2.contract.versions import BY_VIEWS
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import ASSUMED, GUESSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.lake.deployment import Deployment


def unknown_codes(deployment: Deployment) -> Mapping[str, str]:
    """Keep3r contracts and helpers of unknown code, by address: `ASSUMED`, or `GUESSED` where views suggest a version.

    Fact `unknown_code` of a contract is the hash that no known version has, as extraction found it.
    """
    return {
        contract.address: GUESSED if contract.facts.get(BY_VIEWS) else ASSUMED
        for contract in deployment.contracts
        if contract.facts.get("unknown_code")
    }


def unknown_code_findings(deployment: Deployment, keep3r: str) -> list[Finding]:
    """A notice for every helper of unknown code, and for Keep3r if its is, at the contract's first block."""
    codes = unknown_codes(deployment)
    return [
        Finding(
            "unknown_code",
            NOTICE,
            int(contract.facts.get("from_block", 0)),
            None,
            contract.address,
            contract.role,
            "the code of a known version",
            str(contract.facts["unknown_code"]),
            None,
            f"version {contract.version} is "
            + ("what its views suggest" if codes[contract.address] == GUESSED else "what the configuration says")
            + "; payments that it does not explain are undetermined",
        )
        for contract in deployment.contracts
        if contract.address in codes and (contract.role != "keep3r" or contract.address == keep3r)
    ]
