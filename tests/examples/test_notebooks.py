"""The notebooks of examples/ run, and show what they gave when they were last executed."""

from __future__ import annotations

import nbformat
import pytest
from histories import ROOT

from examples.execute import executed

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def shown(notebook):
    """What each code cell gives, as text."""
    return [
        [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_gives_what_it_shows(path, tmp_path):
    """Executed anew, in another folder, every cell gives the same; `python -m examples.execute` writes them anew."""
    assert shown(executed(path, tmp_path)) == shown(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_tells_nothing_of_the_machine(path):
    """No path of a file, no time, no version stands in it; each code cell has an output or binds a name."""
    text = path.read_text()
    assert str(ROOT) not in text
    assert not any(word in text for word in ("/home/", "/tmp/", "/root/", 'execution":', '"version":'))
    assert all(cell.outputs for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
