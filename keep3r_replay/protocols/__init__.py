"""Protocols: one folder each, which holds everything that knows it."""
