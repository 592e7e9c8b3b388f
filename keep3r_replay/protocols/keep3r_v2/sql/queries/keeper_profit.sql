-- What did each keeper earn, and what did it cost?
-- columns: keeper, works, reward_kp3r, boost_kp3r, reward_in_eth, gas_paid_in_eth, profit_in_eth, disputes, slashes
select keeper, works, reward_kp3r, boost_kp3r, eth(reward_eth) as reward_in_eth, eth(gas_paid) as gas_paid_in_eth,
    profit_in_eth, disputes, slashes
from keeper_accounts order by reward desc, keeper;
