"""The Keep3r V1 contract, its helpers and its oracles, as plain integers."""
