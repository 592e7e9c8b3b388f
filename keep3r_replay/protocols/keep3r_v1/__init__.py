"""Keep3r V1: the KP3R token, its jobs and keepers, and the helpers that price their work."""
