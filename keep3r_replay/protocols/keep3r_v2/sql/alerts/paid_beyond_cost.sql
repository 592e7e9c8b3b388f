-- Works whose reward was worth more than so many times the gas that the keeper paid for it.
-- Worth at the contract's own quote; what is not known is left out.
-- not of what-ifs
-- $times DECIMAL(9, 4) = 3: how many times
select block_number, log_index, keep3r, job, keeper, class, reward_kp3r, eth(reward_eth) as reward_in_eth, eth(gas_paid) as gas_paid_in_eth
from work_accounts
where reward_eth::HUGEINT * 10000 > ($times * 10000)::HUGEINT * gas_paid::HUGEINT and in_range(block_number)
order by block_number, log_index;
