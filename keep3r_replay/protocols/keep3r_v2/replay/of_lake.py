"""The replay of a Keep3r of a lake, with what the lake's transactions tell."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import SELECTOR, VALIDATIONS
from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
from keep3r_replay.replay.sent import sent
from keep3r_replay.replay.timeline import Span
from keep3r_replay.sidechain_oracle.of_lake import feed_of_lake

if TYPE_CHECKING:
    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Place


def replay_of(lake: Lake, contract: Contract, journal: Journal, until_block: int | None) -> Keep3rV2:
    """The model of one contract before its first event, with what the lake's transactions tell.

    Raises:
        InputError: the deployment lacks what the model needs, or is of a version without one.
    """
    is_right = pl.col("status") == 1
    transactions = sent(lake, Span(None, until_block)).filter(is_right)
    direct = sent(lake, Span(lake.after, until_block)).filter(is_right & (pl.col("to") == contract.address))
    direct_frame = direct.select("block_number", "transaction_index", "input").collect()
    replay = Keep3rV2(
        lake.deployment,
        contract,
        str(lake.path / "deployment.json"),
        journal,
        {(block, index): data for block, index, data in direct_frame.iter_rows()},
        partial(_silent, lake, transactions) if lake.deployment.transactions == "all" else None,
    )
    replay.context.feed = feed_of_lake(lake, until_block)
    return replay


def _silent(lake: Lake, transactions: pl.LazyFrame) -> list[Place]:
    """The transactions in which a validation may have failed without an event, in order."""
    silent = transactions.filter(
        ~pl.col("to").is_in(sorted(known_contracts(lake.deployment)))
        | pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex").is_in(VALIDATIONS)
    )
    return silent.select("block_number", "transaction_index").sort("block_number", "transaction_index").collect().rows()


def known_contracts(deployment: Deployment) -> frozenset[str]:
    """Addresses that never validate a keeper: the deployment's contracts and tokens."""
    return frozenset(contract.address for contract in deployment.contracts) | frozenset(deployment.tokens.values())
