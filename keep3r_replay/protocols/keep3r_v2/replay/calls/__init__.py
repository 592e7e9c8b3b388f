"""Handlers of events, by subject."""
