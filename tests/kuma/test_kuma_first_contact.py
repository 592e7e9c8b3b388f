"""First contact with a deployment of KUMA that is not what the chain holds."""

from __future__ import annotations

from typing import Any

import pytest
from histories import DATA

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.dataset.first_contact import Contact, first_contact
from pipelines.deployment import spec_of
from tests.kuma.recorded import meta
from tests.kuma.served import ServedRecording

RECORDING = DATA / "open-kuma11-clean-1"
TOLD = meta(RECORDING)
SWAPS = [each["KUMASwap"] for each in TOLD["categories"]]
RIGHT = {
    "name": "test",
    "protocol": "kuma",
    "chain_id": TOLD["chainId"],
    "version": "v1_1",
    "address_provider": TOLD["addressProvider"],
    "swaps": SWAPS,
}


def _contact(config: dict[str, Any]) -> Contact:
    with ServedRecording(RECORDING) as served:
        client = NodeClient([served.url])
        spec, protocol = spec_of(config, detail="all")
        return first_contact(client, protocol.extractor(client, spec.settings), spec, 100)


def test_a_right_configuration_has_no_difference() -> None:
    """Provider and swaps that are each other's are taken without a word."""
    assert _contact(RIGHT) == Contact([], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("swaps[0]", {"swaps": ["0x" + "77" * 20]}),
        ("swaps[0]", {"swaps": [TOLD["KBCToken"]]}),
        ("address_provider", {"address_provider": SWAPS[0]}),
        ("address_provider", {"address_provider": "0x" + "77" * 20}),
        ("swaps[0]", {"address_provider": TOLD["KUMABondToken"]}),
        ("companions.stable_coin", {"companions": {"stable_coin": ["0x" + "77" * 20]}}),
    ],
)
def test_a_wrong_configuration_names_its_line(setting: str, change: dict[str, Any]) -> None:
    """An account, another contract or another provider is found at the setting that names it."""
    assert setting in {each.setting for each in _contact(RIGHT | change).differences}
