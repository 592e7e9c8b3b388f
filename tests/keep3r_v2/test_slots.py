"""Slots of jobs and keepers are listed once, by kind: savepoints, snapshots and dumps go through all of them."""

from __future__ import annotations

from dataclasses import fields

from keep3r_replay.evm.enumerable_set import EnumerableSet
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump_job, dump_keeper
from keep3r_replay.protocols.keep3r_v2.contract.state import (
    JOB_AMOUNTS,
    JOB_SETS,
    JOB_VALUES,
    KEEPER_AMOUNTS,
    KEEPER_VALUES,
    Job,
    Keeper,
)

NOBODY = "0x" + "00" * 19 + "01"


def test_every_slot_is_of_one_kind():
    """The lists of slots hold every field of a job and of a keeper, each once."""
    assert sorted([*JOB_VALUES, *JOB_SETS, *JOB_AMOUNTS]) == sorted(slot.name for slot in fields(Job))
    assert sorted([*KEEPER_VALUES, *KEEPER_AMOUNTS]) == sorted(slot.name for slot in fields(Keeper))


def test_a_dump_holds_every_slot_that_was_touched():
    """An untouched record is dumped as nothing; one with something in every slot with every slot."""
    assert dump_job(Job()) == dump_keeper(Keeper()) == {}
    job = Job()
    for name in JOB_VALUES:
        setattr(job, name, NOBODY if isinstance(getattr(job, name), str) else 1)
    for name in JOB_SETS:
        setattr(job, name, EnumerableSet([NOBODY]))
    for name in JOB_AMOUNTS:
        getattr(job, name)[NOBODY] = 1
    assert sorted(dump_job(job)) == sorted(slot.name for slot in fields(Job))
    keeper = Keeper(**dict.fromkeys(KEEPER_VALUES, 1))
    for name in KEEPER_AMOUNTS:
        getattr(keeper, name)[NOBODY] = 1
    assert sorted(dump_keeper(keeper)) == sorted(slot.name for slot in fields(Keeper))
