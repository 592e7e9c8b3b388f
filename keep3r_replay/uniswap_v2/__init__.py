"""Uniswap V2 pairs, rebuilt from their logs."""
