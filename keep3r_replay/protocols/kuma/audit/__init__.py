"""What an auditor wants of a replayed KUMA deployment: bonds and deadlines, late expiries, keepers, the ledger."""
