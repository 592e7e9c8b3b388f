"""The lowest versions that pyproject.toml allows, as constraints for pip; with --check, whether they are installed."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
BOUND = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)")


def lowest() -> dict[str, str]:
    """The lowest version of each package that the core, or an extra that the tests need, declares."""
    optional = PROJECT["optional-dependencies"]
    groups = [PROJECT["dependencies"], *(group for name, group in optional.items() if name not in {"dev", "benchmark"})]
    return {found[1]: found[2] for group in groups for each in group if (found := BOUND.match(each))}


def main() -> int:
    """Print the constraints; or name what is installed in another version, and return 1 for it."""
    if "--check" not in sys.argv:
        print("\n".join(f"{name}=={number}" for name, number in lowest().items()))
        return 0
    strange = {name: version(name) for name, number in lowest().items() if not same(version(name), number)}
    print("\n".join(f"{name} is {number}, not the lowest" for name, number in strange.items()), end="")
    return 1 if strange else 0


def same(one: str, other: str) -> bool:
    """Whether two versions are one: 3.0 is 3.0.0."""
    plain = [re.sub(r"(\.0)+$", "", each) for each in (one, other)]
    return plain[0] == plain[1]


if __name__ == "__main__":
    sys.exit(main())
