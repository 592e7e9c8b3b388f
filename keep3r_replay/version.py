"""The package's version, which results carry."""

__version__ = "0.1.0"
