"""What a command tells of itself: text for people, or one JSON object for machines."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Told(Enum):
    """How a command tells what it found."""

    text = "text"
    json = "json"


MEANING = "text for people, json for machines: one object"


def tell(form: Told, run: Callable[[], int], more: Callable[[], Mapping[str, Any]] = dict) -> int:
    """Run something that prints lines; returns its exit code.

    Args:
        form: as json the lines are told as `told`, beside `holds` (whether the exit code is 0).
        run: prints lines, and returns the exit code.
        more: what else the object says, asked for after the run.
    """
    if form is Told.text:
        return run()
    with redirect_stdout(io.StringIO()) as lines:
        code = run()
    print(json.dumps({"holds": code == 0, **more(), "told": lines.getvalue().splitlines()}, default=str))
    return code
