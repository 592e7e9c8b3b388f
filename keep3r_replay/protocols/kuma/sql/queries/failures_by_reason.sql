-- Calls that reverted, by function and by the reason that the contract gives.
select function, reason, count(*) as failed, sum(gas_used) as gas
from res.calls
where class = 'reverted'
group by function, reason
order by failed desc, function, reason;
