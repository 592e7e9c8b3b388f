"""The names of the tests' files."""

from __future__ import annotations

from collections import Counter

from histories import ROOT


def test_no_two_test_files_have_one_name():
    """The runner imports each by its name alone: of two, it would refuse one."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
