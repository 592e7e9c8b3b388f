"""Pictures of every page at the width of a desk and of a phone, light and dark: `python -m tests.report.pictures`.

It makes each page from what the repository holds, and takes what the docs show of it; `--format png` and another folder
are for looking at whole pages: `python -m tests.report.pictures --whole --format png FOLDER`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
from pathlib import Path
from typing import NamedTuple

from pipelines import cli
from tests.report.chromium import Browser

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
SIZES = {"desk": (1280, 1500), "phone": (390, 1200)}
"""Width and height of what is shown."""
SCHEMES = {"": "light", "-dark": "dark"}


class Page(NamedTuple):
    """A page and the commands that make it; `{page}` is where it goes, `{made}` where all else does."""

    name: str
    commands: tuple[str, ...]


PAGES = (
    Page("all", ("replay ledger=true results={made}/v2", "report results={made}/v2 report={page}")),
    Page("job", ("report results={made}/v2 report={page} job=0x6894",)),
    Page("keeper", ("report results={made}/v2 report={page} keeper=0x15a8",)),
    Page(
        "what-if",
        (
            "replay mode=what_if ledger=true overlay.liquidity_factor=1/4 results={made}/v2-what-if",
            "report results={made}/v2-what-if report={page}",
        ),
    ),
    Page(
        "sweep",
        ("replay -m overlay.liquidity_factor=1/4,1/2,1,2 overlay.tick_shift=-2000,0,2000 results={made}/sweep",),
    ),
    Page(
        "kuma",
        (
            "import recording=tests/data/open-kuma11-clean-1 lake={made}/kuma-lake",
            "replay lake={made}/kuma-lake ledger=true results={made}/kuma",
            "report results={made}/kuma lake={made}/kuma-lake report={page}",
        ),
    ),
    Page(
        "kuma-what-if",
        (
            (
                "replay mode=what_if lake={made}/kuma-lake results={made}/kuma-what-if overlay.expire=all "
                "overlay.expire_at=maturity"
            ),
            "report results={made}/kuma-what-if lake={made}/kuma-lake report={page}",
        ),
    ),
    Page(
        "v1",
        (
            "import recording=tests/data/open-v1-gov-305 lake={made}/v1-lake",
            "replay lake={made}/v1-lake ledger=true results={made}/v1",
            "report results={made}/v1 lake={made}/v1-lake report={page}",
        ),
    ),
    Page(
        "v1-what-if",
        (
            "replay mode=what_if lake={made}/v1-lake overlay.feed_factor=2 results={made}/v1-what-if",
            "report results={made}/v1-what-if lake={made}/v1-lake report={page}",
        ),
    ),
)


def make(page: Page, made: Path) -> Path:
    """The page, made by its commands in a folder. Raises `RuntimeError` where one of them fails."""
    file = made / f"{page.name}.html"
    for command in page.commands:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            done = cli.main(command.format(page=file, made=made).split())
        if done not in {0, 3}:
            message = f"keep3r {command}: exit code {done}\n{said.getvalue()}"
            raise RuntimeError(message)
    return made / "sweep" / "sweep.html" if page.name == "sweep" else file


def main() -> None:
    """Make the pages that are asked for, and take their pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=IMAGES)
    parser.add_argument("--format", choices=("webp", "png"), default="webp")
    parser.add_argument("--whole", action="store_true", help="the whole page, not its first screen")
    parser.add_argument("--only", default="", help="names of pages, separated by commas; all, if none is named")
    parser.add_argument("--made", type=Path, help="where pages and results go, and stay")
    asked = parser.parse_args()
    only = set(filter(None, asked.only.split(",")))
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        made = asked.made or Path(temporary) / "made"
        made.mkdir(parents=True, exist_ok=True)
        pages = {page.name: make(page, made) for page in PAGES if not only or page.name in only}
        with Browser(Path(temporary) / "profile") as browser:
            for name, file in pages.items():
                take(browser, file, asked.folder / f"report-{name}", asked.format, whole=asked.whole)


def take(browser: Browser, page: Path, beginning: Path, form: str, *, whole: bool) -> None:
    """Four pictures of a page: both widths, light and dark."""
    for size, (width, height) in SIZES.items():
        for ending, scheme in SCHEMES.items():
            browser.scheme(scheme)
            browser.open(page.as_uri(), width, height, phone=size == "phone")
            browser.picture(beginning.parent / f"{beginning.name}-{size}{ending}.{form}", form, whole=whole)


if __name__ == "__main__":
    main()
