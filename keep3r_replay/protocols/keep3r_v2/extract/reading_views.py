"""Reading all views of a deployment at chosen blocks, so that a replay can be reconciled with the node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from keep3r_replay.chain.headers import fetch_headers
from keep3r_replay.chain.views import Question, Reading, View, read_views, revert_name
from keep3r_replay.chain.wire import quantity
from keep3r_replay.errors import UsageError
from keep3r_replay.lake.partition_writer import PartitionWriter
from keep3r_replay.lake.reader import Lake
from keep3r_replay.lake.schemas import BLOCKS, READINGS
from keep3r_replay.lake.writer import write_manifest
from keep3r_replay.protocols.keep3r_v2.extract.parameters import PARAMETERS, answer_text

if TYPE_CHECKING:
    from pathlib import Path

    from keep3r_replay.chain.client import NodeClient
    from keep3r_replay.chain.wire import WireBlock
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.manifest import FileEntry

Row = tuple[int, str, str, str, str | None, str | None, str]

_ONE = 10**18
_UINT, _ADDRESS, _BOOL = ("uint256",), ("address",), ("bool",)
_OF_JOB = {
    **dict.fromkeys(("jobLiquidityCredits", "jobPeriodCredits", "totalJobCredits", "rewardedAt", "workedAt"), _UINT),
    **dict.fromkeys(("jobOwner", "jobPendingOwner", "pendingJobMigrations"), _ADDRESS),
    "disputes": _BOOL,
    "workCompleted": _UINT,
}
_OF_KEEPER = {"workCompleted": _UINT, "firstSeen": _UINT, "disputes": _BOOL, "hasBonded": _BOOL}
_OF_KEEPER_AND_TOKEN = ("bonds", "pendingBonds", "canActivateAfter", "canWithdrawAfter", "pendingUnbonds")
_OF_JOB_AND_LIQUIDITY = ("liquidityAmount", "pendingUnbonds", "canWithdrawAfter")
_OF_JOB_AND_TOKEN = ("jobTokenCredits", "jobTokenCreditsAddedAt")
_SLOT0 = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
_AGO = (0, 600, 86_400, 432_000)


def read_at_blocks(path: Path, client: NodeClient, blocks: list[int]) -> int:
    """Read all views at each block and put them into the lake, in the place of earlier readings of these blocks.

    Returns:
        How many values were read.

    Raises:
        UsageError: a block is not covered by the lake.
        NodeError: the node has no state of a block.
    """
    lake = Lake.open(path)
    coverage = lake.manifest.coverage
    for block in blocks:
        if coverage is None or not coverage.from_block <= block <= coverage.to_block:
            raise UsageError(f"readings: block {block} is not in the lake")
    headers = dict(zip(blocks, fetch_headers(client, blocks), strict=True))
    rows = {block: _rows_at(lake, client, block, headers[block]) for block in blocks}
    files = list(lake.manifest.files)
    for entry in [each for each in files if each.table == "logs"]:
        inside = [block for block in blocks if entry.from_block <= block <= entry.to_block]
        if inside:
            former = [each for each in files if (each.from_block, each.to_block) == (entry.from_block, entry.to_block)]
            written = _merged(lake, former, {block: rows[block] for block in inside})
            written += _with_headers(lake, former, {block: headers[block] for block in inside})
            replaced = {each.table for each in written}
            files = [each for each in files if each not in former or each.table not in replaced] + written
    write_manifest(path, replace(lake.manifest, files=tuple(files)))
    return sum(map(len, rows.values()))


def _merged(lake: Lake, former: list[FileEntry], inside: dict[int, list[Row]]) -> list[FileEntry]:
    """Write a partition's readings: the former ones, and the new ones in the place of those of the same blocks."""
    kept: list[Any] = []
    for entry in former:
        if entry.table == "readings":
            columns = pq.read_table(lake.path / entry.path).to_pydict()
            kept += [row for row in zip(*columns.values(), strict=True) if row[0] not in inside]
    everything = sorted([*kept, *(row for block in inside.values() for row in block)], key=lambda row: row[0])
    arrays = [
        pa.array(column, field.type) for column, field in zip(zip(*everything, strict=True), READINGS, strict=True)
    ]
    return _written(lake, former[0], "readings", pa.table(arrays, READINGS))


def _with_headers(lake: Lake, former: list[FileEntry], headers: dict[int, WireBlock]) -> list[FileEntry]:
    """Write a partition's blocks with the headers of blocks that were read at: a reading is of a block's own time."""
    written: list[FileEntry] = []
    for entry in former:
        if entry.table == "blocks":
            columns = pq.read_table(lake.path / entry.path).to_pydict()
            for block, header in headers.items():
                row = columns["number"].index(block)
                columns["hash"][row], columns["parent_hash"][row] = header.hash.lower(), header.parentHash.lower()
                columns["timestamp"][row] = quantity(header.timestamp)
                columns["gas_used"][row], columns["gas_limit"][row] = (
                    quantity(header.gasUsed),
                    quantity(header.gasLimit),
                )
            arrays = [pa.array(columns[field.name], field.type) for field in BLOCKS]
            written += _written(lake, entry, "blocks", pa.table(arrays, BLOCKS))
    return written


def _written(lake: Lake, place: FileEntry, name: str, table: Any) -> list[FileEntry]:
    with PartitionWriter(lake.path, place.from_block) as writer:
        writer.add(name, table)
        return writer.complete(place.to_block)


def _rows_at(lake: Lake, client: NodeClient, block: int, header: WireBlock) -> list[Row]:
    base_fee = "0" if header.baseFeePerGas is None else str(quantity(header.baseFeePerGas))
    rows: list[Row] = [
        (block, "", "block.timestamp", "", str(quantity(header.timestamp)), None, "view"),
        (block, "", "block.baseFee", "", base_fee, None, "view"),
    ]
    questions = [question for contract in lake.deployment.contracts for question in _questions(lake, contract, block)]
    for question, reading in zip(questions, read_views(client, questions, block), strict=True):
        value, revert = _text(reading)
        rows.append((block, question.contract, question.view.name, _arguments(question), value, revert, "view"))
    return rows


def _text(reading: Reading) -> tuple[str | None, str | None]:
    if reading.values is None:
        return None, revert_name(reading.revert or b"")
    return answer_text(reading.values), None


def _arguments(question: Question) -> str:
    flat: list[Any] = []
    for argument in question.arguments:
        flat += argument if isinstance(argument, (list, tuple)) else [argument]
    return ",".join(str(each).lower() for each in flat)


def _questions(lake: Lake, contract: Contract, block: int) -> list[Question]:
    if int(contract.facts.get("from_block", 0)) > block:
        return []
    named = PARAMETERS.get((contract.role, contract.version), {})
    questions = [Question(contract.address, View(name, (), returns)) for name, returns in named.items()]
    if contract.role == "keep3r":
        questions += _of_keep3r(lake, contract.address, contract.version, block)
    elif contract.role == "keep3r_helper":
        questions += _of_helper(lake, contract, block)
    elif contract.role == "uniswap_v3_pool":
        questions.append(Question(contract.address, View("slot0", (), _SLOT0)))
        questions.append(Question(contract.address, View("liquidity", (), ("uint128",))))
        observe = View("observe", ("uint32[]",), ("int56[]", "uint160[]"))
        questions += [Question(contract.address, observe, ((ago,),)) for ago in _AGO]
    return questions


def _of_keep3r(lake: Lake, keep3r: str, version: str, block: int) -> list[Question]:
    jobs = _seen(lake, "events/keep3r.JobAddition", "job", block, keep3r)
    keepers = _seen(lake, "events/keep3r.Bonding", "keeper", block, keep3r)
    bonded = _seen(lake, "events/keep3r.Bonding", "bonding", block, keep3r)
    credited = _seen(lake, "events/keep3r.TokenCreditAddition", "token", block, keep3r)
    liquidities = _seen(lake, "events/keep3r.LiquidityApproval", "liquidity", block, keep3r)
    tokens = sorted({lake.deployment.tokens["kp3r"], *bonded})
    pair = ("address", "address")
    questions: list[Question] = []
    for job in jobs:
        questions += [Question(keep3r, View(name, _ADDRESS, kind), (job,)) for name, kind in _OF_JOB.items()]
        for names, others in ((_OF_JOB_AND_LIQUIDITY, liquidities), (_OF_JOB_AND_TOKEN, credited)):
            questions += [Question(keep3r, View(view, pair, _UINT), (job, each)) for view in names for each in others]
    for keeper in keepers:
        questions += [Question(keep3r, View(name, _ADDRESS, kind), (keeper,)) for name, kind in _OF_KEEPER.items()]
        for name in _OF_KEEPER_AND_TOKEN:
            questions += [Question(keep3r, View(name, pair, _UINT), (keeper, token)) for token in tokens]
    # Until 2.2 the oracle pool has a cached observation of its own, under its own address.
    pools = _pools(lake) if version in {"2.0", "2.1", "2.2"} else []
    for liquidity in [*liquidities, *pools]:
        observed = View("observeLiquidity", _ADDRESS, ("int56", "int56", "uint256"))
        questions.append(Question(keep3r, observed, (liquidity,)))
        questions.append(Question(keep3r, View("quoteLiquidity", ("address", "uint256"), _UINT), (liquidity, _ONE)))
    return questions


def _of_helper(lake: Lake, contract: Contract, block: int) -> list[Question]:
    helper = contract.address
    questions = [Question(helper, View("quote", _UINT, _UINT), (_ONE,))]
    questions += [Question(helper, View("getRewardBoostFor", _UINT, _UINT), (bonds,)) for bonds in (0, 100 * _ONE)]
    if contract.version not in {"2.0", "2.1"}:
        questions.append(Question(helper, View("getPaymentParams", _UINT, _UINT * 3), (50 * _ONE,)))
    reward = View("getRewardAmountFor", ("address", "uint256"), _UINT)
    keepers = _seen(lake, "events/keep3r.Bonding", "keeper", block)
    return questions + [Question(helper, reward, (keeper, 100_000)) for keeper in keepers]


def _pools(lake: Lake) -> list[str]:
    """Return the addresses of all pools."""
    return [contract.address for contract in lake.deployment.contracts if contract.role == "uniswap_v3_pool"]


def _seen(lake: Lake, table: str, column: str, block: int, emitter: str | None = None) -> list[str]:
    """Return the addresses that an event (of one contract, if one is given) has named up to a block, sorted."""
    if not lake.has(table):
        return []
    frame = lake.scan(table, until_block=block).select("address", column).unique().collect()
    rows = zip(frame["address"].to_list(), frame[column].to_list(), strict=True)
    return sorted({named for address, named in rows if emitter in {None, address}})
