"""Recordings of Keep3r V2: their meta.json and their readings."""
