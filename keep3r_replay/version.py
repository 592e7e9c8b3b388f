"""The version of this code, which results name."""

__version__ = "0.1.0"
