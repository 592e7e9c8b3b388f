"""What governance sets without a log: the helper, and who governs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def set_keep3r_helper(kp3r: Keep3rV1, sender: str, helper: str) -> None:
    """`setKeep3rHelper`: limits are the new helper's from here on."""
    # CHECKS
    kp3r.require_governance(sender, "setKeep3rHelper")
    # EFFECTS
    kp3r.parameters.helper = helper


def set_governance(kp3r: Keep3rV1, sender: str, governance: str) -> None:
    """`setGovernance`: the successor has to accept."""
    # CHECKS
    kp3r.require_governance(sender, "setGovernance")
    # EFFECTS
    kp3r.parameters.pending_governance = governance


def accept_governance(kp3r: Keep3rV1, sender: str) -> None:
    """`acceptGovernance` by the successor, which stays pending as well."""
    # CHECKS
    kp3r.require(sender == kp3r.parameters.pending_governance, "acceptGovernance: !pendingGov")
    # EFFECTS
    kp3r.parameters.governance = kp3r.parameters.pending_governance
