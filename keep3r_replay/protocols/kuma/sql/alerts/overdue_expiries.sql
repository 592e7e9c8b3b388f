-- Bonds that nobody has expired so many hours after the deadline.
-- Until somebody does, or buys them, the price goes on growing past what an expiry in time would have fixed.
-- not of what-ifs
-- $hours BIGINT = 0: from so many hours on
select category, bond_id, status, moment(deadline) as deadline, (range_end() - deadline) // 3600 as overdue_hours
from res.bonds
where sold_at is not null and deadline is not null and sold_at <= range_end()
    and range_end() - deadline > $hours * 3600
    and (expired_at is null or expired_at > range_end()) and (bought_at is null or bought_at > range_end())
order by deadline, category, bond_id;
