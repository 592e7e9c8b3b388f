"""A lake of KUMA that ends while a category is being deployed: its token is there before its swap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import DATA

import keep3r_replay
from keep3r_replay.protocols.kuma.replay.build import build

pytestmark = pytest.mark.slow


def test_a_category_without_a_swap_yet_is_built(tmp_path):
    """Whoever runs every ten minutes meets this block: the token is there, and the swap is that of none."""
    lake = keep3r_replay.import_recording(DATA / "open-kuma-clean-1", tmp_path / "lake")
    deployment = lake.deployment
    swaps = [each for each in deployment.contracts if each.role == "kuma_swap"]
    rest = tuple(each for each in deployment.contracts if each not in swaps)
    kuma = build(
        replace(deployment, contracts=rest), next(each for each in rest if each.role == "kuma_bond_token"), "lake"
    )
    assert len(kuma.categories) == len(swaps)
    assert {int(each.swap.address, 16) for each in kuma.categories.values()} == {0}
