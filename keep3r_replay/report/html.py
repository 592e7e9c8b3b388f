"""Pieces of a page: everything that comes from outside passes through `text`."""

from __future__ import annotations

import base64
import html

from keep3r_replay.report.times import duration, moment

_ADDRESS = 42
"""Signs of an address."""


def text(value: object) -> str:
    """Any value as text of a page, escaped."""
    return html.escape(str(value), quote=True)


def code(value: object) -> str:
    """A hash, or another value of a program: an address or a hash of 20 bytes and more is shortened."""
    return address(value) if _is_long(str(value)) else f"<code>{text(value)}</code>"


def _is_long(value: str) -> bool:
    return value.startswith("0x") and len(value) >= _ADDRESS and " " not in value


def address(value: object, called: str = "") -> str:
    """An address or a hash: its two ends, the whole of it in a tooltip, and a button to copy it.

    Every address of every page passes through here. `called` is the name that people know it by.
    """
    whole = str(value)
    if not _is_long(whole):
        return text(whole)
    known = f'<span class="called">{text(called)}</span> ' if called else ""
    return f'{known}<button type="button" class="address" title="{text(whole)}">{text(shortened(whole))}</button>'


def shortened(value: str) -> str:
    """An address or a hash by its two ends."""
    return f"{value[:6]}…{value[-4:]}"


def when(seconds: int | None) -> str:
    """A time as date, hour and minute, UTC; a dash where there is none."""
    return "-" if seconds is None else f"<time>{moment(seconds)}</time>"


def lasting(seconds: int | None) -> str:
    """A length of time as people say it, which a table sorts by its seconds; empty where there is none."""
    return "" if seconds is None else f'<span data-key="{seconds}">{duration(seconds)}</span>'


def place(seconds: int | None, block: int, log_index: int | None = None) -> str:
    """A place in a history: the time, where it is known, and the block, with the log where it is one's."""
    log = "" if log_index is None else f" log {log_index}"
    time = "" if seconds is None else f"{when(seconds)} "
    return f'{time}<span class="block">block {block:,}{log}</span>'


def name(value: object) -> str:
    """A name with underscores, which may break after them."""
    return text(value).replace("_", "_<wbr>")


def figure(anchor: str, caption: str, wide: bytes, narrow: bytes) -> str:
    """A picture with its two drawings: the narrow one for phones."""
    return (
        f'<figure id="{text(anchor.replace(" ", "-"))}"><picture>'
        f'<source media="(max-width: 640px)" srcset="{_data(narrow)}">'
        f'<img src="{_data(wide)}" alt="{text(caption)}"></picture>'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def folded(title: str, content: str) -> str:
    """What is there for those who want it; print shows it."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def _data(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")
