-- Purchases that would have cost more with an expiry in time.
select category, bond_id, excess_strict, excess_grace
from res.late_expiries
where excess_strict < 0 or excess_grace < 0;
