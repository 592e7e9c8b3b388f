"""Pages about a replay of Keep3r V2."""
