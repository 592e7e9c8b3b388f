-- Stretches of so many hours in which an oracle that a helper relied on could price no work.
-- A stretch belongs to a range that it overlaps.
-- not of what-ifs
-- $hours BIGINT = 1: from so many hours on
select oracle, pair, moment(from_timestamp) as since, moment(until_timestamp) as until, seconds_in_force // 3600 as hours
from res.oracle_gaps
where seconds_in_force >= $hours * 3600 and from_timestamp <= range_end()
    and until_timestamp >= (select coalesce(min(timestamp), 0) from raw.blocks where in_range(number))
order by from_timestamp, oracle, pair;
