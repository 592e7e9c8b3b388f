"""Chainlink feeds, rebuilt from their aggregators' logs."""
