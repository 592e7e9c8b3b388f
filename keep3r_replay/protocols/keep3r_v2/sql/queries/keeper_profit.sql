-- What did each keeper earn, and what did it cost? Worth, gas and profit are those of works paid in KP3R, as far as known.
-- columns: keeper, works, works_in_tokens, works_with_profit, reward_kp3r, boost_kp3r, reward_in_eth, gas_paid_in_eth, profit_in_eth, disputes, slashes
select keeper, works, works_in_tokens, works_with_profit, reward_kp3r, boost_kp3r, reward_in_eth, gas_paid_in_eth,
    profit_in_eth, disputes, slashes
from keeper_accounts order by reward desc, keeper;
