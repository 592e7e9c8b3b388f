-- Which payments were above one period's credits, and where did the credits come from?
-- columns: utc, block_number, log_index, job, amount_kp3r, period_credits_kp3r, sources, reason
select utc, block_number, log_index, job, amount_kp3r, kp3r(period_credits) as period_credits_kp3r, sources, reason
from expiry_findings where kind = 'payment_above_period' order by amount desc, block_number, log_index;
