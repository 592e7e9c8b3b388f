"""Recorded histories of Keep3r V1 as lakes."""
