"""SQL over the counts of a toy."""
