"""What a contract holds, as plain values for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.journal import as_text
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import dump, dump_job, dump_keeper
from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r, Unbond
from keep3r_replay.replay.names import AT_BLOCK, known_name

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from keep3r_replay.protocols.keep3r_v2.contract.state import Job

_KINDS = ("job", "keeper")


def describe(keep3r: Keep3r, named: Mapping[str, str], unordered: Container[str]) -> dict[str, Any]:
    """What a person asks of a state: one `job`, one `keeper`, or an overview of all. Amounts are texts of wei.

    Addresses go by their beginning, where it is unique. Of the jobs in `unordered` nothing tells in which order they
    list their liquidities and tokens. The overview names keepers that were paid without being listed, too.

    Raises:
        UsageError: the contract knows no such job or keeper, or something else is named.
    """
    for kind in named:
        if kind not in _KINDS:
            raise UsageError(f"{kind}={named[kind]}: Keep3r V2 holds nothing by that name; say job=... or keeper=...")
    job, keeper = named.get("job"), named.get("keeper")
    described: dict[str, Any] = {"keep3r": keep3r.address, "version": keep3r.version}
    if job is not None:
        job = known_name("job", job, keep3r.jobs, "job", AT_BLOCK)
        described["job"] = {
            "address": job,
            "listed": job in keep3r.job_list,
            "disputed": job in keep3r.disputes,
            **dump_job(keep3r.jobs[job]),
            **(_unknown_orders(keep3r.jobs[job]) if job in unordered else {}),
            **_unbonds(keep3r, job),
        }
    if keeper is not None:
        keeper = known_name("keeper", keeper, keep3r.keepers, "keeper", AT_BLOCK)
        described["keeper"] = {
            "address": keeper,
            "listed": keeper in keep3r.keeper_list,
            "disputed": keeper in keep3r.disputes,
            **dump_keeper(keep3r.keepers[keeper]),
            **_unbonds(keep3r, keeper),
        }
    if job is None and keeper is None:
        described["jobs"] = {
            address: {"credits": keep3r.jobs[address].credits, "period_credits": keep3r.jobs[address].period_credits}
            for address in keep3r.job_list
        }
        paid = sorted(address for address, each in keep3r.keepers.items() if each.work_completed)
        described["keepers"] = {
            address: {"work_completed": keep3r.keepers[address].work_completed, "listed": address in keep3r.keeper_list}
            for address in dict.fromkeys([*keep3r.keeper_list, *paid])
        }
        described["approved_liquidities"] = keep3r.approved_liquidities.values()
        described["parameters"] = dump(keep3r)["parameters"]
    texts = _texts(described)
    assert isinstance(texts, dict)
    return texts


def _unknown_orders(job: Job) -> dict[str, str]:
    several = {"liquidities_order": job.liquidities, "tokens_order": job.tokens}
    return {name: "unknown" for name, members in several.items() if len(members) > 1}


def _unbonds(keep3r: Keep3r, address: str) -> dict[str, Any]:
    pending = {
        token: {"pending": unbond.pending, "can_withdraw_after": unbond.can_withdraw_after}
        for (owner, token), unbond in sorted(keep3r.unbonds.items())
        if owner == address and unbond != Unbond()
    }
    return {"unbonds": pending} if pending else {}


def _texts(value: Any) -> Any:
    """Integers as decimal text: a JSON reader may not keep more than 53 bits of a number."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if isinstance(value, bool) else as_text(value)
