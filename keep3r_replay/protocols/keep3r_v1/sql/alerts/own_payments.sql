-- Payments of a job's own choice above so many times the limit for the gas that their transaction used at most.
-- not of what-ifs
-- $times DECIMAL(9, 4) = 1: how many times
select block_number, log_index, transaction_hash, job, keeper, kp3r(payment) as payment_kp3r, kp3r("limit") as limit_kp3r,
    rounded(payment::HUGEINT * 100, "limit"::HUGEINT)::BIGINT as percent
from res.works
where class in ('work_own', 'receipt_own') and "limit" > 0 and in_range(block_number)
    and payment::HUGEINT * 10000 > ($times * 10000)::HUGEINT * "limit"::HUGEINT
order by block_number, log_index;
