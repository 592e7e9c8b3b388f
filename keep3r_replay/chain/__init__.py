"""What a node says over JSON-RPC: client, log and block fetching, and its JSON as columns."""
