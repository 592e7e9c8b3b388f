"""A what-if without changes is the audit in lakes with two Keep3r contracts too, of one version or of two."""

from __future__ import annotations

import polars as pl
import pytest
from audits import audit

from keep3r_replay.lake.deployment import Deployment
from keep3r_replay.lake.manifest import Manifest
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.writer import write_deployment, write_manifest, write_table
from keep3r_replay.protocols.keep3r_v2.scenario.actors import made_address
from keep3r_replay.protocols.keep3r_v2.scenario.simulator import simulate
from keep3r_replay.protocols.keep3r_v2.scenario.writer import write_lake
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
from keep3r_replay.protocols.keep3r_v2.what_if.results import baselines, make_what_if
from tests.scenario.scripts import configured

pytestmark = pytest.mark.slow

SECOND = {"keep3r": "0x" + "5ec0" * 10, "helper": "0x" + "4e19" * 10}
SHIFT = 1_000
"""What the second contract's transactions and logs are numbered higher by."""
PLACE = ["block_number", "transaction_index"]
STATES = ("job_states", "job_liquidities", "job_tokens", "keeper_states", "keeper_bonds", "rewards")
WORKS = ("keep3r", "block_number", "log_index", "job", "keeper", "payment", "class", "credits_before", "credits_after")


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory):
    """One market, pools and blocks, and Keep3r 2.0 and 2.2 side by side, each with the works of the same script."""
    folder = tmp_path_factory.mktemp("two_versions")
    addresses = {f"addresses.{name}": f"'{address}'" for name, address in SECOND.items()}
    write_lake(simulate(configured("two_pools", version="v2_0")), folder / "first")
    write_lake(simulate(configured("two_pools", version="v2_2", **addresses)), folder / "second")
    first, second = (Lake.open(folder / name) for name in ("first", "second"))
    one, other = first.deployment, second.deployment
    own = [contract for contract in other.contracts if contract.address in SECOND.values()]
    both = Deployment(
        "two versions", one.chain_id, one.origin, one.tokens, "followed",
        (*one.contracts, *own), {**one.initial_state, **other.initial_state}, 0,
    )  # fmt: skip
    files = []
    for table in sorted({*first.tables(), *second.tables()}):
        parts = [lake.scan(table).collect() for lake in (first, second) if lake.has(table)]
        if first.has(table) and second.has(table):
            parts[1] = of_second(table, parts[1])
        order = [
            name for name in ("block_number", "transaction_index", "log_index", "number") if name in parts[0].columns
        ]
        merged = pl.concat(parts).sort(order, maintain_order=True)
        files.append(write_table(folder / "both", table, merged.to_arrow(), 0, first.manifest.coverage.to_block))
    write_deployment(folder / "both", both)
    write_manifest(folder / "both", Manifest(tuple(files), first.manifest.coverage, {}).sorted())
    return Lake.open(folder / "both")


def of_second(table, frame):
    """What only the second contract does or is asked, behind the first one's transactions of the same block."""
    if table == "blocks":
        return frame.head(0)
    if table == "readings":
        return frame.filter(pl.col("contract").is_in(list(SECOND.values())))
    if table == "transactions":
        job = [made_address(name) for name in ("job", "new_job")]
        mine = frame.filter(pl.col("to").is_in([*SECOND.values(), *job]))
    elif table == "events/pair_manager.Transfer":
        mine = frame.filter(pl.any_horizontal(pl.col("from", "to") == SECOND["keep3r"]))
    else:
        own = list(SECOND.values())
        mine = frame.filter(
            pl.any_horizontal(
                pl.col("address").is_in([bytes.fromhex(each[2:]) for each in own]),
                pl.col("topic1", "topic2") == bytes(12) + bytes.fromhex(SECOND["keep3r"][2:]),
            )
            if table == "logs"
            else pl.col("address").is_in(own)
        )
    shifted = [name for name in ("transaction_index", "log_index") if name in mine.columns]
    return mine.with_columns((pl.col(name) + SHIFT).cast(mine.schema[name]) for name in shifted)


def compared(lake):
    """The audit of a lake, and the summary and tables of the what-if that changes nothing."""
    return audit(lake), *make_what_if(baselines(lake), Overlay())


def test_two_versions_in_one_lake_replay_clean(two_versions):
    """Both contracts are clean, with their own works, and paid by the rules of their own version."""
    audited = audit(two_versions)
    assert audited.findings == []
    assert audited.summary["readings"]["mismatched"] == 0
    kinds = [{kind: count for kind, count in one["works"].items() if count} for one in audited.summary["contracts"]]
    assert kinds == [{"interval": 28}, {"exact": 28}]


def test_the_empty_overlay_is_the_audit_of_two_versions(two_versions):
    """States, rewards, works and the hash of each contract's state are the audit's, and no call reverts."""
    holds_as_the_audit(*compared(two_versions))


def test_the_empty_overlay_is_the_audit_of_two_contracts_of_one_version(pair):
    """The same where two contracts of one version did the same in the same transactions."""
    _, audited, _ = pair
    holds_as_the_audit(*compared(audited.lake))


def holds_as_the_audit(audited, summary, tables):
    """Every table that both have is the same, contract by contract."""
    assert len(audited.summary["contracts"]) == 2
    for name in STATES:
        assert tables[name].equals(audited.tables[name]), name
    assert tables["works"].select(WORKS).equals(audited.tables["works"].select(WORKS))
    assert tables["works"].height > 20
    assert tables["reverted_calls"].is_empty()
    assert set(tables["works"]["status"]) == {"paid"}
    assert summary["state_hash"] == audited.summary["state_hash"]
