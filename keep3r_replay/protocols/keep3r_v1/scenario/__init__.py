"""Scripted histories of Keep3r V1."""
