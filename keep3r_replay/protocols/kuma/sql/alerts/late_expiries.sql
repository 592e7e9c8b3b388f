-- Bonds that were expired, or bought without an expiry, so many hours after the deadline.
-- not of what-ifs
-- $hours BIGINT = 0: from so many hours on
select category, bond_id, status, deadline, expired_at, bought_at, (seconds_late // 3600) as late_hours, excess_grace, buyer
from late_expiries
where seconds_late > $hours * 3600 and epoch_us(coalesce(bought_at, expired_at, deadline)) <= range_end() * 1000000
    and epoch_us(coalesce(bought_at, expired_at, deadline)) >=
        1000000 * (select coalesce(min(timestamp), 0) from raw.blocks where in_range(number))
order by deadline, category, bond_id;
