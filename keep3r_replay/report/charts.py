"""Charts on a page, and as files of their own: drawn by Vega-Lite, in a browser by its script, here without one."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keep3r_replay.lake.folders import replaced_file
from keep3r_replay.report.html import text
from keep3r_replay.report.plot import CONFIG, HEIGHT, rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.replay.rooms import Chart
    from keep3r_replay.report.plot import Spec

WIDE, NARROW = 920, 390
"""Widths in pixels: for a desk, and for a phone held upright."""
_BESIDE = 74
"""What stands beside the axes: labels on the left, a margin on the right."""
_PHONE = 560
"""Below this width legends are those of a phone."""
_NARROW = {"columns": 1, "layout": {"top": {"direction": "vertical", "anchor": "start", "margin": 4}}}
"""Legends on a phone: one column, and one legend below the other, for side by side they are too wide."""
_LIBRARY = "window.vegaEmbed = vegaEmbed;"
_SCALE = 2.0
_CLIP = re.compile(r"\bclip[0-9]+\b")


def drawn(chart: Chart) -> str:
    """A chart as a piece of a page: its specification, which the page's script draws, and its caption."""
    # Nothing of it can end the element that it stands in.
    specification = json.dumps(chart.specification, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<figure class="chart" id="{text(chart.name.replace(" ", "-"))}">'
        f'<div class="plot" role="img" tabindex="0" aria-label="{text(chart.caption)}"></div>'
        f'<script type="application/json">{specification}</script>'
        f"<figcaption>{text(chart.caption)}</figcaption></figure>"
    )


def write_pictures(charts: Iterable[Chart], folder: Path, format_: str, width: int) -> list[Path]:
    """Each chart as a file of its own, `png` or `svg`, named after the chart; returns the files.

    Args:
        charts: what is drawn.
        folder: where to; it is made if it is not there.
        format_: png or svg.
        width: pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for chart in charts:
        file = folder / f"{chart.name.replace(' ', '-')}.{format_}"
        file.write_bytes(picture(chart.specification, width, format_))
        files.append(file)
    return files


def picture(specification: Spec, width: int = WIDE, format_: str = "svg") -> bytes:
    """One chart as SVG or PNG on white; the same specification gives the same bytes.

    Args:
        specification: of Vega-Lite, without width.
        width: pixels, of the whole picture.
        format_: svg or png.
    """
    import vl_convert  # noqa: PLC0415 - an extra, and slow to load: only who asks for a chart needs it

    whole = fitted(specification, width)
    whole["config"] = {**whole["config"], "background": "white"}
    if format_ == "png":
        return bytes(vl_convert.vegalite_to_png(whole, scale=_SCALE))
    return _numbered(str(vl_convert.vegalite_to_svg(whole))).encode()


def _numbered(svg: str) -> str:
    """An SVG whose clips are numbered from its own first: the library counts those of all charts that it ever drew."""
    found = list(dict.fromkeys(_CLIP.findall(svg)))
    return _CLIP.sub(lambda clip: f"clip{found.index(clip[0])}", svg)


def fitted(specification: Spec, width: int) -> Spec:
    """A specification that is `width` pixels wide, with the looks of all charts; charts.js does the same on a page."""
    whole: Spec = _with_rows(specification)
    for view in whole.get("vconcat", [whole]):
        view["width"] = width - _BESIDE
        view.setdefault("height", HEIGHT)
    legend = {**CONFIG["legend"], **(_NARROW if width < _PHONE else {"columns": 0})}
    whole["config"] = {**CONFIG, "legend": legend}
    whole["padding"] = {"left": 4, "top": 4, "right": 12, "bottom": 4}
    return whole


def _with_rows(piece: Any) -> Any:
    if isinstance(piece, list):
        return [_with_rows(each) for each in piece]
    if not isinstance(piece, dict):
        return piece
    return (
        rows(piece)
        if isinstance(piece.get("columns"), dict)
        else {name: _with_rows(value) for name, value in piece.items()}
    )


def looks() -> dict[str, Any]:
    """What charts.js needs to fit charts to the page."""
    return {"config": CONFIG, "beside": _BESIDE, "phone": _PHONE, "narrow": _NARROW, "height": HEIGHT}


@cache
def library() -> str:
    """Vega-Lite, Vega and Vega-Embed as one script, as vl-convert has them.

    Bundling takes seconds, so the script is kept in the user's cache, by the version of vl-convert.
    """
    import vl_convert  # noqa: PLC0415 - as in `picture`

    file = _kept() / f"vega-{version('vl-convert-python')}.js"
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        script: str = vl_convert.javascript_bundle(_LIBRARY)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(file) as building:
            building.write_text(script, "utf-8")
    except OSError:
        pass  # a cache that cannot be written is made anew each time
    return script


def _kept() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "keep3r_replay"
