"""How the events of a transaction become calls: one handler an event, which runs the call in the model and compares."""
