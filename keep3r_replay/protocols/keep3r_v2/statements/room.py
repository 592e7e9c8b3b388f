"""The statements of Keep3r V2 by name."""

from __future__ import annotations

from keep3r_replay.protocols.keep3r_v2.statements.job import job_cards
from keep3r_replay.protocols.keep3r_v2.statements.keeper import keeper_statement
from keep3r_replay.protocols.keep3r_v2.statements.overpaid import overpaid
from keep3r_replay.replay.statements import StatementKind

STATEMENTS = {
    "job": StatementKind("what a job has, mines, spends and wastes, when it runs dry, how it pays", job_cards),
    "keeper": StatementKind("what a keeper earned and what gas cost, month by month", keeper_statement),
    "overpaid": StatementKind("payments above the formula, by job, keeper, entry point and work", overpaid),
}
