-- Credits and unbondings by other reserves than those of the previous block, with who could have swapped.
select 'ApplyCredit' as event, block_number, log_index, job, origin, credit as worth, deviation_per_mille,
    deviation_time_weighted_per_mille, swapped_before, swapped_after, class
from credit_applications where deviation_per_mille <> 0
union all by name
select 'UnbondJob' as event, block_number, log_index, job, origin, worth, deviation_per_mille,
    deviation_time_weighted_per_mille, swapped_before, swapped_after, class
from liquidity_unbondings where deviation_per_mille <> 0
order by block_number, log_index;
