"""Errors a person can act on. Every one is a single line: place, what is wrong, what to do.

    Keep3rReplayError                 exit 1
    ├── UsageError                    exit 2   the command line or the configuration is wrong
    ├── InputError                    exit 1   a file says something it must not: file, place, problem, remedy
    │   └── LakeError                 exit 1   a lake is missing, damaged, or of an unknown layout
    ├── NodeError                     exit 1   a node refuses, lies or stays away; its address is never shown
    └── LockedError                   exit 1   another run works on the same lake, or results

No error text holds a node's address: `without_urls` takes such out of foreign texts before they are shown.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_URL = re.compile(r"\b(?:https?|wss?)://[^\s'\"<>]+|\burl: /[^\s'\")]+|\bhost='[^']*'", re.IGNORECASE)
_ANY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


class Keep3rReplayError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what the process ends with."""

    exit_code = 1


class UsageError(Keep3rReplayError):
    """The command line or the configuration asks for what cannot be done."""

    exit_code = 2


class InputError(Keep3rReplayError):
    """A file says something it must not.

    Args:
        file: the file (or folder) at fault.
        problem: what is wrong, in one line.
        place: where in it (`line 17`, `block 12, log 3`), empty if the whole file is meant.
        remedy: what to do about it, empty if that is plain.
    """

    def __init__(self, file: str | Path, problem: str, *, place: str = "", remedy: str = "") -> None:
        self.file = str(file)
        self.problem = problem
        self.place = place
        self.remedy = remedy
        text = f"{self.file}: {place}: {problem}" if place else f"{self.file}: {problem}"
        super().__init__(f"{text}; {remedy}" if remedy else text)


class LakeError(InputError):
    """A lake is missing, damaged, or of a layout this version cannot read."""


class NodeError(Keep3rReplayError):
    """A node refuses, lies or stays away."""


class LockedError(Keep3rReplayError):
    """Another run works on the same lake, or on the same results."""


def is_url(path: str) -> bool:
    """Whether a text that should be a path begins as a URL does; paths make one slash of two (`s3:/bucket`)."""
    return _ANY_URL.match(path) is not None


def without_addresses(text: str) -> str:
    """Return `text`, its lines as they are, with every address of a node replaced by `<node>`."""
    secret = os.environ.get("ETH_RPC_URL")
    return _URL.sub("<node>", text.replace(secret, "<node>") if secret else text)


def without_urls(text: str) -> str:
    """Return `text` in one line with every address of a node replaced by `<node>`: such addresses carry keys."""
    return _URL.sub("<node>", " ".join(text.split()))
