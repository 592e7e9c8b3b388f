"""Two halves of a start at the same time: the settings are composed in one process while another loads what runs.

Hydra takes a quarter of a second to load and to compose, numpy, Arrow and the engine take another; one interpreter
does one after the other. Where the system can fork, the settings are composed in a child that hands them over.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Made = TypeVar("Made")

_WITH_THREADS = ("numpy", "polars", "pyarrow", "duckdb")
"""Libraries that may have started threads of their own, which a fork would leave without."""


def made_beside(make: Callable[[], Made], modules: Sequence[str]) -> Made:
    """Return what `make` returns, made by a forked child while modules are imported here.

    The child only ever delivers success: if it fails in any way, or where a fork is not safe, `make` runs here after
    all, and raises what it raises.

    Args:
        make: makes something that can be pickled, and prints nothing.
        modules: their names.
    """
    if not hasattr(os, "fork") or threading.active_count() > 1 or any(name in sys.modules for name in _WITH_THREADS):
        return make()
    outlet, inlet = os.pipe()
    try:
        child = os.fork()
    except OSError:
        # No more processes are allowed here.
        os.close(outlet)
        os.close(inlet)
        return make()
    if child == 0:
        _deliver(make, inlet)
    os.close(inlet)
    with os.fdopen(outlet, "rb") as pipe:
        for module in modules:
            importlib.import_module(module)
        content = pipe.read()
    os.waitpid(child, 0)
    if not content:
        return make()
    made: Made = pickle.loads(content)  # noqa: S301 - our own child wrote it a moment ago
    return made


def _deliver(make: Callable[[], object], inlet: int) -> None:
    """In the child: make it, write it, and end without what ends a process in order; that is the parent's."""
    try:
        content = pickle.dumps(make())
        with os.fdopen(inlet, "wb") as pipe:
            pipe.write(content)
    finally:
        os._exit(0)
