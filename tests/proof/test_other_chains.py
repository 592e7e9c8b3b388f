"""What other chains and other lakes have of their own: state synchronisation, unsigned senders, lakes of logs alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.proof.header import header_of
from keep3r_replay.proof.node import NodeTeller
from keep3r_replay.proof.receipts import receipts_root
from keep3r_replay.proof.rlp import encode, integer
from keep3r_replay.proof.transactions import transaction_of, transactions_root
from tests.node.lakes import run, settings
from tests.proof.proving import LAST, anchor_of
from tests.proof.served_chain import ServedChain, recorded

if TYPE_CHECKING:
    from pathlib import Path

ANCHOR = f"anchor={anchor_of(recorded())}"
NOBODY = "0x" + "00" * 20


def _synchronised(method: str, _: list[Any], result: Any) -> Any:
    """Adds the transaction of state synchronisation that Polygon's nodes tell of, and that was in no root at first."""
    if method == "eth_getBlockReceipts" and result:
        return [*result, {**result[-1], "from": NOBODY, "to": NOBODY, "logs": [], "type": "0x0"}]
    if (
        method == "eth_getBlockByNumber"
        and result
        and result["transactions"]
        and isinstance(result["transactions"][0], dict)
    ):
        last = {**result["transactions"][-1], "from": NOBODY, "to": NOBODY}
        return {**result, "transactions": [*result["transactions"], last]}
    return result


def test_state_synchronisation_is_in_no_root() -> None:
    """Before the block from which roots are whole it is left out, and both roots are the header's; later it stays."""
    block = next(number for number in range(LAST, 0, -1) if recorded().receipts[number])
    header = header_of(recorded().blocks[block])
    with ServedChain(recorded(), _synchronised) as node:
        before = NodeTeller(NodeClient([node.url]), "endpoint 1", whole_from=block + 1)
        since = NodeTeller(NodeClient([node.url]), "endpoint 1", whole_from=block)
        receipts, raws = before.receipts([header])[0], before.transactions([header])[0]
        whole = since.receipts([header])[0]
    assert receipts is not None
    assert raws is not None
    assert whole is not None
    assert receipts_root(receipts) == header["receiptsRoot"]
    assert transactions_root(raws) == header["transactionsRoot"]
    assert len(whole) == len(receipts) + 1


def test_a_transaction_without_a_signature_has_no_sender_of_its_own() -> None:
    """Optimism took transactions from Ethereum without a signature: nobody can be recovered, and that is said."""
    raw = encode([b"", b"", integer(90_000), b"\xab" * 20, b"", b"\x12", b"", b"", b""])
    transaction = transaction_of(raw)
    assert transaction.input == b"\x12"
    with pytest.raises(ValueError, match="no sender can be recovered"):
        transaction.recovered()


@pytest.mark.slow
def test_a_lake_of_logs_alone_is_proved(tmp_path: Path) -> None:
    """Without headers and transactions in the lake its logs and events still follow from the anchor."""
    lake = tmp_path / "lake"
    more = ("confirmations=0", f"to_block={LAST}", "detail=logs")
    with ServedChain(recorded()) as node:
        assert run(node.url, *settings(recorded().keep3r, lake, *more)) == 0
        assert run(node.url, "prove", f"lake={lake}", ANCHOR, "state=false") == 0
    said = json.loads((lake / "proof.json").read_bytes())
    assert said["counts"]["logs"] == 53
    assert "transactions" not in said["tables"]


@pytest.mark.slow
def test_an_endpoint_that_is_away_is_left_out(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A witness that does not answer ends nothing; if nobody answers, the run does."""
    with ServedChain(recorded()) as gone:
        nowhere = gone.url
    with ServedChain(recorded()) as node:
        assert run(f"{node.url},{nowhere}", "prove", f"lake={lake}", ANCHOR, "state=false", "attempts=1") == 0
    assert "endpoint 2 does not answer and is left out" in capsys.readouterr().err
    assert run(nowhere, "prove", f"lake={lake}", ANCHOR, "state=false", "attempts=1") == 1
