"""Uniswap V3: tick mathematics and the pool's oracle, rebuilt from its logs."""
