"""What would have happened: the model replayed with some inputs changed, and compared with what did happen."""
