"""Audits and replays of Keep3r V2, as tests ask for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v2.audit.works import works_table
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.replay import audit as engine
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root, roots

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.journal import Journal
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2


def audit(lake, until_block=None, **options):
    """The audit of a lake of Keep3r V2."""
    return engine.audit(lake, PROTOCOL, until_block, **options)


def findings_of(lake, until_block=None):
    """The findings of a lake of Keep3r V2, before their causes are looked for."""
    return engine.audit_once(lake, PROTOCOL, until_block, None, Options()).findings


def strict_audit(lake, until_block=None, **options):
    """The audit of a lake of Keep3r V2 up to its first disagreement."""
    return engine.strict_audit(lake, PROTOCOL, until_block, **options)


keep3r_contracts = partial(roots, protocol=PROTOCOL)


class Replayed(NamedTuple):
    """A replay, and the works that it went through."""

    protocol: Keep3rV2
    works: pl.DataFrame
    journal: Journal


def replay_contract(lake, contract, until_block, start, options) -> Replayed:
    """The replay of one Keep3r contract."""
    replayed = replay_root(lake, PROTOCOL, contract, until_block, start, options)
    works = works_table(lake, replayed.replay.context.works, replayed.span, contract.address)
    return Replayed(replayed.replay, works, replayed.journal)
