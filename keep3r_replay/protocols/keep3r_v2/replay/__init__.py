"""Keep3r V2 under replay: calls inferred from events, and their effects compared with what was emitted."""
