"""Recordings of a history as JSON lines, and their import into a lake."""
