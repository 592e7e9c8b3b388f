"""States of the model, for the tests that compare them."""

from __future__ import annotations


def told_by_readings(state):
    """A state without what no reading tells: see docs/mid-history.md."""
    jobs = {
        address: {
            name: sorted(value) if name in {"liquidities", "tokens"} else value
            for name, value in job.items()
            if name != "migration_requested_at"
        }
        for address, job in state["jobs"].items()
    }
    left_out = {"slashers", "disputers", "escrow_balances", "gas_meter"}
    return {name: value for name, value in state.items() if name not in left_out} | {"jobs": jobs}
