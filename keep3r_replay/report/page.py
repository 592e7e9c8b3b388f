"""A whole page: one HTML file that opens offline and asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files

from keep3r_replay.report.charts import library
from keep3r_replay.report.charts import looks as looks_of_charts
from keep3r_replay.report.html import text

GENERATOR = "keep3r_replay"
"""The mark by which a page is known as ours: nobody else's file is replaced by one."""


def page(title: str, body: str) -> str:
    """The whole page: nothing from elsewhere, and no script but our own and that of the charts, where it has any."""
    scripts = [_own("page.js")]
    looks = ""
    if '<figure class="chart"' in body:
        looks = (
            f'<script type="application/json" id="looks">{json.dumps(looks_of_charts(), ensure_ascii=False)}</script>\n'
        )
        scripts += [library(), _own("charts.js")]
    allowed = " ".join(f"'{_hash(script)}'" for script in scripts)
    # These scripts alone, no text becomes a program, and nothing may be asked for.
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="generator" content="{GENERATOR}">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{text(title)}</title>\n<style>\n{_own("page.css")}</style></head>\n'
        f'<body>\n<a class="skip" href="#main">to the content</a>\n<main id="main">\n{body}\n</main>\n{looks}'
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body></html>\n"
    )


def _own(file: str) -> str:
    return files("keep3r_replay.report").joinpath(file).read_text("utf-8")


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
