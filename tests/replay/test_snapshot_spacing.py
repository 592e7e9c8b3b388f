"""How far apart snapshots stand: their cost stays small against that of the replay between them."""

from __future__ import annotations

from keep3r_replay.replay.protocol import Block
from keep3r_replay.replay.snapshots import EVERY, SnapshotRecorder

BLOCK = Block(7, 1_650_000_000, 10**9, 30_000_000)


class Holding:
    """A replay whose state is so many characters long."""

    def __init__(self, characters: int) -> None:
        self.characters = characters

    def snapshot(self) -> dict[str, str]:
        """The state."""
        return {"held": "x" * self.characters}


def events_until_the_next(characters: int, every: int) -> int:
    """What a recorder says after a snapshot of such a state."""
    return SnapshotRecorder(Holding(characters), "keep3r", "0x" + "11" * 20, every).take(BLOCK)


def test_a_large_state_is_kept_less_often():
    """A small one every so many events; from some size on ten times the state stands ten times as far apart."""
    assert events_until_the_next(1_000, EVERY) == EVERY + 1
    near, far = (events_until_the_next(size, EVERY) for size in (10**6, 10**7))
    assert near > EVERY + 1
    assert 9.9 < far / near < 10.1


def test_who_asks_for_closer_snapshots_gets_them():
    """A spacing below the usual one is kept, whatever the state."""
    assert events_until_the_next(10**7, 100) == 101
