"""What docstrings must say."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from histories import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TELLS = re.compile(r"[Rr]aise|[Rr]efuse|[Rr]evert")


def public_functions(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Yield the public functions of a file, and the public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def raises(function: ast.FunctionDef) -> bool:
    """Say whether a function makes an error itself."""
    return any(isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) for node in ast.walk(function))


@pytest.mark.slow
def test_errors_are_told() -> None:
    """Every public function that makes an error says so in its docstring."""
    silent = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for package in ("keep3r_replay", "pipelines")
        for path in sorted((ROOT / package).rglob("*.py"))
        for function in public_functions(ast.parse(path.read_text()))
        if raises(function) and not TELLS.search(ast.get_docstring(function) or "")
    ]
    assert silent == []
