"""Settings of a deployment: each protocol refuses what it cannot follow in one line that names the part."""

from __future__ import annotations

import pytest

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v1.extract import settings as keep3r_v1
from keep3r_replay.protocols.keep3r_v2.extract import settings as keep3r_v2
from keep3r_replay.protocols.kuma.extract import settings as kuma

ADDRESS = "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"
V1 = {"keep3r": ADDRESS, "weth": ADDRESS, "kp3r_weth": ADDRESS, "fastgas": ADDRESS, "helpers": {}}
GIVEN = {
    "keep3r_v1": (keep3r_v1.checked_settings, V1, "weth"),
    "keep3r_v2": (keep3r_v2.checked_settings, {"keep3r": ADDRESS, "version": "v2_2"}, "keep3r"),
    "kuma": (kuma.checked_settings, {"version": "v1_0", "swaps": [ADDRESS]}, "address_provider"),
}
ROLE = {"keep3r_v1": "weth", "keep3r_v2": "escrow", "kuma": "stable_coin"}


@pytest.mark.parametrize("protocol", GIVEN)
def test_addresses_come_in_lower_case(protocol):
    """An address is taken in capitals too, wherever it stands, that of a further contract by its role among them."""
    checked, content, name = GIVEN[protocol]
    found = checked({**content, name: ADDRESS, "companions": {ROLE[protocol]: [ADDRESS]}})
    assert getattr(found, name) == ADDRESS.lower()
    assert found.companions == {ROLE[protocol]: (ADDRESS.lower(),)}


@pytest.mark.parametrize("protocol", GIVEN)
@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"companions": {"nobody": [ADDRESS]}}, "deployment.companions: no role 'nobody'; there are "),
        ({"companions": {"ROLE": ["0x12"]}}, "'0x12' is no address"),
        ({"companions": {"ROLE": ADDRESS}}, "deployment: "),
        ({"NAME": "0x12"}, "'0x12' is no address"),
        ({"NAME": "0xab" + ADDRESS[4:]}, "is misspelt: its capitals do not fit its digits"),
        ({"NAME": 5}, "deployment: "),
        ({"nonsense": 5}, "nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(protocol, wrong, problem):
    """A role that the protocol has not, an address that is none, another type, an unknown setting."""
    checked, content, name = GIVEN[protocol]
    named = {{"NAME": name}.get(key, key): value for key, value in wrong.items()}
    if "companions" in named:
        named["companions"] = {
            {"ROLE": ROLE[protocol]}.get(key, key): each for key, each in named["companions"].items()
        }
    with pytest.raises(UsageError, match=problem) as refused:
        checked({**content, **named})
    assert "\n" not in str(refused.value)
