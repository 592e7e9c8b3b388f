"""First contact with a deployment of Keep3r V1 that is not what the chain holds."""

from __future__ import annotations

import pytest
import yaml
from histories import ROOT

from keep3r_replay.chain.client import NodeClient
from keep3r_replay.dataset.first_contact import Contact, first_contact
from pipelines.deployment import spec_of
from tests.keep3r_v1.recorded import BUNDLED
from tests.keep3r_v1.served import served

ACCOUNT = "0x" + "77" * 20
RIGHT = yaml.safe_load((ROOT / "conf" / "deployment" / "keep3r_v1_local.yaml").read_text(encoding="utf-8"))


def contact_of(config) -> Contact:
    """First contact with the bundled recording behind a node; one account has no code there."""
    with served(BUNDLED) as (url, node):
        node._people.add(ACCOUNT)
        client = NodeClient([url])
        spec, protocol = spec_of(config, detail="all")
        return first_contact(client, protocol.extractor(client, spec.settings), spec, 100)


def test_a_right_configuration_has_no_difference():
    """The configuration of the test chain is taken without a word."""
    assert contact_of(RIGHT) == Contact([], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("keep3r", {"keep3r": ACCOUNT}),
        ("helpers", {"keep3r": RIGHT["fastgas"]}),
        ("helpers", {"helpers": {"h2720": RIGHT["helpers"]["h2720"]}}),
        ("helpers.seed", {"helpers": RIGHT["helpers"] | {"seed": ACCOUNT}}),
        ("kp3r_weth, weth", {"kp3r_weth": RIGHT["fastgas"]}),
        ("kp3r_weth, weth", {"weth": RIGHT["fastgas"]}),
        ("fastgas", {"fastgas": ACCOUNT}),
        ("pairs", {"pairs": [RIGHT["fastgas"]]}),
        ("keep3r (from_block)", {"from_block": 10**6}),
    ],
)
def test_a_wrong_configuration_names_its_line(setting, change):
    """An account, another contract, a helper that is missing, another token or block is found at its setting."""
    assert setting in {each.setting for each in contact_of(RIGHT | change).differences}
