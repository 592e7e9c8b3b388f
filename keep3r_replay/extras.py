"""Extras of the package: what only some commands need, and only who asked for it at installation has."""

from __future__ import annotations

from importlib.util import find_spec

from keep3r_replay.errors import UsageError

CHARTS = ("charts", "vl_convert")
SWEEPS = ("sweeps", "dask", "distributed")


def lacks(extra: tuple[str, ...]) -> bool:
    """Whether a package of an extra (its name, then its packages) is not installed."""
    return any(find_spec(package) is None for package in extra[1:])


def need(extra: tuple[str, ...], what: str) -> None:
    """Go on only with an extra.

    Args:
        extra: its name, then its packages.
        what: the part of the command that asks for it, for the error.

    Raises:
        UsageError: it is not installed; the text says how to.
    """
    if lacks(extra):
        raise UsageError(f"{what} needs an extra: pip install 'keep3r-replay[{extra[0]}]'")
