"""What lies among the files of a table in parts, and was not written there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

NO_PART = "lies among the parts of a table, and is none: whoever reads the table would read it; move it away"


def strange_parts(folder: Path, written: Collection[str]) -> list[str]:
    """The names of what lies in the folder of a table and is none of its parts, sorted; what is hidden does not count.

    Args:
        folder: that holds the tables.
        written: the files that were written there.
    """
    divided = {name.partition("/")[0] for name in written if ".parquet/" in name}
    found = [each for name in divided if (folder / name).is_dir() for each in (folder / name).iterdir()]
    names = (each.relative_to(folder).as_posix() for each in found if not each.name.startswith("."))
    return sorted(name for name in names if name not in written)
