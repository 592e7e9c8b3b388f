"""What an audit of Keep3r V2 makes of a replay: classes of works, ledger, expiry, explanations."""
