"""What a person reads of results."""
