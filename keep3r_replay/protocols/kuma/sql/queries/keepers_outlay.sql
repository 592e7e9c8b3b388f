-- Gas of keepers' calls: expireBond and refreshYield, those that went through and those that failed.
select
    count(*) filter (function = 'expire_bond' and judgement <> 'failed') as expiries,
    coalesce(sum(gas_used) filter (function = 'expire_bond' and judgement <> 'failed'), 0) as expiries_gas,
    count(*) filter (function = 'expire_bond' and judgement = 'failed') as expiries_failed,
    coalesce(sum(gas_used) filter (function = 'expire_bond' and judgement = 'failed'), 0) as expiries_failed_gas,
    count(*) filter (function = 'refresh_yield' and judgement <> 'failed') as refreshes,
    coalesce(sum(gas_used) filter (function = 'refresh_yield' and judgement <> 'failed'), 0) as refreshes_gas,
    count(*) filter (function = 'refresh_yield' and judgement = 'failed') as refreshes_failed,
    coalesce(sum(gas_used) filter (function = 'refresh_yield' and judgement = 'failed'), 0) as refreshes_failed_gas
from keeper_calls;
