"""Helpers in force, told by payments alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import name_of

from keep3r_replay.protocols.keep3r_v1.audit.epochs import fitting, helpers_by_payments, helpers_in_force
from tests.keep3r_v1.expected import CLASSES
from tests.keep3r_v1.recorded import recorded, recordings, replayed

WRONG = {"open-v1-seed-301": 1, "open-v1-switch-304": 1}
"""Works of which payments alone name another helper than the true one."""


@pytest.mark.slow
@pytest.mark.parametrize("folder", [path for path in recordings() if path.name in CLASSES], ids=name_of)
def test_payments_alone_name_the_helper(folder):
    """Of the works that fit any helper, all but the two known ones are given the true one."""
    found = recorded(folder)
    replay, _ = replayed(found.lake)
    payments = replay.context.payments
    named = helpers_by_payments(payments)
    telling = [(payment, name) for payment, name in zip(payments, named, strict=True) if fitting(payment)]
    wrong = [payment for payment, name in telling if name != found.helper_at(payment.block, payment.transaction_index)]
    assert len(telling) > 100
    assert len(wrong) == WRONG.get(folder.name, 0)


@pytest.mark.slow
def test_a_run_of_payments_overrules_the_input():
    """Where the inputs name a helper that no payment fits, the one that the payments are limits of is in force."""
    replay, _ = replayed(recorded(recordings()[0]).lake)
    payments = replay.context.payments
    first = payments[0].helper
    lied = [payment._replace(helper=first, evaluations=by_all(payment)) for payment in payments]
    named = helpers_in_force(lied)
    right = [each.in_force == payment.helper for each, payment in zip(named, payments, strict=True) if fitting(payment)]
    assert {payment.helper for payment in payments} != {first}
    assert all(right)


def by_all(payment):
    """A payment as every helper sees it, as it is looked at where it is no image of the helper by input."""
    seen = payment.evaluations
    return replace(seen, told={helper: seen.of(helper) for helper in seen.helpers()}, waiting={})
