"""The toy protocol among those that the package knows, for as long as a test needs it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path

from keep3r_replay import protocols


@contextmanager
def registered(monkeypatch):
    """The folder `toy` stands among the protocols, as if it had been put there; afterwards nothing of it is left."""
    monkeypatch.setattr(protocols, "__path__", [*protocols.__path__, str(Path(__file__).parent)])
    yield
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{protocols.__name__}.toy.")]:
        del sys.modules[name]
    if hasattr(protocols, "toy"):
        del protocols.toy
