"""Following the oracles: by the input of the transactions that call them, and by the payments that they earn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.replay import steps
from keep3r_replay.protocols.keep3r_v1.replay.inputs import ADD, DEPLOY, oracle_call
from keep3r_replay.protocols.keep3r_v1.replay.records import OracleUpdate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.protocols.keep3r_v1.contract.market import Market
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.inner import Made


def follow_oracle_input(context: Context, made: Made) -> None:
    """Do what a call of an oracle, or of its factory, did there."""
    job = context.oracle_jobs.get(made.to or "")
    if job is None:
        return
    market = context.kp3r.market
    tokens = {tokens: pair.address for tokens, pair in market.pairs_by_tokens.items()}
    call = oracle_call(made.input, _pairs(market, job), tokens)
    if call is None:
        return
    for pair in call.pairs if call.pairs is not None else _pairs(market, job):
        if call.kind == ADD:
            context.around("add", steps.add_pair, job, pair)
        elif call.kind == DEPLOY:
            context.around("deploy", steps.deploy_oracle, pair)
        else:
            update(context, job, (pair,), paid=False)


def follow_oracle_payment(context: Context, job: str) -> None:
    """Update what an oracle job updates before it is paid; nothing where the input has done it already."""
    oracle = context.oracle_jobs.get(job)
    if oracle is not None:
        update(context, oracle, _pairs(context.kp3r.market, oracle), paid=True)


def update(context: Context, oracle: str, pairs: Iterable[str], *, paid: bool) -> None:
    """Let `oracle` observe `pairs`, as far as it is time to."""
    for address in pairs:
        if address not in context.kp3r.market.pairs:
            continue
        written = context.around("observe", steps.observe, oracle, address)
        if written:
            context.oracle_updates.append(
                OracleUpdate(context.kp3r.block_number, context.kp3r.now, oracle, address, context.origin, paid)
            )


def _pairs(market: Market, oracle: str) -> list[str]:
    """The pairs that an oracle knows; before it is given any, the one that helpers ask it for."""
    if market.uniswap_v2_oracle is not None and oracle == market.uniswap_v2_oracle.address:
        return market.uniswap_v2_oracle.pairs or [market.kp3r_weth]
    if market.v1_oracle is not None and oracle == market.v1_oracle.address:
        return market.v1_oracle.pairs or [market.kp3r_weth]
    return [market.v2_oracle.pair] if market.v2_oracle is not None else []
