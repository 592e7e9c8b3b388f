"""What `keep3r prove` prints: a plan, or what was proved and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.counts import counted
from keep3r_replay.proof.proved_state import BY_HEADER, BY_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.proof.node import NodeTeller
    from keep3r_replay.proof.planning import Plan
    from keep3r_replay.proof.proving import Outcome

_SHOWN = 20


def print_plan(plan: Plan, lake: Lake) -> None:
    """Print what a proof would take."""
    print(f"headers   {plan.headers:>10,}  to verify")
    how = "" if plan.sampled == plan.headers else f", by {counted(plan.sampled, 'sample')}"
    print(f"opened    {plan.opened:>10,}  blocks{how}; {plan.with_rows:,} of them hold rows of {lake.path}")
    if plan.requests:
        print(f"cost      {plan.requests:>10,}  requests, about {-(-plan.size // 1_000_000):,} MB, {plan.seconds:,} s")
    else:
        print("cost               no request: history files hold the rest")


def outcome_values(outcome: Outcome, nodes: Sequence[NodeTeller]) -> dict[str, Any]:
    """The same as `print_outcome` tells, for machines; the certificate is what `proof.json` holds."""
    windows = outcome.proved.windows
    return {
        "blocks": list(outcome.blocks),
        "anchor": {"number": outcome.anchor.number, "hash": f"0x{outcome.anchor.hash.hex()}"},
        "headers": outcome.proved.headers,
        "opened": sum(each.opened for each in windows),
        "requests": sum(node.client.statistics.requests for node in nodes),
        "bytes_received": sum(node.client.statistics.bytes_received for node in nodes),
        "contradictions": [each.line() for each in outcome.contradictions],
        "lies": [each.line() for each in outcome.lies],
        "certificate": outcome.certificate,
    }


def print_outcome(outcome: Outcome, nodes: Sequence[NodeTeller], seconds: float) -> None:
    """Print contradictions or the certificate's content, and the cost."""
    first, last = outcome.blocks
    for lie in outcome.lies:
        print(lie.line())
    if outcome.contradictions:
        for contradiction in outcome.contradictions[:_SHOWN]:
            print(contradiction.line())
        more = len(outcome.contradictions) - _SHOWN
        if more > 0:
            print(f"and {more:,} more")
        many = len(outcome.contradictions)
        print(f"NOT PROVED  blocks {first:,} to {last:,}: {counted(many, 'contradiction')}; no certificate was written")
    else:
        _print_certificate(outcome)
    windows = outcome.proved.windows
    headers, opened = outcome.proved.headers, sum(each.opened for each in windows)
    resumed = f", {counted(outcome.proved.resumed, 'window')} of a former run" if outcome.proved.resumed else ""
    requests = sum(node.client.statistics.requests for node in nodes)
    received = sum(node.client.statistics.bytes_received for node in nodes)
    print(f"headers   {headers:>10,}  verified{resumed}")
    vain = sum(each.vain for each in windows)
    covered = last - first + 1
    print(f"opened    {opened:>10,}  blocks, {_share(opened, covered)} of all; {vain:,} of them in vain")
    print(f"cost      {requests:>10,}  requests, {received / 1e6:.1f} MB, {seconds:.1f} s")


def _print_certificate(outcome: Outcome) -> None:
    assert outcome.certificate is not None
    first, last = outcome.blocks
    verb = "VERIFIED" if outcome.offline else "PROVED"
    print(f"{verb}  blocks {first:,} to {last:,} from block {outcome.anchor.number:,}, 0x{outcome.anchor.hash.hex()}")
    counts = outcome.certificate["counts"]
    print(f"logs      {counts['logs']:>10,}  each of them, and no other")
    print(f"sent      {counts['transactions']:>10,}  transactions: sender, target, input, gas, price, status")
    if outcome.state is not None:
        known = sum(bool(each["is"]) for each in outcome.state.codes.values())
        values = sum(map(len, outcome.state.initial.values())) + outcome.state.readings(BY_ROOT, BY_HEADER)
        print(f"state     {len(outcome.state.codes):>10,}  codes, {known:,} of a known version; {values:,} values")
    for sentence in outcome.certificate["except"]:
        print(f"except    {sentence}")
    if outcome.kept_bytes:
        covered = sum(each.last - each.first + 1 for each in outcome.proved.windows)
        print(
            f"kept      {outcome.kept_bytes:>10,}  bytes, {outcome.kept_bytes // max(covered, 1):,} MB a million blocks"
        )


def _share(part: int, whole: int) -> str:
    """A share in tenths of a percent, in integers."""
    tenths = part * 1000 // max(whole, 1)
    return f"{tenths // 10}.{tenths % 10} %"
