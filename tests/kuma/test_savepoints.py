"""A savepoint keeps all that the calls it was taken for can change, and ray powers are the contract's own loop."""

from __future__ import annotations

import random

import pytest
from histories import DATA

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.lake.reader import Lake
from keep3r_replay.protocols.kuma.contract.ray import RAY, ray_mul, ray_pow
from keep3r_replay.protocols.kuma.contract.snapshot import dump
from keep3r_replay.protocols.kuma.replay.protocol import KumaReplay
from keep3r_replay.protocols.kuma.replay.transaction import attempt
from keep3r_replay.protocols.registry import protocol_recorded
from keep3r_replay.recording.importer import import_recording
from keep3r_replay.replay.protocol import Options
from keep3r_replay.replay.roots import replay_root, roots
from tests.kuma.recorded import PROTOCOL


def squared_anew(x: int, n: int) -> int:
    """The power as the contract reckons it: squares made as they are needed, one after the other."""
    z = x if n % 2 else RAY
    n //= 2
    while n:
        x = ray_mul(x, x)
        if n % 2:
            z = ray_mul(z, x)
        n //= 2
    return z


def test_a_power_of_kept_squares_is_that_of_squares_made_anew():
    """Whatever was asked before, a power is the same to the last digit, and so is its refusal."""
    drawn = random.Random(7)
    asked = [(RAY + drawn.randrange(4 * 10**18), drawn.randrange(10**9)) for _ in range(60)]
    for x, n in [*asked, *((x, n // 1_000) for x, n in asked), (RAY, 10**9), (0, 5), (RAY + 1, 0), (RAY + 1, 1)]:
        assert ray_pow(x, n) == squared_anew(x, n)
    for x, n in ((10**40, 8), (10**40, 9), (10**51, 2)):
        with pytest.raises(Revert):
            squared_anew(x, n)
        with pytest.raises(Revert):
            ray_pow(x, n)
        assert ray_pow(x, 1) == x


def test_a_savepoint_is_left_as_it_was(tmp_path):
    """Every call of a history, run for good, leaves the savepoint before it untouched."""
    import_recording(DATA / "open-kuma-clean-1", tmp_path / "lake", protocol_recorded)
    lake = Lake.open(tmp_path / "lake")
    replay = replay_root(lake, PROTOCOL, roots(lake, PROTOCOL)[0], None, None, Options(readings=False)).replay
    assert isinstance(replay, KumaReplay)
    kuma = replay.start.copy()
    seen = set()
    for step in replay.recorder.steps:
        kuma.now = step.timestamp
        saved = kuma.savepoint([call.contract for call in step.calls])
        before = dump(saved)
        reason, _, kuma = attempt(kuma, step.calls)
        assert not reason
        assert dump(saved) == before, step
        seen |= {call.function for call in step.calls}
    assert {"sell_bond", "buy_bond", "expire_bond", "refresh_yield", "transmit", "set_epoch_length"} <= seen
