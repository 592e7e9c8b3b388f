"""Rows of V1's tables have the names that their schemas have."""

from keep3r_replay.protocols.keep3r_v1.audit.schemas import WORKS
from keep3r_replay.protocols.keep3r_v1.audit.works import WorkRow


def test_a_row_of_works_names_the_columns_in_order():
    """What a row calls a value is what the table calls its column."""
    assert [name.rstrip("_") for name in WorkRow._fields] == WORKS.names()
