"""Fixtures that many tests share: recordings, imported once a session."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from audits import Replayed, audit, keep3r_contracts, replay_contract
from histories import DATA, bundled, name_of
from hypothesis import HealthCheck, settings
from two_contracts import lake_of_two

from keep3r_replay.lake.reader import Lake
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay.protocol import Options

if TYPE_CHECKING:
    from pathlib import Path


# The same examples everywhere, and no haste: a busy machine is no failure.
settings.register_profile("keep3r", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keep3r")


class Audited:
    """A recording, its lake, and the audit of it."""

    def __init__(self, recording: Path, folder: Path) -> None:
        import_recording(recording, folder)
        self.recording = recording
        self.lake = Lake.open(folder)
        self.audit = audit(self.lake)

    @cached_property
    def straight(self) -> Replayed:
        """The replay of its first Keep3r contract from beginning to end, without readings."""
        return replay_contract(self.lake, keep3r_contracts(self.lake)[0], None, None, Options(readings=False))


@pytest.fixture(scope="session")
def audited_recordings(tmp_path_factory):
    """Gives the audit of a recording, made once."""
    made: dict[Path, Audited] = {}

    def get(recording: Path) -> Audited:
        if recording not in made:
            made[recording] = Audited(recording, tmp_path_factory.mktemp("lakes") / name_of(recording))
        return made[recording]

    return get


@pytest.fixture(params=bundled(), ids=name_of)
def audited(request, audited_recordings) -> Audited:
    """Each recording of the repository in turn."""
    return audited_recordings(request.param)


@pytest.fixture(scope="session")
def pair(audited_recordings, tmp_path_factory):
    """The audits of a recording, and of a lake in which a second Keep3r did the same; the first one's address."""
    single = audited_recordings(DATA / "open-v2.3-nb-all")
    lake, first = lake_of_two(single.lake, tmp_path_factory.mktemp("pair") / "lake")
    return single, audit(lake), first
