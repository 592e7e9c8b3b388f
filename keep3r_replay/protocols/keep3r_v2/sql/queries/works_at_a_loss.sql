-- Which works cost their keeper more gas than they earned?
-- columns: utc, block_number, log_index, job, keeper, reward_in_eth, gas_paid_in_eth, profit_in_eth
select utc, block_number, log_index, job, keeper, eth(reward_eth) as reward_in_eth, eth(gas_paid) as gas_paid_in_eth,
    profit_in_eth
from work_accounts where profit < 0 order by profit, block_number, log_index;
