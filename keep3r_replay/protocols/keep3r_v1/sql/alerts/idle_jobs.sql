-- Listed jobs that nobody has worked for so many hours by the end of the range.
-- A job without any payment in the history is left out: nothing tells since when it waits.
-- not of what-ifs
-- $hours BIGINT = 168: from so many hours on
select job, moment(max(timestamp)) as last_worked, (range_end() - max(timestamp)) // 3600 as idle_hours
from res.works where block_number <= range_last() and job in (select job from res.jobs where listed)
group by job having range_end() - max(timestamp) >= $hours * 3600
order by last_worked, job;
