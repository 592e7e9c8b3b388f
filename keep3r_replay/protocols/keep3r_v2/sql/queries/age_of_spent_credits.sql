-- How old are credits when they are spent?
-- columns: job, payments, youngest_hours, oldest_hours, older_than_a_period_kp3r
select job, count(distinct (block_number, log_index)) as payments,
    min(timestamp - minted_at) // 3600 as youngest_hours,
    max(timestamp - minted_at) // 3600 as oldest_hours,
    kp3r(coalesce(-sum(amount) filter (timestamp - minted_at > reward_period_time), 0)) as older_than_a_period_kp3r
from ledger where kind = 'spent' group by job order by job;
