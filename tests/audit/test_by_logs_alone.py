"""Histories without transactions: a replay goes by the logs, and accuses nobody for lack of an input."""

from __future__ import annotations

import pytest
from audits import audit
from histories import bundled, name_of

from keep3r_replay.lake.reader import Lake
from pipelines.cli import main


class _LogsAlone(Lake):
    """A lake whose transactions are left aside."""

    def has(self, table):
        return table != "transactions" and super().has(table)


@pytest.mark.slow
@pytest.mark.parametrize("recording", bundled(), ids=name_of)
def test_no_payment_is_a_mismatch_for_lack_of_inputs(recording, audited_recordings):
    """Every work is replayed, none is convicted, and the works that are exact with inputs are so without."""
    whole = audited_recordings(recording).audit
    alone = audit(_LogsAlone.open(whole.lake.path))
    assert alone.summary["works"]["mismatch"] == 0
    assert sum(alone.summary["works"].values()) == sum(whole.summary["works"].values())
    assert not [finding for finding in alone.findings if finding.kind == "payment_mismatch"]


@pytest.mark.slow
def test_the_setting_leaves_transactions_aside(tmp_path, capsys):
    """`inputs=false` replays the sample by its logs, and says what they cannot tell."""
    assert main(["replay", "inputs=false", f"results={tmp_path / 'results'}"]) in {0, 3}
    assert "0 mismatch" in capsys.readouterr().out
