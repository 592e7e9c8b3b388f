"""A folder of history files as a teller: headers, bodies and receipts without any provider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keep3r_replay.errors import UsageError
from keep3r_replay.proof.e2store import HistoryFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.receipts import Receipt
    from keep3r_replay.proof.teller import Account

_NAME = re.compile(r"[\w-]*?-(\d{5})-[0-9a-f]{8}(?:-\w+)*\.(?:era1|erae|ere)", re.ASCII)
_BLOCKS_A_FILE = 8_192
_OPEN = 3


class HistoryFolder:
    """The files of one folder, found by the number in their names."""

    name = "the history files"

    def __init__(self, folder: Path) -> None:
        """Look for files in `folder`.

        Raises:
            UsageError: there is no such folder, or no history file in it.
        """
        if not folder.is_dir():
            raise UsageError(f"source={folder}: no such folder")
        self._paths: dict[int, list[Path]] = {}
        for path in sorted(folder.iterdir()):
            found = _NAME.fullmatch(path.name)
            if found and path.is_file():
                self._paths.setdefault(int(found[1]), []).append(path)
        if not self._paths:
            raise UsageError(f"source={folder}: holds no .era1 and no .ere file")
        self._files: dict[Path, HistoryFile] = {}

    @property
    def files(self) -> int:
        """How many files there are."""
        return sum(map(len, self._paths.values()))

    def _of(self, number: int) -> list[tuple[HistoryFile, int]]:
        """The files that hold a block, each with the block's place in it."""
        found = []
        for path in self._paths.get(number // _BLOCKS_A_FILE, []):
            if path not in self._files:
                while len(self._files) >= _OPEN:
                    del self._files[next(iter(self._files))]
                self._files[path] = HistoryFile(path)
            file = self._files[path]
            if file.first <= number < file.first + file.count:
                found.append((file, number - file.first))
        return found

    def headers(self, first: int, last: int) -> list[Header | None]:
        """The headers of a closed range."""
        return [self.head(number) for number in range(first, last + 1)]

    def head(self, number: int) -> Header | None:
        """The header of a block by its number."""
        return next((file.header(place) for file, place in self._of(number)), None)

    def header_of_hash(self, block_hash: bytes) -> Header | None:
        """The header of a block by its hash, looked for from the newest file on; a long search for an old one."""
        for era in sorted(self._paths, reverse=True):
            for number in range((era + 1) * _BLOCKS_A_FILE - 1, era * _BLOCKS_A_FILE - 1, -1):
                header = self.head(number)
                if header is not None and header.hash == block_hash:
                    return header
        return None

    def receipts(self, headers: Sequence[Header]) -> list[list[Receipt] | None]:
        """The receipts of some blocks; slim ones have no blooms, which their logs give."""
        return [self._receipts(header.number) for header in headers]

    def _receipts(self, number: int) -> list[Receipt] | None:
        told = (file.receipts(place) for file, place in self._of(number))
        return next((each for each in told if each is not None), None)

    def transactions(self, headers: Sequence[Header]) -> list[list[bytes] | None]:
        """The raw transactions of some blocks."""
        return [self._transactions(header.number) for header in headers]

    def _transactions(self, number: int) -> list[bytes] | None:
        told = (file.transactions(place) for file, place in self._of(number))
        return next((each for each in told if each is not None), None)

    def account(self, header: Header, address: bytes, slots: Sequence[int]) -> Account | None:
        """None: history files hold no state."""
        del header, address, slots
        return None

    def code(self, header: Header, address: bytes) -> bytes | None:
        """None: history files hold no state."""
        del header, address
        return None
