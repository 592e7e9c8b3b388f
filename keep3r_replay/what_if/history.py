"""A history that what-ifs start from, and what each of them leaves on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.errors import UsageError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.audit import state_hash
from keep3r_replay.replay.coverage import check_range
from keep3r_replay.replay.results import MANIFEST, lake_fingerprint, made_from, write
from keep3r_replay.replay.starts import starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keep3r_replay.replay.protocol import Protocol
    from keep3r_replay.replay.rooms import Outcome, WhatIfs

_TEXT_FROM = 1 << 53
"""Numbers from here on are text in JSON, which readers would round."""


class Source(NamedTuple):
    """A history that what-ifs start from: a lake, and what of it, by the names of the command's settings."""

    protocol: Protocol
    lake: Lake
    until_block: int | None = None
    start_block: int | None = None
    resume: str | None = None
    resume_block: int | None = None

    @property
    def what_ifs(self) -> WhatIfs:
        """What the protocol offers. Raises `UsageError` if it has no what-ifs."""
        offered = self.protocol.what_ifs
        if offered is None:
            raise UsageError(f"{self.protocol.title} has no what-ifs")
        return offered

    def check(self, overlays: Iterable[Mapping[str, Any]]) -> None:
        """Refuse overlays that make no sense for this history, before anything runs; other lakes are read once.

        Raises:
            LakeError: another lake that one of them names is missing or damaged.
            UsageError: a change is unknown, or has a value that makes no sense; or `until_block` is none of the lake's.
        """
        check_range(self.lake, self.until_block)
        what_ifs, folders = self.what_ifs, dict[str, None]()
        for overlay in overlays:
            what_ifs.check(overlay, self.lake)
            folders |= dict.fromkeys(str(overlay[name]) for name in what_ifs.other_lakes if overlay.get(name))
        for folder in folders:
            Lake.open(folder).check_content()

    def baseline(self) -> History:
        """The history, loaded and measured. Raises `Keep3rReplayError` if there is none."""
        beginnings = starts(
            self.lake, self.protocol, self.until_block, self.start_block, self.resume, self.resume_block
        )
        measured = self.what_ifs.baseline(self.lake, self.until_block, beginnings)
        started_after = {root: start.block for root, start in beginnings.items()}
        return History(self.what_ifs, self.lake, self.until_block, started_after, measured)

    def content(self) -> dict[str, Any]:
        """What decides it, wherever it lies."""
        settings = {name: value for name, value in self._asdict().items() if name not in {"protocol", "lake"}}
        resumed = _fingerprint(self.resume)
        return {**settings, "protocol": self.protocol.name, "resume": resumed, "inputs": lake_fingerprint(self.lake)}


def _fingerprint(results: str | None) -> str | None:
    """SHA-256 of the manifest of results, which holds those of their files; none where there are no results."""
    manifest = Path(results or "", MANIFEST)
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if results and manifest.is_file() else None


class History(NamedTuple):
    """A history as it was, measured once for any number of what-ifs.

    Attributes:
        what_ifs: what the lake's protocol offers.
        lake: where the history stands.
        until_block: its last block; None: all of it.
        started_after: the block after which it begins, by root contract; empty: with the first event.
        baseline: what `what_ifs.baseline` made of it.
    """

    what_ifs: WhatIfs
    lake: Lake
    until_block: int | None
    started_after: dict[str, int]
    baseline: Any

    def at(self, lake: Lake) -> History:
        """The same history, for a lake that lies elsewhere."""
        return self._replace(lake=lake, baseline=self.what_ifs.at(self.baseline, lake))

    def outcome(self, overlay: Mapping[str, Any], *, ledger: bool, tables: bool = True) -> Outcome:
        """What would have happened; see `WhatIfs.outcome`."""
        return self.what_ifs.outcome(self.baseline, overlay, ledger=ledger, tables=tables)

    def summary(self, overlay: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
        """What `summary.json` holds; `outcome` in it are the numbers."""
        coverage = self.lake.manifest.coverage
        assert coverage is not None
        last = coverage.to_block if self.until_block is None else min(self.until_block, coverage.to_block)
        summary: dict[str, Any] = {
            "verdict": "what-if",
            "deployment": self.lake.deployment.name,
            "blocks": [coverage.from_block, last],
            **({"started_after": min(self.started_after.values())} if self.started_after else {}),
            "overlay": self.what_ifs.identity(overlay)["overlay"],
            **outcome.about,
            "outcome": outcome.summary,
        }
        return {**summary, "state_hash": summary.get("state_hash") or state_hash(as_json(summary))}

    def run(
        self,
        folder: Path,
        overlay: Mapping[str, Any],
        *,
        ledger: bool = False,
        tables: bool = True,
        durable: bool = True,
    ) -> Outcome:
        """What would have happened, written to `folder` too, whole or not at all; the same inputs give the same bytes.

        `durable`: what is written is on the disk when this returns.

        Raises:
            UsageError: see `WhatIfs.outcome`; or the folder holds something other than results.
        """
        outcome = self.outcome(overlay, ledger=ledger, tables=tables)
        summary, identity = self.summary(overlay, outcome), self.what_ifs.identity(overlay)
        configuration = {
            "mode": "what_if",
            "until_block": self.until_block,
            "started_after": self.started_after,
            "ledger": ledger,
            "overlay": identity.pop("overlay"),
        }
        made = made_from(self.lake)
        origin = {
            **made,
            "configuration": as_json(configuration),
            "inputs": {**made["inputs"], **identity},
            "state_hash": summary["state_hash"],
        }
        write(folder, outcome.tables, as_json(summary), origin, durable=durable)
        return outcome


def as_json(value: Any) -> Any:
    """The value with every number that JSON readers would round as text."""
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _TEXT_FROM:
        return str(value)
    return value


def numbers(outcome: Mapping[str, Any]) -> dict[str, int | None]:
    """An outcome's numbers as int; None stays."""
    return {name: int(value) if isinstance(value, str) else value for name, value in outcome.items()}
