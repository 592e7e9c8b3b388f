-- Purchases that would have cost more with an expiry in time.
select category, bond_id, excess_strict, excess_grace
from res.late_expiries
where (excess_strict < 0 or excess_grace < 0) and coalesce(bought_at, deadline) <= range_end()
    and coalesce(bought_at, deadline) >= (select coalesce(min(timestamp), 0) from raw.blocks where in_range(number));
