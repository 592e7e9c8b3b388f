"""What may become of a change: found in its place, after it, before it, not at all; or refused by the import."""

AT_PLACE, LATE, EARLY, MISSED, REFUSED = "at its place", "late", "before it", "missed", "refused"
