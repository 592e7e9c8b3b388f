"""Helpers of payments that no later payment changes: a run that goes on takes them as they are."""

from __future__ import annotations

from random import Random

import pytest

from keep3r_replay.protocols.keep3r_v1.audit.epochs import Standing, helpers_in_force, settled
from keep3r_replay.protocols.keep3r_v1.replay.evaluations import Evaluation, Evaluations
from keep3r_replay.protocols.keep3r_v1.replay.records import Payment

HELPERS = ("a", "b", "c")
COUNT = 60
BARE = Payment._make([None] * len(Payment._fields))


def payments_at_random(random: Random) -> list[Payment]:
    """Payments of which the inputs name one helper, some a lie, and that are limits of another, of several or none."""
    by_input = present = HELPERS[0]
    found = []
    for _ in range(COUNT):
        if random.random() < 0.1:
            by_input = random.choice((*HELPERS, ""))
        if random.random() < 0.1:
            present = random.choice(HELPERS)
        images = {each for each in HELPERS if random.random() < 0.1} | ({present} if random.random() < 0.8 else set())
        told = {each: Evaluation(each, 100, each in images, None, None, None) for each in HELPERS}
        is_lone = by_input in images and random.random() < 0.5
        seen = Evaluations(told, {by_input: ""}) if is_lone else Evaluations(told, {})
        kind = random.choice(("work", "work", "work", "receipt", "eth"))
        found.append(BARE._replace(kind=kind, helper=by_input, bound=1_000, evaluations=seen))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_what_is_settled_stands_and_is_gone_on_from(seed):
    """Cut anywhere, settled payments have the helpers of the whole history, and the rest follow from the last one."""
    payments = payments_at_random(Random(seed))
    whole = helpers_in_force(payments)
    for count in range(COUNT + 1):
        told = helpers_in_force(payments[:count])
        first = settled([each.tells for each in told], [each.decides for each in told])
        assert told[:first] == whole[:first]
        last = told[first - 1] if first else None
        standing = Standing(payments[first - 1].helper, *last[1:3]) if last else Standing()
        assert helpers_in_force(payments[first:], standing) == whole[first:]
        later = settled([each.tells for each in whole[:count]], [each.decides for each in whole[:count]])
        assert later == first


def test_a_history_whose_inputs_are_right_is_settled_to_its_end():
    """Where each work is a limit of the helper by input, nothing is looked at again."""
    seen = Evaluations({"a": Evaluation("a", 100, True, None, None, None)}, {})
    told = helpers_in_force([BARE._replace(kind="work", helper="a", bound=1_000, evaluations=seen)] * COUNT)
    assert settled([each.tells for each in told], [each.decides for each in told]) == COUNT
