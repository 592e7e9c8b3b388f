"""How long the page of a lake's results takes, beside the replay that made them, and how large it is.

    python -m benchmarks.report LAKE

The target: the report of 56,000 works in less than ten seconds and ten megabytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SECONDS = 10
_BYTES = 10_000_000


def main() -> int:
    """Measure and print; 1 if the target is missed."""
    if len(sys.argv) != 2:
        print("usage: python -m benchmarks.report LAKE")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        results, page = f"results={folder}/results", Path(folder, "report.html")
        replay = _seconds("replay", f"lake={sys.argv[1]}", results, "ledger=true")
        report = _seconds("report", results, f"report={page}")
        size = page.stat().st_size
    print(f"replay with the ledger    {replay:8.2f} s")
    print(f"report                    {report:8.2f} s   {report / replay:.1f} times as long; at most {_SECONDS} s")
    print(f"page                      {size / 1e6:8.2f} MB")
    return 0 if report < _SECONDS and size < _BYTES else 1


def _seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pipelines.cli", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
