-- Stretches of so many hours with another yield than a refresh would have set.
-- A stretch belongs to a range that it overlaps.
-- not of what-ifs
-- $hours BIGINT = 24: from so many hours on
select category, since, until, seconds // 3600 as hours, stored_yield, due_yield, difference
from stale_yields
where seconds >= $hours * 3600 and epoch_us(since) <= range_end() * 1000000
    and (until is null or epoch_us(until) >=
        1000000 * (select coalesce(min(timestamp), 0) from raw.blocks where in_range(number)))
order by since, category;
