"""Re-execute a Keep3r history from its event log, and prove every credit and every payment to the wei."""

__version__ = "0.1.0"
