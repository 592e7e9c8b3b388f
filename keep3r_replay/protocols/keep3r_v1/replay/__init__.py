"""Calls of Keep3r V1 inferred from logs and inputs, run through the model, and compared."""
