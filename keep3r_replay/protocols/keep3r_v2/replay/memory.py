"""What the inference of a Keep3r's calls remembers from block to block, as plain values for a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


def dump_inference(context: CallContext) -> dict[str, Any]:
    """Values for JSON."""
    return {
        "metered_in": context.metered_in,
        "metered_at": context.metered_at,
        "meter_is_read": context.meter_is_read,
        "slots": context.slots.dump(),
        "usd_prices": {job: list(prices) for job, prices in context.usd_prices.items()},
        "undetermined_keepers": list(context.undetermined_keepers),
        "uncertain_jobs": list(context.uncertain_jobs),
        "uncertain_tokens": list(context.uncertain_tokens),
        "unordered_jobs": list(context.unordered_jobs),
        "uncertain_price_period": context.uncertain_price_period,
        "uncertain_price_window": context.uncertain_price_window,
        "roles_are_partial": context.keep3r.roles_are_partial,
    }


def load_inference(context: CallContext, inference: Mapping[str, Any]) -> None:
    """Take over what `dump_inference` gave."""
    context.metered_in = tuple(inference["metered_in"])
    context.metered_at = tuple(inference["metered_at"])
    context.meter_is_read = inference["meter_is_read"]
    context.slots.load(inference["slots"])
    context.usd_prices = {job: dict.fromkeys(prices) for job, prices in inference["usd_prices"].items()}
    context.undetermined_keepers = dict.fromkeys(inference["undetermined_keepers"])
    context.uncertain_jobs = dict.fromkeys(inference["uncertain_jobs"])
    context.uncertain_price_period = inference["uncertain_price_period"]
    context.uncertain_price_window = inference["uncertain_price_window"]
    context.uncertain_tokens = dict.fromkeys(inference["uncertain_tokens"])
    context.unordered_jobs = dict.fromkeys(inference["unordered_jobs"])
    context.keep3r.roles_are_partial = inference["roles_are_partial"]
