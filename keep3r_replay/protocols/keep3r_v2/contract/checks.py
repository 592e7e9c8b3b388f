"""What becomes of a check of the contract that fails: two policies, one for whoever predicts, one for whoever follows.

`Strict` reverts, as the contract does: what-ifs and scenarios. `Noting` writes the error down and goes on: an audit,
which has the chain's word that the call succeeded, and makes a finding of each.
"""

from __future__ import annotations

from typing import Protocol

from keep3r_replay.evm.arithmetic import Revert


class Checks(Protocol):
    """A policy."""

    def fail(self, error: str) -> None:
        """A check failed with the contract's `error`; returns where the call goes on all the same."""


class Strict:
    """A failing check reverts the call."""

    __slots__ = ()

    def fail(self, error: str) -> None:
        """Raises `Revert`."""
        raise Revert(error)


class Noting:
    """A failing check is noted in `failed`, and the call goes on."""

    __slots__ = ("failed",)

    def __init__(self) -> None:
        self.failed: list[str] = []

    def fail(self, error: str) -> None:
        """Write the error down."""
        self.failed.append(error)

    def take(self) -> list[str]:
        """The errors noted since the last time, which are forgotten."""
        taken, self.failed = self.failed, []
        return taken
