"""The finding for an event that readings alone convict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keep3r_replay.journal import as_text

if TYPE_CHECKING:
    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.mended import Mend


def convicted(lake: Lake, mend: Mend, reading: Finding) -> Finding:
    """The finding (`event_mismatch`) for an event that only readings convict.

    Args:
        lake: the history.
        mend: the event, as it would have to be for every reading after it to agree.
        reading: the finding of the first reading that differs; subject and severity are taken from it.
    """
    why = "every reading after it agrees if the event says that, and no reading does as it stands"
    if mend.values is None:
        return replace(
            reading,
            kind="event_mismatch",
            block_number=mend.block_number,
            log_index=mend.log_index,
            field="event",
            expected="none",
            observed=mend.table.rpartition(".")[2],
            difference=None,
            reason=why.replace("says that", "is left out"),
        )
    name, value = next(iter(mend.values.items()))
    row = (
        lake.scan(mend.table, columns=["log_index", name], from_block=mend.block_number, until_block=mend.block_number)
        .collect()
        .to_dicts()
    )
    observed = next(each[name] for each in row if each["log_index"] == mend.log_index)
    is_number = isinstance(value, int)
    return replace(
        reading,
        kind="event_mismatch",
        block_number=mend.block_number,
        log_index=mend.log_index,
        field=name,
        expected=as_text(value),
        observed=as_text(int(observed) if is_number else observed),
        difference=int(observed) - value if isinstance(value, int) else None,
        reason=why,
    )
