-- How did the jobs stand at a block? (change the number)
-- columns: job, credits_kp3r, period_credits_kp3r, rewarded, worked, last_event_block
select job, kp3r(credits) as credits_kp3r, kp3r(period_credits) as period_credits_kp3r,
    moment(rewarded_at) as rewarded, moment(worked_at) as worked, last_event_block
from state_as_of(400) order by job;
