"""What must come out for the open recordings of Keep3r V1, by name."""

from __future__ import annotations

COLUMNS = (
    "work_exact",
    "work_deep",
    "work_stale",
    "work_own",
    "work_excess",
    "receipt_measured",
    "receipt_own",
    "undetermined",
    "token",
    "eth",
)
CLASSES = {
    "open-v1-gov-305": (173, 3, 3, 9, 0, 59, 9, 0, 18, 15),
    "open-v1-liq-306": (163, 0, 3, 5, 4, 10, 9, 2, 19, 39),
    "open-v1-seed-301": (340, 1, 3, 18, 1, 0, 8, 0, 18, 22),
    "open-v1-seed-302": (208, 0, 2, 9, 0, 0, 4, 1, 19, 23),
    "open-v1-switch-303": (215, 3, 0, 4, 1, 75, 10, 1, 14, 14),
    "open-v1-switch-304": (217, 0, 0, 10, 3, 60, 6, 0, 14, 14),
}
"""Payments by class."""

WITHOUT_VALIDATION = {
    "open-v1-gov-305": (8, 6),
    "open-v1-liq-306": (7, 7),
    "open-v1-seed-301": (7, 5),
    "open-v1-seed-302": (3, 2),
    "open-v1-switch-303": (3, 2),
    "open-v1-switch-304": (5, 3),
}
"""Works without a validation in their transaction, and those of them that are deep, stale or excess."""

OTHER_RESERVES = {
    "open-v1-gov-305": ([], []),
    "open-v1-liq-306": ([(234, "5.87"), (234, "5.87")], []),
    "open-v1-seed-301": ([(296, "-0.29"), (339, "28.22")], [(193, "6.76")]),
    "open-v1-seed-302": ([], []),
    "open-v1-switch-303": ([(364, "-64.80")], []),
    "open-v1-switch-304": ([], [(332, "0.97")]),
}
"""Credits and unbondings by other reserves than the previous block's: block and per mille."""

COUNTS = {
    "open-v1-gov-305": (40, 2, 174, 10, 4, 10, 139, 2),
    "open-v1-liq-306": (45, 1, 113, 27, 13, 12, 119, 1),
    "open-v1-seed-301": (14, 2, 241, 19, 7, 12, 139, 10),
    "open-v1-seed-302": (19, 4, 143, 17, 10, 3, 97, 1),
    "open-v1-switch-303": (22, 3, 195, 14, 2, 7, 110, 17),
    "open-v1-switch-304": (47, 1, 204, 9, 4, 5, 123, 11),
}
"""Paid while disputed, paid not a keeper, origin is not the keeper, ApplyCredit, of 0, UnbondJob, readings at which
consult reverts, helper switches."""

REPEATED = {
    "open-v1-gov-305": (4, 1, 8, 4, 5),
    "open-v1-liq-306": (7, 5, 7, 5, 3),
    "open-v1-seed-301": (8, 4, 9, 8, 3),
    "open-v1-seed-302": (5, 4, 3, 0, 6),
    "open-v1-switch-303": (3, 0, 3, 1, 5),
    "open-v1-switch-304": (8, 4, 3, 2, 6),
}
"""RemoveJob, those of 0, KeeperUnbound, those of 0, KeeperSlashed."""
