"""In a checkout this package is the repository's folder `data`; a wheel has that folder's files here instead."""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[2] / "data")]
