"""What results are made of and a later run goes on from, as records; payments stand as columns beside them."""

from __future__ import annotations

from keep3r_replay.protocols.keep3r_v1.replay.evaluations import Evaluation, Evaluations
from keep3r_replay.protocols.keep3r_v1.replay.payment_columns import Seen
from keep3r_replay.protocols.keep3r_v1.replay.records import (
    CreditChange,
    EarlyActivation,
    FailedCall,
    FeedSwitch,
    HelperSwitch,
    LiquidityUse,
    OracleUpdate,
    Swapped,
)
from keep3r_replay.replay.records import Records

KEPT = Records(
    Seen,
    Evaluations,
    Evaluation,
    LiquidityUse,
    Swapped,
    FailedCall,
    OracleUpdate,
    HelperSwitch,
    FeedSwitch,
    EarlyActivation,
    CreditChange,
)
"""The types of records that stand in the table `records`."""
