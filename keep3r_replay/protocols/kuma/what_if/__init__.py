"""KUMA's history run again with something changed."""
