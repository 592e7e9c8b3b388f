"""Hashes of code that a configuration names."""

from __future__ import annotations

import pytest

from keep3r_replay.errors import UsageError
from pipelines.deployment import spec_of

POOL = "0x" + "ab" * 20


def test_an_address_has_one_hash():
    """Two spellings of an address are the same address: neither of two hashes for it is chosen in silence."""
    config = {"name": "local", "chain_id": 1, "protocol": "keep3r_v2"}
    hashes = {POOL: "0x" + "11" * 32, POOL.upper().replace("X", "x"): "0x" + "22" * 32}
    with pytest.raises(UsageError, match=f"{POOL} stands there twice"):
        spec_of({**config, "code_hashes": hashes}, detail="bodies")
