-- Listed jobs whose credits last for less than so many days at their pace.
-- The pace is what a job spent less what it mined, over the last days of the range, or since its first credits. Credits
-- that a job mines and that expire unspent count as mined: who spends less than he mines does not run dry.
-- not of what-ifs
-- $days BIGINT = 7: a shorter runway is told
-- $pace_days BIGINT = 30: the pace is that of so many days
select keep3r, job, kp3r(credits) as credits_kp3r, kp3r(spent) as spent_kp3r, kp3r(mined) as mined_kp3r,
    seconds // 86400 as in_days, (credits::HUGEINT * seconds // (spent - mined)::HUGEINT // 3600)::BIGINT as runway_hours
from (
    select keep3r, job, wei(sum(amount)) as credits,
        wei(coalesce(-sum(amount) filter (kind = 'spent' and recent), 0)) as spent,
        wei(coalesce(sum(amount) filter (kind like 'minted%' and recent), 0)) as mined,
        least($pace_days * 86400, greatest(range_end() - min(timestamp), 1)) as seconds
    from (select *, timestamp > range_end() - $pace_days * 86400 as recent from res.ledger
        where block_number <= range_last())
    group by keep3r, job)
where spent > mined and credits::HUGEINT * seconds < (spent - mined)::HUGEINT * $days * 86400
    and (keep3r, job) in (select (keep3r, job) from res.job_states where listed and not disputed)
order by runway_hours, keep3r, job;
