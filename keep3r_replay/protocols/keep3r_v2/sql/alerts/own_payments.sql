-- Payments of a job's own choice above so many times what the formula gives.
-- Where the formula gives bounds only, the upper one counts.
-- not of what-ifs
-- $times DECIMAL(9, 4) = 2: how many times
select block_number, log_index, transaction_hash, keep3r, job, keeper, payment_kp3r, kp3r(formula) as formula_kp3r,
    case when formula > 0 then rounded(payment::HUGEINT * 100, formula::HUGEINT)::BIGINT end as percent
from (select *, coalesce(computed_payment, highest_payment) as formula from works where class = 'own_payment')
where payment::HUGEINT * 10000 > ($times * 10000)::HUGEINT * formula::HUGEINT and in_range(block_number)
order by block_number, log_index;
