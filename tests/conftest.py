"""Fixtures that many tests share: recordings, imported once; what `./test fast` leaves out; what runs in one worker."""

from __future__ import annotations

import gc
import sys
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import pytest
from audits import Replayed, audit, keep3r_contracts, replay_contract
from histories import DATA, ROOT, is_recording, name_of, one_a_version, repeats
from hypothesis import HealthCheck, settings
from lakes import AT_HAND, imported
from sharing import ByRecording
from two_contracts import lake_of_two

from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.protocol import Options

if TYPE_CHECKING:
    from pathlib import Path


# Tests are millions of objects that stay: looking through them for garbage every few hundred took a fifth of the time.
gc.set_threshold(100_000, 20, 50)

# The same examples everywhere, and no haste: a busy machine is no failure.
settings.register_profile("keep3r", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keep3r")


EVERY_VERSION = {
    "keep3r_v1/test_v1_recordings.py",
    "kuma/test_kuma_recordings.py",
    "replay/test_all_recordings.py",
}
"""Tests that go through the whole of a recording of each version."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`./test fast` replays one recording a version, for the tests of `EVERY_VERSION`, and the sample for others.

    What it leaves out is marked as slow.
    """
    # A library that signs for the tests raises it a hundredfold, which no user of the command has.
    sys.setrecursionlimit(1_000)
    for item in items:
        values = (
            item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        )
        recordings = [value for value in values if is_recording(value)]
        file = item.path.relative_to(ROOT / "tests").as_posix()
        if any(repeats(each) or not (file in EVERY_VERSION or name_of(each) == "sample") for each in recordings):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByRecording:
    """Tests of one recording go to one worker, which audits it once; other tests go there file by file."""
    return ByRecording(config, log)


class Audited:
    """A recording, its lake, and the audit of it."""

    def __init__(self, recording: Path) -> None:
        self.recording = recording
        self.lake = Lake.open(imported(recording))
        self.audit = audit(self.lake)

    @cached_property
    def straight(self) -> Replayed:
        """The replay of its first Keep3r contract from beginning to end, without readings."""
        return replay_contract(self.lake, keep3r_contracts(self.lake)[0], None, None, Options(readings=False))


@pytest.fixture(scope="session")
def audited_recordings():
    """Gives the audit of a recording, made once as long as its tests run together."""
    return lru_cache(AT_HAND)(Audited)


@pytest.fixture(scope="session")
def ledger_audits(audited_recordings):
    """Gives the audit with ledger of a recording, made once."""
    return lru_cache(AT_HAND)(lambda recording: audit(audited_recordings(recording).lake, ledger=True))


@pytest.fixture(params=one_a_version(), ids=name_of)
def audited(request, audited_recordings) -> Audited:
    """A recording of each version in turn."""
    return audited_recordings(request.param)


@pytest.fixture(scope="session")
def pair(audited_recordings, tmp_path_factory):
    """The audits of a recording, and of a lake in which a second Keep3r did the same; the first one's address."""
    single = audited_recordings(DATA / "open-v2.3-nb-all")
    lake, first = lake_of_two(single.lake, tmp_path_factory.mktemp("pair") / "lake")
    return single, audit(lake), first
