"""How fast logs are extracted, beside cryo, web3.py and a bare download of the same answers.

    python -m benchmarks.extraction [logs=600000] [repeats=3]

Needs the extras `benchmark` and, for the chain, npm. Every row is the median of the repeats; a run is a whole process,
imports included. First with the node on the same cores, then with the node's answers served from memory, so that only
the client is measured. What is compared is logs to typed Parquet; cryo writes decoded logs, this extractor writes raw
logs and decoded events.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import memory_server
from benchmarks.swap_chain import LOGS_A_BLOCK, POOL, SWAP, build
from keep3r_replay.chain.client import NodeClient
from keep3r_replay.chain.fees import FeeSource
from keep3r_replay.chain.spans import TARGET_LOGS
from tests.node.anvil import Anvil
from tests.node.faulty_proxy import Faults, FaultyProxy

_DECLARATION = (
    "event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, "
    "uint160 sqrtPriceX96, uint128 liquidity, int24 tick)"
)
_SLICE_BLOCKS = 100
_CRASHES = 3


class Result(NamedTuple):
    """One measured process: wall and CPU time in seconds, peak memory in MB."""

    wall: float
    cpu: float
    peak: float


def measure(
    command: list[str], repeats: int, environment: dict[str, str] | None = None, clear: Path | None = None
) -> Result:
    """Run a command some times and return the medians. A run that a signal ends is made again, `_CRASHES` times."""
    results: list[Result] = []
    crashes = 0
    while len(results) < repeats:
        if clear is not None:
            shutil.rmtree(clear, ignore_errors=True)
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=os.environ | (environment or {}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        if os.WIFSIGNALED(status) and crashes < _CRASHES:
            # Now and then cryo's threads outlive its interpreter, which then aborts.
            crashes += 1
            continue
        if status != 0:
            raise SystemExit(f"{command[:3]} failed: {errors.decode()[-500:]}")
        results.append(Result(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    return Result(*(statistics.median(column) for column in zip(*results, strict=True)))


def ours(url: str, lake: Path, repeats: int) -> Result:
    """Measure this extractor."""
    command = [sys.executable, "-m", "pipelines.cli", "extract", "deployment=local", f"deployment.pools=[{POOL}]"]
    command += [f"lake={lake}", "detail=logs", "deployment.partition_blocks=100000"]
    return measure(command, repeats, {"ETH_RPC_URL": url}, clear=lake)


def cryo(url: str, folder: Path, blocks: int, repeats: int) -> Result:
    """Measure cryo with the settings that serve it best: 200 blocks a file and a request, 4 at once."""
    code = (
        f"import cryo; cryo.freeze('logs', blocks=['0:{blocks}'], contract=['{POOL}'], rpc='{url}', "
        f"output_dir='{folder}', event_signature='{_DECLARATION}', chunk_size=200, inner_request_size=200, "
        "max_concurrent_requests=4, verbose=False)"
    )
    return measure([sys.executable, "-c", code], repeats, clear=folder)


def bare(url: str, blocks: int, repeats: int) -> Result:
    """Measure the download of the same answers by two connections, nothing done with them."""
    span = TARGET_LOGS // LOGS_A_BLOCK
    code = f"""
import json, threading, urllib3
pool = urllib3.connectionpool.connection_from_url('{url}', maxsize=2)
starts = list(range(0, {blocks}, {span}))
def work():
    while starts:
        try: first = starts.pop(0)
        except IndexError: return
        body = json.dumps({{'jsonrpc': '2.0', 'id': 1, 'method': 'eth_getLogs', 'params': [
            {{'fromBlock': hex(first), 'toBlock': hex(min(first + {span}, {blocks}) - 1), 'address': ['{POOL}']}}]}})
        pool.request('POST', '/', body=body, headers={{'Content-Type': 'application/json'}}).data
threads = [threading.Thread(target=work) for _ in range(2)]
[each.start() for each in threads]; [each.join() for each in threads]
"""
    return measure([sys.executable, "-c", code], repeats)


def web3_slice(url: str, repeats: int) -> Result:
    """Measure web3.py's get_logs with process_log on a slice."""
    inputs = [
        {"indexed": i < 2, "name": name, "type": kind}
        for i, (name, kind) in enumerate(
            zip(
                ("sender", "recipient", "amount0", "amount1", "sqrtPriceX96", "liquidity", "tick"),
                SWAP[5:-1].split(","),
                strict=True,
            )
        )
    ]
    code = f"""
from web3 import Web3
w3 = Web3(Web3.HTTPProvider('{url}'))
address = Web3.to_checksum_address('{POOL}')
event = {{'anonymous': False, 'name': 'Swap', 'type': 'event', 'inputs': {inputs}}}
contract = w3.eth.contract(address=address, abi=[event])
logs = w3.eth.get_logs({{'fromBlock': 1, 'toBlock': {_SLICE_BLOCKS}, 'address': address}})
rows = [contract.events.Swap().process_log(log) for log in logs]
assert len(rows) == {_SLICE_BLOCKS * LOGS_A_BLOCK}
"""
    return measure([sys.executable, "-c", code], repeats)


def rows_of(folder: Path) -> int:
    """Count the rows that a route wrote."""
    import pyarrow.parquet as pq

    files = sorted(folder.rglob("*.parquet"))
    swaps = [path for path in files if "Swap" in path.parent.name] or files
    return sum(pq.read_metadata(path).num_rows for path in swaps)


def table(title: str, rows: list[tuple[str, int, Result]], best: Result) -> None:
    """Print the results of one setting."""
    print(f"\n{title}\n")
    print("| route | logs | logs/s | wall s | CPU us/log | peak MB | wall, ours = 1 | CPU, ours = 1 |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    own = rows[0]
    for name, logs, result in rows:
        per_log = result.cpu / logs * 1e6
        wall_ratio = result.wall / logs / (best.wall / own[1])
        cpu_ratio = per_log / (best.cpu / own[1] * 1e6)
        print(
            f"| {name} | {logs:,} | {logs / result.wall:,.0f} | {result.wall:.2f} | {per_log:.2f} "
            f"| {result.peak:.0f} | {wall_ratio:.2f} | {cpu_ratio:.2f} |"
        )


def compare(url: str, title: str, logs: int, repeats: int, folder: Path, warm: bool) -> None:
    """Measure all routes against one address."""
    blocks = logs // LOGS_A_BLOCK + 1
    if warm:
        for route in (
            lambda: ours(url, folder / "w", 1),
            lambda: cryo(url, folder / "w2", blocks, 1),
            lambda: bare(url, blocks, 1),
        ):
            route()
    own = ours(url, folder / "ours", repeats)
    other = cryo(url, folder / "cryo", blocks, repeats)
    if rows_of(folder / "ours") != logs or rows_of(folder / "cryo") != logs:
        raise SystemExit("a route lost logs")
    rows = [
        ("keep3r extract", logs, own),
        ("cryo 0.3.2, decoded", logs, other),
        ("bare download", logs, bare(url, blocks, repeats)),
    ]
    rows.append(("web3.py process_log", _SLICE_BLOCKS * LOGS_A_BLOCK, web3_slice(url, repeats)))
    table(title, rows, own)


def base_fees(url: str, head: int, repeats: int) -> None:
    """Measure base fees over the blocks whose history the node still has."""
    blocks = 2_000
    speeds, requests = [], 0
    for _ in range(repeats):
        client = NodeClient([url])
        started = time.perf_counter()
        fees = FeeSource(client).base_fees(head - blocks + 1, head)
        speeds.append(blocks / (time.perf_counter() - started))
        requests = client.statistics.requests
        if len(fees) != blocks or None in fees:
            raise SystemExit("base fees are missing")
    print(f"\nbase fees: {statistics.median(speeds):,.0f} blocks/s, {requests} requests for {blocks:,} blocks")


def unfriendly(url: str, logs: int, folder: Path) -> None:
    """Measure an unfriendly node: 50 ms latency, 2 % of 429, caps of 10,000 logs and 10,000 blocks."""
    faults = Faults(share=0.02, passing=("rate_status",), max_results=10_000, max_blocks=10_000, latency=0.05)
    with FaultyProxy(url, faults, seed=1) as proxy:
        result = ours(proxy.url, folder / "unfriendly", 1)
        if rows_of(folder / "unfriendly") != logs:
            raise SystemExit("the unfriendly node's logs are not complete")
        least = -(-logs // 10_000)
        print(f"unfriendly node: {logs:,} logs in {result.wall:.1f} s, {proxy.requests} requests in all, least {least}")


def main(arguments: list[str]) -> int:
    """Build the chain and print the tables."""
    given = dict(each.split("=") for each in arguments)
    wanted, repeats = int(given.get("logs", 600_000)), int(given.get("repeats", 3))
    with tempfile.TemporaryDirectory() as temporary, Anvil("--hardfork", "london") as node:
        folder = Path(temporary)
        logs = build(node, wanted)
        print(f"chain: {node.head} blocks, {logs:,} Swap logs; {os.cpu_count()} cores; medians of {repeats}")
        compare(node.url, "With the node on the same cores:", logs, repeats, folder, warm=False)
        base_fees(node.url, node.head, repeats)
        unfriendly(node.url, logs, folder)
        server, url = memory_server.start(node.url)
        try:
            compare(url, "Answers from memory (the client alone):", logs, repeats, folder, warm=True)
        finally:
            server.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
