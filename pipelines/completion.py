"""Completion in a shell: `eval "$(keep3r -sc install=bash)"`, of subcommands, settings and choices."""

from __future__ import annotations

import dataclasses
import os
import typing
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_LINE = "COMP_LINE"
"""What the shell's own completion says of the line that is typed."""


def words_typed(asked: Sequence[str]) -> list[str]:
    """The words of the line that a shell wants completed; none where it asks for nothing of the kind."""
    return os.environ.get(_LINE, "").split() if _is_query(asked) else []


def values_typed(asked: Sequence[str], schema: type[Any]) -> list[str] | None:
    """The values that the last word of the line may have: `format=` of its choices, `ledger=` of true and false.

    None: nothing is asked, or the word names no setting with choices of its own: what to offer is Hydra's to say then.
    """
    name, equals, begun = os.environ.get(_LINE, "").rpartition(" ")[2].partition("=")
    fields: dict[str, Any] = {field.name: field for field in dataclasses.fields(schema)}
    if not (_is_query(asked) and equals and name in fields):
        return None
    choices = [*fields[name].metadata.get("choices", ())]
    hint = typing.get_type_hints(schema)[name]
    if hint is bool:
        choices = ["false", "true"]
    elif isinstance(hint, type) and issubclass(hint, Enum):
        choices = [each.name for each in hint]
    return [f"{name}={each}" for each in choices if each.startswith(begun)] if choices else None


def _is_query(asked: Sequence[str]) -> bool:
    return any(each.startswith("query=") for each in asked)


def complete(asked: list[str], subcommands: Collection[str]) -> str | None:
    """Answer Hydra's flag for completion before a subcommand; return whose settings are to be completed, if any.

    Installing is the same for all: any subcommand's will do.
    """
    if not _is_query(asked):
        return next(iter(subcommands))
    program, _, rest = os.environ.get(_LINE, "").partition(" ")
    name, space, settings = rest.lstrip().partition(" ")
    if not space or name not in subcommands:
        print(" ".join(subcommands))
        return None
    os.environ[_LINE] = f"{program} {settings}"  # Hydra knows no subcommands
    return name
