"""Extraction and replay meet: what was fetched from a node with the real Keep3r 2.0 replays clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audits import audit, keep3r_contracts

from keep3r_replay.lake.reader import Lake
from keep3r_replay.replay.starts import readings_start
from tests.node.anvil import RpcError, calldata
from tests.node.keep3r_chain import KP3R
from tests.node.lakes import run, settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.node.keep3r_chain import Keep3rChain

_DAY = 86_400


def test_an_extracted_history_replays_clean_with_the_nodes_own_readings(chain: Keep3rChain, tmp_path: Path) -> None:
    """Works, governance, a dispute and a slash of the real 2.0 replay without a finding, readings included."""
    node, keeper = chain.node, chain.keepers[0]
    for role in ("addDisputer(address)", "addSlasher(address)"):
        chain.govern(role, chain.governance)
    chain.govern("setBondTime(uint256)", 2 * _DAY)
    chain.govern("dispute(address)", keeper)
    chain.govern("slash(address,address,uint256)", keeper, KP3R, 10**9)
    chain.govern("resolve(address)", keeper)
    chain.govern("forceLiquidityCreditsToJob(address,uint256)", chain.job, 10**18)
    remove = calldata("unbondLiquidityFromJob(address,address,uint256)", chain.job, chain.liquidity, 10**20)
    node.transact(chain.provider, chain.keep3r, remove)
    chain.live(60, seed=5)
    node.mine(64)
    last = node.head - 64
    read = f"readings=[{last - 150},{last - 100},{last - 40},{last - 5},{last}]"

    assert run(node.url, *settings(chain.keep3r, tmp_path / "lake", read)) == 0

    audited = audit(Lake.open(tmp_path / "lake"))
    assert audited.findings == []
    works, readings = audited.summary["works"], audited.summary["readings"]
    assert works["interval"] > 30
    assert works["mismatch"] == works["undetermined"] == 0
    assert readings["compared"] > 200
    assert readings["mismatched"] == 0


def test_a_start_from_the_nodes_readings_is_exact_after_one_reward_period(chain: Keep3rChain, tmp_path: Path) -> None:
    """A replay that starts from views alone finds nothing wrong, and ends with the straight run's credits and bonds."""
    node = chain.node
    start = node.head - 100
    chain.pass_time(11 * _DAY)
    chain.live(60, seed=6)
    node.mine(64)
    last = node.head - 64
    assert run(node.url, *settings(chain.keep3r, tmp_path / "lake", f"readings=[{start},{last - 20},{last}]")) == 0
    lake = Lake.open(tmp_path / "lake")
    keep3r = keep3r_contracts(lake)[0].address

    straight = audit(lake)
    started = audit(lake, starts={keep3r: readings_start(lake, start)})

    assert straight.findings == started.findings == []
    for table in ("job_states", "keeper_states"):
        assert started.tables[table].equals(straight.tables[table])


def test_two_contracts_of_one_deployment_keep_their_own_state(chain: Keep3rChain, tmp_path: Path) -> None:
    """A second real Keep3r in the same lake replays clean beside the first, each with its own jobs and bonds."""
    node, first = chain.node, chain.keep3r
    chain.deploy_again()
    chain.live(40, seed=8)
    node.mine(64)
    more = f"deployment.more_keep3r=[{{address:'{chain.keep3r}',version:v2_0}}]"
    readings = f"readings=[{node.head - 70},{node.head - 64}]"
    assert run(node.url, *settings(first, tmp_path / "lake", more, readings)) == 0

    audited = audit(Lake.open(tmp_path / "lake"))

    assert audited.findings == []
    assert [one["keep3r"] for one in audited.summary["contracts"]] == [first.lower(), chain.keep3r.lower()]
    assert all(one["works"]["interval"] > 5 for one in audited.summary["contracts"])
    assert audited.summary["readings"]["mismatched"] == 0
    assert audited.summary["readings"]["compared"] > 100


def test_the_least_reward_period_is_the_contract_s(chain: Keep3rChain) -> None:
    """The real contract refuses a reward period of a second less than a day, as scenarios do, and takes a day."""
    for seconds, refused in ((_DAY - 1, True), (_DAY, False)):
        data = calldata("setRewardPeriodTime(uint256)", seconds)
        call = {"from": chain.governance, "to": chain.keep3r, "data": data}
        if refused:
            with pytest.raises(RpcError, match=calldata("MinRewardPeriod()")):
                chain.node.rpc("eth_call", call, "latest")
        else:
            assert chain.node.rpc("eth_call", call, "latest") == "0x"
