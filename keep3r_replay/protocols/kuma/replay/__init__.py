"""From logs and transactions to calls, and from calls to the logs they must have left."""
