"""Completion in a shell: `eval "$(keep3r -sc install=bash)"`, of subcommands, settings and choices."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_LINE = "COMP_LINE"
"""What the shell's own completion says of the line that is typed."""


def subcommand_typed(subcommands: Collection[str]) -> str | None:
    """The subcommand of the line that is to be completed, which is taken out of it: Hydra knows none. None: not yet."""
    program, _, rest = os.environ.get(_LINE, "").partition(" ")
    name, space, settings = rest.lstrip().partition(" ")
    if not space or name not in subcommands:
        return None
    os.environ[_LINE] = f"{program} {settings}"
    return name


def complete(asked: list[str], subcommands: Collection[str]) -> str | None:
    """Answer Hydra's flag for completion before a subcommand; return whose settings are to be completed, if any.

    Installing is the same for all: any subcommand's will do.
    """
    if not any(each.startswith("query=") for each in asked):
        return next(iter(subcommands))
    name = subcommand_typed(subcommands)
    if name is None:
        print(" ".join(subcommands))
    return name
