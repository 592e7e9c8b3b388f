"""Parts of a line of `views.jsonl.gz` that every protocol's recordings have: objects, and what a view answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.dataset.values import value_text

if TYPE_CHECKING:
    from collections.abc import Iterator


def answer(place: str, value: object) -> tuple[str | None, str | None]:
    """What came back as text of a value and name of a revert, `{"revert": DATA, "name": NAME}`; one of them is None.

    Raises:
        ValueError: it is neither; the text begins with `place`.
    """
    if isinstance(value, dict):
        name = value.get("name")
        if not isinstance(name, str) or "revert" not in value:
            raise ValueError(f"{place}: a revert needs its data and its name")
        return None, name
    try:
        return value_text(value), None
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def items(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Names and values of an object. Raises `ValueError` for anything else."""
    if not isinstance(value, dict):
        raise ValueError(f"{place} is no object")
    yield from value.items()
