"""Execute the notebooks of this folder and keep their outputs: `python -m examples.execute`.

What tells of the machine (times, versions, counters of the kernel's) is left out, so that the same code gives the same
file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent


def executed(path: Path, folder: Path) -> Any:
    """The notebook at `path` with the outputs that its cells give in `folder`. Raises what a cell raises."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, kernel_name="python3", record_timing=False, resources={"metadata": {"path": folder}}
    ).execute()
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    return notebook


def main() -> int:
    """Execute every notebook and write it in its place."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        nbformat.write(executed(path, FOLDER), path)
        print(f"executed {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
