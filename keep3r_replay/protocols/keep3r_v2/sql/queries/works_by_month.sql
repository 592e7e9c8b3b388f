-- How many works a month, what did they pay, and what did gas cost?
-- columns: month, works, keepers, reward_kp3r, gas_paid_in_eth
select date_trunc('month', utc) as month, count(*) as works, count(distinct keeper) as keepers,
    kp3r(sum(reward)) as reward_kp3r, eth(sum(gas_paid)) as gas_paid_in_eth
from work_accounts group by month order by month;
