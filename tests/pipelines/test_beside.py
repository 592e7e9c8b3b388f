from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.beside import made_beside

SCRIPT = """
import os
import sys
from pipelines.beside import made_beside

here = os.getpid()

def make():
    {body}

made = made_beside(make, ["wave"])
print(made == here, "wave" in sys.modules)
"""


def fresh(body: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a process of its own, which has loaded nothing yet."""
    script = SCRIPT.format(body=body)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)


def test_what_is_made_beside_comes_from_another_process() -> None:
    """In a fresh process the maker runs in a child, and the modules are loaded here."""
    done = fresh("return os.getpid()")
    assert done.stdout.split() == ["False", "True"], done.stderr


@pytest.mark.parametrize("failure", ["lambda: 0", "os._exit(1)", "1 / 0"])
def test_what_a_child_cannot_deliver_is_made_here(failure: str) -> None:
    """A child that makes what cannot be sent, dies or raises leaves the making to the parent, and says nothing."""
    done = fresh(f"return here if os.getpid() == here else {failure}")
    assert done.stdout.split() == ["True", "True"]
    assert done.stderr == ""


def test_without_room_for_a_process_all_is_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses a fork, the maker runs here and no descriptor stays open."""
    asked = []

    def refused() -> int:
        asked.append("fork")
        raise BlockingIOError

    monkeypatch.setattr("os.fork", refused)
    monkeypatch.setattr("pipelines.beside._WITH_THREADS", ())
    monkeypatch.setattr("threading.active_count", lambda: 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert made_beside(os.getpid, []) == os.getpid()
    assert asked == ["fork"]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_error_of_the_maker_is_raised_here() -> None:
    """What the maker raises reaches the caller as if there were no child, and is told once."""
    done = fresh("raise ValueError('no such setting')")
    assert done.returncode == 1
    assert done.stderr.count("ValueError: no such setting") == 1


def test_a_process_with_other_libraries_does_not_fork() -> None:
    """Where a library may have started threads, the maker runs in the process itself."""
    import numpy as np

    unsendable = made_beside(lambda: lambda: np.int64(7), [])
    assert unsendable() == 7
