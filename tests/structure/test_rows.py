"""Rows have names: no program reads a column by its number, or makes a row that says nothing of its columns."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest
from histories import ROOT

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.tables import Amount, Hundredths, UInt32, frame, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = frozenset({"row", "rows", "record", "entry", "payment", "work", "finding"})
"""What rows are called."""
LARGEST = 4
"""Values of a plain tuple at most: larger ones are rows."""
TEXT = ("report", "statements")
"""Folders whose tables are cells of text for a page or a terminal."""
SOURCES = [path for folder in ("keep3r_replay", "pipelines") for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _by_number(path: Path) -> Iterator[str]:
    """Columns of rows that are asked by their number."""
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            continue
        of = node.value
        if isinstance(of, ast.Subscript) and isinstance(of.value, ast.Name) and of.value.id == "rows":
            of = of.value
        elif isinstance(of, ast.Name) and of.id == "rows":
            continue
        if isinstance(of, ast.Name) and of.id in ROWS and isinstance(node.slice.value, int):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"


def _values_by_number(path: Path) -> Iterator[str]:
    """Values of decoded events (`log.values[2]`) that are asked by their number."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            of = node.value
            if isinstance(of, ast.Attribute) and of.attr == "values":
                yield f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"


def _made(tree: ast.AST) -> Iterator[ast.expr | None]:
    """What is returned, yielded, appended, or stands in a list that is made of something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Return | ast.Yield):
            yield node.value
        elif isinstance(node, ast.ListComp | ast.GeneratorExp):
            yield node.elt
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            yield node.args[0]


def _unnamed(path: Path) -> Iterator[str]:
    """Rows that are plain tuples."""
    for made in _made(_tree(path)):
        if isinstance(made, ast.Tuple) and len(made.elts) > LARGEST:
            yield f"{path.relative_to(ROOT)}:{made.lineno} {ast.unparse(made)[:80]}"


@pytest.mark.slow
def test_no_column_is_asked_by_its_number():
    """Each has a name where it is read."""
    assert [each for path in SOURCES for each in _by_number(path)] == []


@pytest.mark.slow
def test_no_value_of_an_event_is_asked_by_its_number():
    """A replay asks a decoded event by its columns; what one answer of a view holds has no name."""
    replays = [path for path in SOURCES if {"replay", "audit", "what_if"} & {*path.relative_to(ROOT).parts}]
    assert [each for path in replays for each in _values_by_number(path)] == []


@pytest.mark.slow
def test_no_row_is_a_plain_tuple():
    """What holds more than four values is of a named type, but for the cells of a page."""
    data = [path for path in SOURCES if not {*TEXT} & {*path.relative_to(ROOT).parts}]
    assert [each for path in data for each in _unnamed(path)] == []


def test_annotations_of_a_row_are_its_tables_columns():
    """A word of the language loses its underscore, what may be None is null, hundredths are exact to the last digit."""

    class Row(NamedTuple):
        block_number: UInt32
        class_: str
        wei: Amount | None
        per_mille: Hundredths

    made = frame(Row, [Row(1, "a", 10**38 - 1, -5), Row(2, "b", None, 10**35 + 1)])
    assert made.schema == schema_of(Row)
    assert made.columns == ["block_number", "class", "wei", "per_mille"]
    assert [str(each) for each in made["per_mille"]] == ["-0.05", f"{10**33}.01"]
    assert made["wei"].to_list() == [10**38 - 1, None]
    assert frame(Row, []).schema == made.schema
    with pytest.raises(UsageError, match="wei: an amount has more than 38 digits"):
        frame(Row, [Row(1, "a", 10**38, 0)])
