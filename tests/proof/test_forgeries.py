"""What whoever gives a lake can write beside its rows, or leave out of them, proves nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.errors import LakeError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.proof.subject import Subject
from tests.node.lakes import content, run
from tests.proof.lake_changes import change_deployment, change_rows, event_table_of, without
from tests.proof.proving import LAST, anchor_of, prove
from tests.proof.served_chain import ServedChain, recorded
from tests.proof.told import followed_logs, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ANCHOR = f"anchor={anchor_of(recorded())}"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An honest node."""
    with ServedChain(recorded()) as node:
        yield node.url


def _drop_last_log(lake: Path) -> None:
    block, index = place_of(followed_logs()[-1])
    change_rows(lake, event_table_of(lake, block, index), without(block, index))
    change_rows(lake, "logs", without(block, index))


@pytest.mark.slow
def test_a_forged_note_is_not_believed(lake: Path, url: str) -> None:
    """A note of the digest of false rows is removed, and the rows refuted; who resumes is told what it rests on."""
    prove(lake, url)
    _drop_last_log(lake)
    note = next((lake / "proof" / "windows").iterdir())
    said = json.loads(note.read_bytes())
    subject = Subject(Lake.open(lake), {}, LAST)
    said["digest"] = subject.rows.digest(subject.tables, 3, LAST, subject.identity)
    note.write_text(json.dumps(said))
    resumed = prove(lake, url, resume=True)
    assert resumed.certificate is not None
    assert "1 of 1 windows, on the word of a former run's notes" in resumed.certificate["except"]
    assert prove(lake, url).contradictions
    assert not list((lake / "proof" / "windows").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"opened": "29"}, {"marked": 5}, {"marked": [[43, "zz"]]}, {"kept": None}, {"empty": []}]
)
def test_a_note_of_wrong_types_is_none(lake: Path, url: str, change: dict[str, Any]) -> None:
    """It counts for nothing, and the window is proved."""
    prove(lake, url, keep=True)
    note = next((lake / "proof" / "windows").iterdir())
    note.write_text(json.dumps({**json.loads(note.read_bytes()), **change}))
    assert prove(lake, url, resume=True, keep=True).proved.resumed == 0


def test_damaged_evidence_is_fetched_again(lake: Path, url: str) -> None:
    """Kept evidence that is not what was noted is replaced also where a run goes on from notes."""
    prove(lake, url, keep=True)
    kept = next((lake / "proof" / "kept").glob("*.parquet"))
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-9])
    assert prove(lake, url, keep=True, resume=True).proved.resumed == 0
    assert kept.read_bytes() == whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("transactions", "status"),
        ("transactions", "effective_gas_price"),
        ("blocks", "timestamp"),
        ("blocks", "gas_used"),
    ],
)
def test_an_emptied_cell_is_a_contradiction(lake: Path, url: str, table: str, column: str) -> None:
    """What an extraction fills must be there; the certificate that stood before goes."""
    prove(lake, url)
    assert (lake / "proof.json").exists()
    change_rows(lake, table, lambda rows: [{**row, column: None} for row in rows])
    found = prove(lake, url).contradictions
    assert {(each.subject, each.told) for each in found} == {(table, "nothing")}
    assert all(column in each.place for each in found)
    assert not (lake / "proof.json").exists()


def test_cells_that_may_be_empty_are_counted(lake: Path, url: str) -> None:
    """Blocks of which only the base fee was fetched have a sentence; so have facts that nothing proves."""
    outcome = prove(lake, url)
    assert outcome.certificate is not None
    told = " | ".join(outcome.certificate["except"])
    assert "cells that the lake leaves empty: blocks.gas_limit 12, blocks.gas_used 12, blocks.hash 12" in told
    assert "fee, from_block, tick_spacing, token0, token1 of uniswap_v3_pool 0x" in told
    assert "; tokens kp3r, kp3r_in_pools, weth; initial_state_block" in told


def test_another_chain_id_is_refuted_by_signatures(lake: Path, url: str) -> None:
    """What transactions were signed for is the chain, whatever the deployment says."""
    change_deployment(lake, lambda content: content.update(chain_id=10))
    found = prove(lake, url).contradictions
    assert found[0].line().endswith("deployment chain_id: 10, but the signature of transaction 0 says 31337")


def _twice(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*rows, rows[-1]]


def _reversed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows[::-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("transactions", _twice),
        *((table, _reversed) for table in ("blocks", "transactions", "logs", "events/keep3r.KeeperWork")),
    ],
)
def test_rows_out_of_order_are_told(
    lake: Path, url: str, table: str, change: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each table has a row once and in order; otherwise its block is named, exit 3."""
    change_rows(lake, table, change)
    assert run(url, "prove", f"lake={lake}", ANCHOR, "state=false") == 3
    assert f": {table}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("logs", "block_number"),
        ("blocks", "number"),
        ("transactions", "transaction_index"),
        ("readings", "block_number"),
    ],
)
def test_a_row_without_a_place_is_refused(lake: Path, url: str, table: str, column: str) -> None:
    """A key column is never empty."""
    change_rows(lake, table, lambda rows: [*rows[:-1], {**rows[-1], column: None}])
    with pytest.raises(LakeError, match=f"{column} is empty in 1 row;"):
        prove(lake, url, state=True)


@pytest.mark.parametrize("table", ["logs", "readings"])
def test_a_row_beyond_its_file_is_refused(lake: Path, url: str, table: str) -> None:
    """A row of a block that no window holds would be proved by none."""
    change_rows(lake, table, lambda rows: [*rows[:-1], {**rows[-1], "block_number": 90}])
    with pytest.raises(LakeError, match="holds a row of block 90"):
        prove(lake, url, state=True)


@pytest.mark.parametrize("column", ["data", "address", "transaction_hash"])
def test_a_log_without_a_part_is_told(lake: Path, url: str, column: str) -> None:
    """An empty part of a log is another one than was emitted."""
    change_rows(lake, "logs", lambda rows: [*rows[:-1], {**rows[-1], column: None}])
    assert [each.subject for each in prove(lake, url).contradictions] == ["logs"]


def test_a_block_without_transactions_is_no_answer(lake: Path) -> None:
    """A node that leaves them out has none to tell: the proof ends in one line."""

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and parameters[1]:
            del result["transactions"]
        return result

    with ServedChain(recorded(), lie) as node:
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, "state=false") == 1


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"also": 1}, {"counts": {"opened": 1}}, {"given_as": "number"}])
def test_an_edited_certificate_is_not_verified(lake: Path, url: str, change: dict[str, Any]) -> None:
    """Counts, whence the anchor was, and words that no certificate has: the whole of it is compared."""
    assert run(url, "prove", f"lake={lake}", ANCHOR, "keep=true", "state=false") == 0
    assert run("", "prove", f"lake={lake}", ANCHOR, "offline=true", "state=false") == 0
    file = lake / "proof.json"
    said = json.loads(file.read_bytes())
    if "counts" in change:
        said["counts"] |= change["counts"]
    elif "given_as" in change:
        said["anchor"] |= change
    else:
        said |= change
    file.write_text(json.dumps(said))
    assert run("", "prove", f"lake={lake}", ANCHOR, "offline=true", "state=false") == 1
    assert content(lake)["proof.json"] == file.read_bytes()
