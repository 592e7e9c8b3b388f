-- Jobs of whose credits a larger share expired, or was capped, than so much.
-- The share is that of what was spent, expired and was capped in the range.
-- $share DECIMAL(9, 4) = 0.9: from 0 to 1
select keep3r, job, kp3r(spent) as spent_kp3r, kp3r(lost) as lost_kp3r,
    rounded(lost::HUGEINT * 10000, (spent + lost)::HUGEINT)::BIGINT as share_per_10000
from (
    select keep3r, job, wei(coalesce(-sum(amount) filter (kind = 'spent'), 0)) as spent,
        wei(coalesce(-sum(amount) filter (kind in ('expired', 'capped')), 0)) as lost
    from res.ledger where in_range(block_number) group by keep3r, job)
where lost > 0 and lost::HUGEINT * 10000 > ($share * 10000)::HUGEINT * (spent + lost)::HUGEINT
order by keep3r, job;
