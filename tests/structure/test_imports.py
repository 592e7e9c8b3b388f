"""The structure of the source: which files may import which, and how long they may be."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.util import resolve_name
from typing import TYPE_CHECKING

import pytest
from histories import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PACKAGES = ("keep3r_replay", "pipelines", "conf", "data", "benchmarks")
LONGEST = 300
PROTOCOLS = "keep3r_replay.protocols"
FACE = (
    "keep3r_replay",
    "keep3r_replay.api",
    "keep3r_replay.api_what_if",
    "keep3r_replay.answers",
    "keep3r_replay.replaying_on",
    "keep3r_replay.__main__",
)
"""The public face: these, the pipelines and the protocols themselves may know protocols by name."""
ENTRIES = {"keep3r_replay.__main__", "keep3r_replay.pipelines"}
"""What begins a command, and so lies above everything."""
LAYERS = (
    ("evm", "errors", "counts", "version", "extras", "conf", "data"),
    ("chain", "lake", "journal", "collector", "uniswap_v3", "uniswap_v2", "chainlink"),
    ("replay", "sidechain_oracle"),
    ("report", "warehouse", "what_if", "scenario", "recording", "dataset", "proof"),
    ("protocols",),
    ("api", "api_what_if", "answers", "replaying_on", "__init__"),
)
"""Rooms of the package from the bottom up; the second layer's know nothing of each other."""
VERSIONS = "keep3r_replay.protocols.keep3r_v2.contract.versions"
JSON_RPC = "keep3r_replay.chain.rpc"
"""JSON-RPC is of a version 2.0 as well."""
VERSION = re.compile(r"2\.[0-3](_first|s)?")


def module_of(path: Path) -> str:
    """Return a file's name as imports write it."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return the whole syntax of a file."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def sources() -> dict[str, Path]:
    """Return every Python file of the project but the tests, by its module's name."""
    return {module_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imports_of(module: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules that a file imports anywhere in it, under `TYPE_CHECKING` too."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            base = resolve_name("." * node.level + (node.module or ""), package)
            names = [whole if (whole := f"{base}.{each.name}") in known else base for each in node.names]
        else:
            continue
        yield from (name for name in names if name in known and name != module)


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Return what every module imports of the project."""
    known = sources()
    return {module: set(imports_of(module, path, known)) for module, path in known.items()}


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, by Tarjan's algorithm."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(graph):
        if module not in order:
            visit(module)
    return found


def test_circles_are_found() -> None:
    """The search itself finds a circle of three, and nothing where there is none."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_no_two_files_import_each_other(graph: dict[str, set[str]]) -> None:
    """There is no circle of imports, neither at run time nor for the type checker."""
    assert {module for group in circles(graph) for module in group} == set()


def test_what_knows_no_protocol_imports_none(graph: dict[str, set[str]]) -> None:
    """Only protocols, pipelines and the public face import anything of `protocols/`."""
    guilty = {
        module
        for module, imported in graph.items()
        if module.startswith("keep3r_replay.")
        and module not in FACE
        and not f"{module}.".startswith(f"{PROTOCOLS}.")
        and any(f"{each}.".startswith(f"{PROTOCOLS}.") for each in imported)
    }
    assert guilty == set()


def room_of(module: str) -> str:
    """Return the room that a module of the package lies in."""
    return module.split(".")[1] if "." in module else "__init__"


def test_imports_point_down(graph: dict[str, set[str]]) -> None:
    """Every module of the package lies in a room, and imports none of a room above it, nor of one beside its own."""
    height = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
    package = {module for module in graph if module.split(".")[0] == "keep3r_replay"} - ENTRIES
    assert {room_of(module) for module in package} == set(height)
    for module in package:
        own = room_of(module)
        for other in map(room_of, graph[module] & package):
            assert height[other] <= height[own], f"{module} imports {other}"
            assert other == own or height[other] != height["chain"] or height[own] > height["chain"], module


def test_protocols_are_asked_for_by_their_names(graph: dict[str, set[str]]) -> None:
    """Pipelines and the public face import the registry alone: what a protocol offers, they ask of it."""
    for module, imported in graph.items():
        if module in FACE or module.startswith("pipelines."):
            named = {each for each in imported if f"{each}.".startswith(f"{PROTOCOLS}.")}
            assert named <= {f"{PROTOCOLS}.registry"}, module


def test_no_protocol_imports_another(graph: dict[str, set[str]]) -> None:
    """A protocol's folder knows no other, but by its name in a lake: what two need stands outside of `protocols/`."""
    for module, imported in graph.items():
        if module.startswith(f"{PROTOCOLS}.") and module.count(".") > 2:
            own = ".".join(module.split(".")[:3])
            foreign = {each for each in imported if f"{each}.".startswith(f"{PROTOCOLS}.")}
            others = {each for each in foreign if not f"{each}.".startswith(f"{own}.")}
            assert others <= {f"{PROTOCOLS}.registry"}, module


def test_no_file_is_too_long() -> None:
    """No file of the source or of the tests is longer than 300 lines."""
    files = [*sources().values(), *sorted((ROOT / "tests").rglob("*.py"))]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name for name, length in lengths.items() if length > LONGEST} == set()


def test_versions_are_named_in_one_file() -> None:
    """No version of Keep3r V2 is written in any file of the source but that of the version rules."""
    named = {
        module
        for module, path in sources().items()
        if module.startswith(("keep3r_replay", "pipelines")) and module not in {VERSIONS, JSON_RPC}
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and VERSION.fullmatch(node.value)
    }
    assert named == set()
