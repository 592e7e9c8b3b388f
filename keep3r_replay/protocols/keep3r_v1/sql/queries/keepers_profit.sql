-- What every account was paid, what that was worth by the helper's own quote, and what it spent on gas for it.
select keeper, payments, kp3r(kp3r_bonded) as kp3r_bonded, kp3r(kp3r_received) as kp3r_received,
    eth(eth_received) as eth_received, eth(eth_worth) as eth_worth, eth(gas_paid) as gas_paid, eth(profit) as profit
from res.keeper_accounts order by profit desc, keeper;
