"""Where Keep3r stores its parameters, as far as a build of its contracts at hand shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.extract.expected import CODES
from keep3r_replay.replay.anatomy import Anatomy, Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGE: Mapping[str, Cell] = {
    "keepers": Cell(3, "address[]"),
    "jobs": Cell(21, "address[]"),
    "governance": Cell(23, "address"),
    "pendingGovernance": Cell(24, "address"),
    "keep3rV1": Cell(27, "address"),
    "keep3rV1Proxy": Cell(28, "address"),
    "keep3rHelper": Cell(29, "address"),
    "kp3rWethPool": Cell(30, "address"),
    "bondTime": Cell(31),
    "unbondTime": Cell(32),
    "liquidityMinimum": Cell(33),
    "rewardPeriodTime": Cell(34),
    "inflationPeriod": Cell(35),
    "fee": Cell(36),
    "approvedLiquidities": Cell(38, "address[]"),
}
"""Keep3r as the package of the contracts' own repository builds it: read off a local chain, held against views."""

ANATOMY = Anatomy(CODES, {"406a4594": _PACKAGE})
"""Layouts go with code, not with versions: other builds' have not been read."""
