"""What an audit of Keep3r V1 makes of a replay: classes, tables, findings, the ledger."""
