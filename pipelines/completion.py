"""Completion in a shell: `eval "$(keep3r -sc install=bash)"`, of subcommands, settings and choices."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_LINE = "COMP_LINE"
"""What the shell's own completion says of the line that is typed."""


def complete(asked: list[str], subcommands: Collection[str]) -> str | None:
    """Answer Hydra's flag for completion before a subcommand; return whose settings are to be completed, if any.

    Installing is the same for all: any subcommand's will do.
    """
    if not any(each.startswith("query=") for each in asked):
        return next(iter(subcommands))
    program, _, rest = os.environ.get(_LINE, "").partition(" ")
    name, space, settings = rest.lstrip().partition(" ")
    if not space or name not in subcommands:
        print(" ".join(subcommands))
        return None
    os.environ[_LINE] = f"{program} {settings}"  # Hydra knows no subcommands
    return name
