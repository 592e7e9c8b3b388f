"""The lake: schemas, atomic writer, coverage manifest and reader of a dataset on disk."""
