"""Why logs cannot tell a change at its place: kinds by pattern, first match."""

from __future__ import annotations

import re

REASONS: tuple[tuple[str, str], ...] = ()


def reason(kind: str) -> str:
    """Why a change of this kind may be missed, or found late; empty if nothing excuses it."""
    return next((why for pattern, why in REASONS if re.search(pattern, kind)), "")
