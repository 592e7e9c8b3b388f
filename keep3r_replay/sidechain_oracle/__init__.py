"""The KP3R/WETH price of Optimism and Polygon: an oracle that mainnet feeds, late and in batches."""
