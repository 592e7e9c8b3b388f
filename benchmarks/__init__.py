"""Benchmarks: each is run by `python -m benchmarks.NAME` and prints one table."""
