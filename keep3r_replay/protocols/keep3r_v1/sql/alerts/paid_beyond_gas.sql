-- Works that were paid for more gas than so many times what their transaction used.
-- not of what-ifs
-- $times DECIMAL(9, 4) = 1: how many times
select block_number, log_index, transaction_hash, job, keeper, class, gas as paid_gas, gas_used, kp3r(payment) as payment_kp3r
from res.works
where gas::HUGEINT * 10000 > ($times * 10000)::HUGEINT * gas_used and in_range(block_number)
order by block_number, log_index;
