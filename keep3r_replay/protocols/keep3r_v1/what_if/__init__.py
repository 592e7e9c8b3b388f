"""Keep3r V1 with changed inputs: other helpers, feeds, bonds, times, oracles."""
