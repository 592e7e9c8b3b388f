-- Calls that reverted, by function and by the reason that the contract gives; all of them last.
with failed as (select * from res.calls where class = 'reverted')
select function, reason, count(*) as failed, sum(gas_used) as gas from failed group by function, reason
union all
select 'all', 'all', count(*), coalesce(sum(gas_used), 0) from failed
order by function = 'all', failed desc, function, reason;
