"""The audit of a replay: readings against the model, classes of works, findings, results."""
