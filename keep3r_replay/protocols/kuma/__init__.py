"""KUMA: interest-bearing tokens backed by bonds, v1 and v1.1."""
