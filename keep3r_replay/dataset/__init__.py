"""One deployment as a dataset: which contracts, which events, and raw logs turned into typed tables."""
