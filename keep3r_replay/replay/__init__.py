"""The replay engine: events in chain order to a protocol's handlers, readings between blocks. Knows no protocol."""
