-- Through which functions of which contracts did works come, by which relay, from how many senders, and what did they pay?
-- columns: transaction_to, selector, relay, works, senders, jobs, by_formula, paid_kp3r
select transaction_to, selector, relay, count(*) as works, count(distinct sender) as senders,
    count(distinct job) as jobs, count(*) filter (class in ('exact', 'interval', 'stale_gas')) as by_formula,
    kp3r(sum(payment) filter (explanation <> 'token_payment')) as paid_kp3r
from works group by transaction_to, selector, relay order by works desc, transaction_to, selector, relay;
