"""Synthetic blocks after Amsterdam: gross gas in headers, new header fields, logs of ETH transfers among all logs."""

from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from histories import DATA, name_of

from keep3r_replay.chain.forks import SYSTEM_ADDRESS, amsterdam_from, receipts_gas
from keep3r_replay.errors import InputError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.registry import protocol_of, protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay import audit as engine
from keep3r_replay.replay.audit import Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

V2 = DATA / "open-v2.2-nb-mining-twap"
ALL = [V2, DATA / "open-kuma11-clean-1", DATA / "open-v1-gov-305"]
BEGIN = 60
SEPOLIA, SEPOLIA_AMSTERDAM = 11_155_111, 1_791_294_816


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_bytes(gzip.compress("".join(json.dumps(each) + "\n" for each in records).encode()))


def amsterdam(recording: Path, folder: Path, begin: int, gross: Callable[[int], int], *, told: bool = True) -> Path:
    """A recording told by Amsterdam's rules from block `begin` on.

    Every transaction begins with the log of an ETH transfer, which shifts the indices of the block's later logs; a
    header's gas is `gross` of what the receipts add up to; headers have a block access list if `told`.
    """
    shutil.copytree(recording, folder)
    blocks, logs = _lines(folder / "blocks.jsonl.gz"), _lines(folder / "logs.jsonl.gz")
    for block in blocks:
        if int(block["number"], 16) >= begin:
            block["gasUsed"] = hex(gross(int(block["gasUsed"], 16)))
            block.update({"blockAccessListHash": "0x" + "ab" * 32, "slotNumber": "0x1"} if told else {})
    for log in logs:
        if int(log["blockNumber"], 16) >= begin:
            log["logIndex"] = hex(int(log["logIndex"], 16) + 1 + int(log["transactionIndex"], 16))
    _write(folder / "blocks.jsonl.gz", blocks)
    _write(folder / "logs.jsonl.gz", logs)
    return folder


def _kinds(lake: Lake) -> list[str]:
    return [each.kind for each in engine.audit_once(lake, protocol_of(lake), None, None, Options()).findings]


def _imported(recording: Path, lake: Path) -> Lake:
    import_recording(recording, lake, protocol_recorded)
    return Lake.open(lake)


@pytest.mark.parametrize("recording", ALL, ids=name_of)
@pytest.mark.parametrize("gross", [lambda net: net * 5 // 4, lambda net: net - net // 2], ids=["refunds", "two kinds"])
def test_blocks_of_amsterdam_replay_as_clean_as_before(
    gross: Callable[[int], int], recording: Path, tmp_path: Path
) -> None:
    """Refunds in headers, two kinds of gas and shifted log indices change no finding of a clean recording."""
    lake = _imported(amsterdam(recording, tmp_path / "recording", BEGIN, gross), tmp_path / "lake")
    plain = _imported(recording, tmp_path / "plain")
    first = lake.scan("blocks").filter(number=BEGIN).collect()["timestamp"][0]
    assert lake.deployment.amsterdam_from == first
    assert _kinds(lake) == _kinds(plain)
    moved = lake.scan("logs", from_block=BEGIN).collect()["log_index"].sum()
    assert moved > plain.scan("logs", from_block=BEGIN).collect()["log_index"].sum()


@pytest.mark.parametrize("gross", [lambda net: net * 5 // 4 + 2, lambda net: max(net // 2 - 1, 0)])
def test_gas_that_no_rule_of_amsterdam_explains_is_refused(gross: Callable[[int], int], tmp_path: Path) -> None:
    """More than a fifth of refunds, or less than either kind of gas, is a transaction missing or changed."""
    with pytest.raises(InputError, match="not its header's"):
        _imported(amsterdam(V2, tmp_path / "recording", BEGIN, gross), tmp_path / "lake")


def test_before_amsterdam_gas_is_exact(tmp_path: Path) -> None:
    """Headers without Amsterdam's fields on a chain without a date must add up to the unit."""
    changed = amsterdam(V2, tmp_path / "recording", BEGIN, lambda net: net + bool(net), told=False)
    with pytest.raises(InputError, match="not its header's"):
        _imported(changed, tmp_path / "lake")


def test_the_date_in_force_is_the_table_s_or_the_headers() -> None:
    """Sepolia's date holds from its second on; a chain that is ahead of the table is believed; mainnet has no date."""
    assert amsterdam_from(SEPOLIA) == SEPOLIA_AMSTERDAM
    assert amsterdam_from(SEPOLIA, SEPOLIA_AMSTERDAM - 12) == SEPOLIA_AMSTERDAM - 12
    assert amsterdam_from(1) is None
    assert amsterdam_from(1, 5) == 5
    assert receipts_gas(SEPOLIA_AMSTERDAM, SEPOLIA_AMSTERDAM - 1, 100) == (100, 100)
    assert receipts_gas(SEPOLIA_AMSTERDAM, SEPOLIA_AMSTERDAM, 100) == (80, 200)


@pytest.mark.slow
def test_the_system_s_logs_are_of_no_contract(tmp_path: Path) -> None:
    """A recording that holds the system's logs among the contracts' imports without them."""
    recording = amsterdam(V2, tmp_path / "recording", BEGIN, lambda net: net)
    logs = _lines(recording / "logs.jsonl.gz")
    later = [each for each in logs if int(each["blockNumber"], 16) >= BEGIN]
    firsts = {each["blockNumber"]: each for each in reversed(later)}
    word = "0x" + "00" * 31 + "01"
    transfer = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    for first in firsts.values():
        place = {"logIndex": hex(int(first["logIndex"], 16) - 1)}
        logs.append(first | place | {"address": SYSTEM_ADDRESS, "topics": [transfer, word, word], "data": word})
    logs.sort(key=lambda each: (int(each["blockNumber"], 16), int(each["logIndex"], 16)))
    _write(recording / "logs.jsonl.gz", logs)
    meta = json.loads((recording / "meta.json").read_bytes())
    meta["counts"]["logs"] = len(logs)
    (recording / "meta.json").write_text(json.dumps(meta))
    lake, plain = _imported(recording, tmp_path / "lake"), _imported(V2, tmp_path / "plain")
    assert lake.tables() == plain.tables()
    assert _kinds(lake) == _kinds(plain)
