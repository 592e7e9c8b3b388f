-- Jobs whose credits in a token last for less than so many days at their pace.
-- The pace is what a job paid less what it was credited, over the last days of the range, or since its first entry.
-- not of what-ifs
-- $days BIGINT = 7: a shorter runway is told
-- $pace_days BIGINT = 30: the pace is that of so many days
select job, token, credits, spent, credited, seconds // 86400 as in_days,
    (credits::HUGEINT * seconds // (spent - credited)::HUGEINT // 3600)::BIGINT as runway_hours
from (
    select job, token, wei(sum(amount)) as credits,
        wei(coalesce(-sum(amount) filter (amount < 0 and recent), 0)) as spent,
        wei(coalesce(sum(amount) filter (amount > 0 and recent), 0)) as credited,
        least($pace_days * 86400, greatest(range_end() - min(timestamp), 1)) as seconds
    from (select l.*, b.timestamp, b.timestamp > range_end() - $pace_days * 86400 as recent
        from res.ledger l join raw.blocks b on b.number = l.block_number where l.block_number <= range_last())
    group by job, token)
where spent > credited and credits::HUGEINT * seconds < (spent - credited)::HUGEINT * $days * 86400
    and job in (select job from res.jobs where listed)
order by runway_hours, job, token;
