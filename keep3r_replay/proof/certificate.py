"""Making a certificate: for each table and column what was proved and how, what was not, and what it rests on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from keep3r_replay.lake.certificate import CERTIFICATE, LAYOUT, manifest_claims
from keep3r_replay.lake.writer import write_bytes
from keep3r_replay.proof.columns import columns_proved, parameters_proved, views_proved
from keep3r_replay.proof.exceptions import exceptions
from keep3r_replay.proof.kept import kept_files
from keep3r_replay.proof.proved_state import BY_HEADER, BY_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from keep3r_replay.lake.schemas import ReadingRow
    from keep3r_replay.proof.header import Header
    from keep3r_replay.proof.proved_state import StateProved
    from keep3r_replay.proof.prover import Proved
    from keep3r_replay.proof.subject import Subject


def certificate_of(
    subject: Subject,
    anchor: Header,
    *,
    given_as_hash: bool,
    proved: Proved,
    readings: Iterable[ReadingRow],
    state: StateProved | None,
    kept: bool,
    resumed: int = 0,
) -> dict[str, Any]:
    """What `proof.json` holds. The same lake, anchor and evidence give the same content.

    With `kept` it rests on files that lie beside the lake; `resumed` windows are a former run's word.
    """
    lake = subject.lake
    windows = [[each.first, each.last, each.hash, each.digest] for each in proved.windows]
    return {
        "layout": LAYOUT,
        "chain_id": subject.chain_id,
        "anchor": {
            "block": anchor.number,
            "hash": f"0x{anchor.hash.hex()}",
            "given_as": "hash" if given_as_hash else "number",
        },
        "blocks": [subject.first, subject.last],
        "manifest": manifest_claims(lake.manifest),
        "deployment_sha256": hashlib.sha256((lake.path / "deployment.json").read_bytes()).hexdigest(),
        "files": {entry.path: entry.sha256 for entry in lake.manifest.files},
        "counts": {
            "headers": sum(each.last - each.first + 1 for each in proved.windows),
            "opened": sum(each.opened for each in proved.windows),
            "opened_in_vain": sum(each.vain for each in proved.windows),
            "logs": sum(each.logs for each in proved.windows),
            "transactions": sum(each.transactions for each in proved.windows),
            "resumed": resumed,
        },
        "tables": columns_proved(subject),
        "parameters": parameters_proved(lake.deployment, state),
        "views": views_proved(readings, state),
        "state": None
        if state is None
        else {
            "codes": state.codes,
            "initial_state": state.initial,
            "readings": state.readings(BY_ROOT, BY_HEADER),
        },
        "except": exceptions(subject, proved, state, given_as_hash=given_as_hash, resumed=resumed),
        "rests_on": {
            "windows": windows,
            "kept": kept_files(lake.path, [(each.first, each.last) for each in proved.windows]) if kept else {},
        },
    }


def resumed_of(content: Mapping[str, Any]) -> int:
    """Of how many windows a certificate says that a former run proved them."""
    counts = content.get("counts")
    resumed = counts.get("resumed") if isinstance(counts, dict) else 0
    return resumed if isinstance(resumed, int) and not isinstance(resumed, bool) and resumed > 0 else 0


def certificate_bytes(content: dict[str, Any]) -> bytes:
    """The bytes of `proof.json`."""
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def write_certificate(lake: Path, content: dict[str, Any]) -> None:
    """Write `proof.json`."""
    write_bytes(lake / CERTIFICATE, certificate_bytes(content))
