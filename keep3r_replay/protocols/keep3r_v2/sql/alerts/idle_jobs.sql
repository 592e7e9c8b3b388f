-- Listed jobs that nobody has worked for so many hours by the end of the range.
-- A job that was never worked counts from its first event. Disputed jobs cannot be worked and are left out.
-- not of what-ifs
-- $hours BIGINT = 168: from so many hours on
select keep3r, job, moment(since) as since, works > 0 as ever_worked, (range_end() - since) // 3600 as idle_hours
from (
    select h.keep3r, h.job, count(w.timestamp) as works, coalesce(max(w.timestamp), min(h.first_at)) as since
    from (select keep3r, job, min(timestamp) as first_at from res.job_history
            where block_number <= range_last() group by keep3r, job) h
        left join res.works w on w.keep3r = h.keep3r and w.job = h.job and w.block_number <= range_last()
    where (h.keep3r, h.job) in (select (keep3r, job) from res.job_states where listed and not disputed)
    group by h.keep3r, h.job)
where range_end() - since >= $hours * 3600
order by since, keep3r, job;
