"""Names of changes, checked the same way for every protocol."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def check_names(overlay: Iterable[str], known: Collection[str]) -> None:
    """Refuse an overlay that names an unknown change; the text tells the nearest known name, or all of them.

    Raises:
        UsageError: a name is not among `known`.
    """
    for name in sorted(map(str, overlay)):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"overlay.{name[:60]}: no such change; {hint}")
