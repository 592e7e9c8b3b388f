"""Recorded histories of KUMA: their meta.json and their readings."""
