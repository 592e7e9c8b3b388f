"""Single changes of every kind to recorded histories, and whether the audit finds each at its place."""
