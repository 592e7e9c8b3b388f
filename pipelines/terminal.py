"""What a terminal shows: names come from files and nodes of anybody, and must not steer it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSEEN = {*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""Control characters of ASCII and Latin-1, and those that turn the direction of writing."""

_SHOWN = {number: f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" for number in _UNSEEN - {0x09, 0x0A}}


def printable(text: str) -> str:
    r"""Return `text` with every character that steers a terminal written out: `\\x1b`. Lines and tabs stay."""
    return text.translate(_SHOWN)


SHOWN_AS: dict[str, str] = {}
"""Folders of this machine that stand for others, and what those are called."""


class _Shown:
    """A text stream that shows what would steer a terminal; everything else about it is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self.unfiltered = stream

    def write(self, text: str) -> int:
        """Write text, made printable."""
        for place, name in SHOWN_AS.items():
            text = text.replace(place, name)
        self.unfiltered.write(printable(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write texts one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unfiltered, name)


def unfiltered(stream: TextIO) -> TextIO:
    """Return the stream as the terminal has it: for our own bars, and for data that go into a file."""
    plain: TextIO = getattr(stream, "unfiltered", stream)
    return plain


@contextmanager
def printable_output() -> Iterator[None]:
    """Within the block nothing that is printed steers a terminal."""
    former = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Shown(unfiltered(stream)) for stream in former)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = former
