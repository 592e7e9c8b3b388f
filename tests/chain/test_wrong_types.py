"""Whatever a node puts in the place of a value, the answer is asked for again or given up: nothing else happens."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

import pytest
from chain.small_node import SmallNode, header, results

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.chain.fees import FeeSource
from keep3r_replay.chain.headers import fetch_bodies, fetch_headers, fetch_transactions
from keep3r_replay.chain.log_answers import fetch_logs
from keep3r_replay.chain.views import Question, View, read_views
from keep3r_replay.dataset.chain_head import block_at, check_chain
from keep3r_replay.errors import NodeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADDRESS = "0x" + "11" * 20
HASH = "0x" + "22" * 32
LOG = {
    "address": ADDRESS,
    "topics": ["0x" + "33" * 32],
    "data": "0x" + "44" * 32,
    "blockNumber": "0x5",
    "blockHash": header(5)["hash"],
    "transactionHash": HASH,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
    "removed": False,
}
TRANSACTION = {
    "hash": HASH,
    "blockHash": header(5)["hash"],
    "blockNumber": "0x5",
    "transactionIndex": "0x0",
    "from": ADDRESS,
    "to": ADDRESS,
    "input": "0x",
    "gas": "0x5208",
}
RECEIPT = {
    "transactionHash": HASH,
    "blockHash": header(5)["hash"],
    "gasUsed": "0x5208",
    "status": "0x1",
    "effectiveGasPrice": "0x7",
    "logs": [LOG],
}
WRONG = [
    None,
    True,
    7,
    -1,
    1.5,
    "",
    "0x",
    "0xzz",
    "0x" + "f" * 80,
    "\x1b[2J",
    [],
    {},
    [None],
    {"a": []},
    "0x01",
    " 0x5",
]
QUESTIONS: dict[str, Callable[[NodeClient], Any]] = {
    "logs": lambda client: fetch_logs(client, 0, 5, [ADDRESS]).batch.data.tobytes(),
    "headers": lambda client: fetch_headers(client, [5]),
    "bodies": lambda client: fetch_bodies(client, [5]),
    "transactions": lambda client: fetch_transactions(client, [HASH]),
    "fees": lambda client: FeeSource(client).base_fees(3, 5),
    "views": lambda client: read_views(client, [Question(ADDRESS, View("total", (), ("uint256",)))], 5),
    "chain": lambda client: check_chain(client, 1),
    "head": lambda client: block_at(client, "latest"),
}


def truth(call: dict[str, Any]) -> Any:
    """What an honest node says."""
    method = call["method"]
    if method == "eth_getBlockByNumber":
        number = 5 if call["params"][0] == "latest" else int(call["params"][0], 16)
        return header(number, **({"transactions": [TRANSACTION]} if call["params"][1] else {}))
    return {
        "eth_getLogs": [LOG],
        "eth_getTransactionByHash": TRANSACTION,
        "eth_getTransactionReceipt": RECEIPT,
        "eth_feeHistory": {"oldestBlock": "0x3", "baseFeePerGas": ["0x7"] * 4},
        "eth_call": f"0x{7:064x}",
        "eth_chainId": "0x1",
    }[method]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value, the whole included."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def changed(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    """The value with something else at one place; without the place, if that is said."""
    if not path:
        return wrong
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    if wrong == "absent":
        del inner[path[-1]]
    else:
        inner[path[-1]] = wrong
    return whole


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_wrong_value_once_is_asked_again(question: str) -> None:
    """A value of a wrong type or form anywhere in the first answer leads to the answer of an honest node."""
    ask = QUESTIONS[question]
    with SmallNode(lambda asked, _: results(asked, lambda call: {"result": truth(call)})) as node:
        honest = ask(NodeClient([node.url]))
    choose = random.Random(question)
    for wrong in choose.sample([*WRONG, "absent"], 7):
        spoiled: list[Any] = []

        def reply(asked: Any, _: Any, wrong: Any = wrong, spoiled: list[Any] = spoiled) -> Any:
            said = results(asked, lambda call: {"result": truth(call)})
            if spoiled:
                return said
            spoiled.append(1)
            path = choose.choice([path for path in places(said) if path and path[-1] != "jsonrpc"])
            return changed(said, path, wrong)

        with SmallNode(reply) as node:
            found = ask(NodeClient([node.url]))
        # A value that is as good as the true one, as an absent optional one, may stand.
        assert type(found) is type(honest)


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_wrong_values_for_good_are_an_error_of_the_node(question: str) -> None:
    """A node that never says anything right ends in one error that says so, whatever it says instead."""
    for wrong in (*WRONG, b"[" * 100_000, b'{"id":0,"result":"\xff"}', b"", b"{}", b"[]", b'{"id":0,"error":"no"}'):

        def reply(asked: Any, _: Any, wrong: Any = wrong) -> Any:
            return wrong if isinstance(wrong, bytes) else results(asked, lambda _: {"result": wrong})

        if question == "head" and wrong is None:
            continue
        with SmallNode(reply) as node:
            try:
                QUESTIONS[question](NodeClient([node.url], attempts=2))
            except (NodeError, UsageError):
                continue
            assert question in {"views", "chain"}, wrong
