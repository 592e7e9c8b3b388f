"""Works by columns and works one by one: the same bytes, whatever the history holds and wherever it is cut."""

from __future__ import annotations

import io
from contextlib import suppress
from functools import cache
from random import Random
from shutil import rmtree
from typing import TYPE_CHECKING, NamedTuple

import pytest
from audits import audit, keep3r_contracts
from histories import DATA, SAMPLE, History, one_a_version, swap_contents
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lakes import imported
from mutations.kinds import mutations, name_of

from keep3r_replay.errors import Keep3rReplayError
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.keep3r_v2.protocol import PROTOCOL
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay.audit import audit_once
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root
from keep3r_replay.replay.snapshots import Snapshot
from pipelines.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r

RECORDINGS = {
    "2.1": DATA / "open-v2.1-fuzz-dense-104",
    "2.2": SAMPLE / "recording",
    "2.3": DATA / "open-v2.3-fuzz-mixed-101",
    "sidechain": DATA / "open-v2.3s-fuzz-mixed-101",
}
"""A recording of each version whose works have a formula for runs."""
EVERY = 300
"""Events between two snapshots: several in each recording."""


@cache
def lake_of(version):
    """The lake of a version's recording."""
    return Lake.open(imported(RECORDINGS[version]))


def assert_same(one, other):
    """Two audits have the same summary, findings and tables, and their tables are written as the same bytes."""
    assert one.summary == other.summary
    assert one.findings == other.findings
    assert one.undetermined_readings == other.undetermined_readings
    assert list(one.tables) == list(other.tables)
    for name, table in one.tables.items():
        assert table.schema == other.tables[name].schema
        assert table.equals(other.tables[name]), name
        assert written(table) == written(other.tables[name]), name


def written(table):
    """A table as the bytes of a file."""
    file = io.BytesIO()
    table.write_parquet(file, compression="zstd", compression_level=1)
    return file.getvalue()


def left_by(lake, columns, start=None, until=None, every=EVERY):
    """All that a replay of a lake's first contract leaves: records of works, rewards, findings, snapshots, state."""
    options = Options(readings=False, snapshot_every=every, columns=columns)
    replayed = replay_root(lake, PROTOCOL, keep3r_contracts(lake)[0], until, start, options)
    context, journal = replayed.replay.context, replayed.journal
    tables = replayed.snapshots.tables() if replayed.snapshots is not None else {}
    return (
        context.works.frame(),
        context.rewards,
        context.caused,
        context.forced,
        journal.findings,
        list(journal.disagreeing_logs),
        journal.events_not_emitted,
        replayed.replay.snapshot(),
        replayed.replay.unauthorised,
        {name: table.rows() for name, table in tables.items()},
    )


def assert_left_the_same(one, other):
    """What two replays leave is the same."""
    (works, *rest), (other_works, *other_rest) = one, other
    assert works.schema == other_works.schema
    assert works.equals(other_works)
    assert rest == other_rest


@pytest.mark.slow
@pytest.mark.parametrize("recording", one_a_version())
def test_columns_change_no_result(recording, audited_recordings):
    """An audit without columns has the bytes of the one with them, readings and snapshots included."""
    found = audited_recordings(recording)
    assert_same(found.audit, audit(found.lake, columns=False))


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=() if version == "2.3" else pytest.mark.slow) for version in RECORDINGS]
)
def test_columns_leave_what_single_works_leave(version):
    """Records, rewards, findings, the contract's state and all snapshots of a replay are the same."""
    assert_left_the_same(left_by(lake_of(version), columns=True), left_by(lake_of(version), columns=False))


@pytest.mark.slow
@pytest.mark.parametrize("version", RECORDINGS)
def test_columns_take_works_of_every_version_with_a_formula(version):
    """A part of the works, and not all of them, are taken from columns: both ways are gone in each recording."""
    lake = lake_of(version)
    half = (lake.manifest.coverage.from_block + lake.manifest.coverage.to_block) // 2
    replayed = replay_root(lake, PROTOCOL, keep3r_contracts(lake)[0], half, None, Options(readings=False))
    works = replayed.replay.context.works
    assert 0 < len(works.singles) < works.frame().height


@pytest.mark.slow
@pytest.mark.parametrize("version", RECORDINGS)
def test_a_ledger_is_the_same_from_columns(version):
    """With a ledger works are taken from columns too, and every table is that of works one by one."""
    lake = lake_of(version)
    assert_same(*(audit_once(lake, PROTOCOL, None, None, Options(ledger=True, columns=each)) for each in (True, False)))


@pytest.mark.slow
def test_the_command_writes_the_same_files_without_columns(tmp_path, capsys):
    """`columns=false` gives the folder of results that the default gives, its manifest included."""
    folders = tmp_path / "with", tmp_path / "without"
    for folder, more in zip(folders, ([], ["columns=false"]), strict=True):
        assert main(["replay", f"results={folder}", *more]) == 0
    capsys.readouterr()
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second


CUTS = st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(1, 400))


def assert_cut_the_same(version, cuts):
    """From a snapshot at one place to another place, with snapshots on the way: the same is left."""
    lake = lake_of(version)
    covered = lake.manifest.coverage
    low, high = sorted(covered.from_block + int(cut * (covered.to_block - covered.from_block)) for cut in cuts[:2])
    start = snapshot_at(lake, low)
    assert_left_the_same(*(left_by(lake, each, start, high, cuts[2]) for each in (True, False)))


@pytest.mark.slow
@settings(max_examples=6)
@given(st.sampled_from(sorted(RECORDINGS)), CUTS)
@example("2.3", (0.3, 0.6, 1))
def test_a_replay_may_be_cut_anywhere(version, cuts):
    """Any first block, any last one and any spacing of snapshots: the same is left, and a start from it goes on."""
    assert_cut_the_same(version, cuts)


@pytest.mark.slow
@settings(max_examples=100)
@given(st.sampled_from(sorted(RECORDINGS)), CUTS)
def test_a_replay_may_be_cut_anywhere_at_length(version, cuts):
    """The same, of many more cuts."""
    assert_cut_the_same(version, cuts)


@cache
def snapshot_at(lake, block):
    """The model at the end of a block, for a replay to start from."""
    contract = keep3r_contracts(lake)[0]
    replayed = replay_root(lake, PROTOCOL, contract, block, None, Options(readings=False, columns=False))
    kept = {name: frame.lazy() for name, frame in replayed.replay.kept().items()}
    return Snapshot(block, replayed.replay.snapshot(), kept.__getitem__)


AT_ONCE = 12
"""Changes of one history, of kinds chosen by chance: what one breaks, the columns meet in the next works."""


@pytest.mark.parametrize(
    ("version", "seed"),
    [
        pytest.param(version, seed, marks=() if (version, seed) == ("2.3", 0) else pytest.mark.slow)
        for version in RECORDINGS
        for seed in range(12)
    ],
)
def test_columns_change_no_result_of_a_changed_history(version, seed, tmp_path):
    """Payments, keepers, meters, rewards, swaps, calls, blocks changed, left out or out of order: the same results."""
    random = Random(f"{version} {seed}")
    history = History(RECORDINGS[version])
    found = list(mutations(history, audit(lake_of(version)), random, 3))
    outcome = None
    while outcome is None:
        outcome = both_ways(changed(history, random.sample(found, AT_ONCE)), tmp_path)
    assert_left_the_same(*outcome)


def changed(history, chosen):
    """A copy of a history with changes, those left out whose place another one has taken away."""
    copy = history.copy()
    for mutation in chosen:
        with suppress(StopIteration, ValueError, IndexError, KeyError):
            mutation.apply(copy)
    copy.readings = range(0)
    return copy


def both_ways(history, folder):
    """What is left by a replay of a recording with columns and without; None where it is refused."""
    rmtree(folder, ignore_errors=True)
    try:
        import_recording(history.write(folder / "recording"), folder / "lake", protocol_recorded)
        lake = Lake.open(folder / "lake")
        return tuple(left_by(lake, columns) for columns in (True, False))
    except Keep3rReplayError:
        return None


class Tampered(NamedTuple):
    """A start whose state is not what the history leads to."""

    snapshot: Snapshot
    tamper: Callable[[Keep3r], None]

    @property
    def block(self):
        """The block of the snapshot."""
        return self.snapshot.block

    def restore(self, replay):
        """Put the model there, and change it."""
        self.snapshot.restore(replay)
        self.tamper(replay.keep3r)


def each_job(**values):
    """A change of all jobs."""

    def tamper(keep3r):
        for job in keep3r.jobs.values():
            for name, value in values.items():
                setattr(job, name, value)

    return tamper


TAMPERS = {
    "no credits": each_job(credits=0),
    "rewarded long ago": each_job(rewarded_at=1),
    "disputed": lambda keep3r: keep3r.disputes.update(dict.fromkeys(keep3r.jobs)),
    "unlisted": lambda keep3r: [keep3r.job_list.remove(job) for job in keep3r.job_list.values()],
    "no bonds": lambda keep3r: keep3r.keepers.clear(),
    "another token": lambda keep3r: setattr(keep3r.parameters, "keep3r_v1", "0x" + "11" * 20),
    "an unknown helper": lambda keep3r: setattr(keep3r.parameters, "keep3r_helper", "0x" + "11" * 20),
}


@pytest.mark.slow
@pytest.mark.parametrize("tamper", TAMPERS.values(), ids=TAMPERS)
def test_where_a_work_does_more_than_pay_it_goes_one_by_one(tamper):
    """Jobs that cannot or may not pay, keepers and helpers that are not there: what is left is that of single works."""
    lake = lake_of("2.3")
    middle = (lake.manifest.coverage.from_block + lake.manifest.coverage.to_block) // 2
    start = Tampered(snapshot_at(lake, middle), tamper)
    one, other = (left_by(lake, each, start) for each in (True, False))
    assert_left_the_same(one, other)
    works, findings = one[0], one[4]
    assert findings or "unexplained" in works["explanation"].head(5).to_list(), "the change must show"


@pytest.mark.slow
def test_a_reward_before_the_validation_waits_for_the_work(tmp_path):
    """Where rewards stand before the validation, the pair behind them is no plain one, and the order is a finding."""
    history = History(RECORDINGS["2.3"]).copy()
    events = "keep3r.KeeperValidation", "keep3r.LiquidityCreditsReward"
    moved = 0
    for first, second in zip(history.logs, history.logs[1:], strict=False):
        together = first["transactionHash"] == second["transactionHash"]
        if together and (name_of(first), name_of(second)) == events:
            swap_contents(first, second)
            moved += 1
    history.readings = range(0)
    one, other = both_ways(history, tmp_path)
    assert moved
    assert_left_the_same(one, other)
    assert one[4]
